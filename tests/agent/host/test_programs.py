from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from tests.agent.host.conftest import World
from vigo.agent.host import programs
from vigo.agent.host.answers import Answers
from vigo.agent.host.executors import Executors
from vigo.agent.host.real_host import RealHost
from vigo.catalog.api import Command, CommandResult
from vigo.catalog.ops import Op, RemoveFile, Run, WriteFile
from vigo.core.errors import BlockedError, TimedOutError, TooLargeError, UnavailableError


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_question_is_asked_once_until_something_ran(machine: RealHost, tmp_path: Path) -> None:
    ask = script(tmp_path / "ask", f"echo asked >> {tmp_path}/log; cat {tmp_path}/log")
    assert machine.query((ask,)) == CommandResult(0, "asked\n")
    assert machine.query([ask]) == CommandResult(0, "asked\n")
    assert machine.query((ask, "other")) == CommandResult(0, "asked\nasked\n")
    with pytest.raises(UnavailableError):
        Executors(machine).execute(Run(argv=("/bin/false",)))
    assert machine.query((ask,)) == CommandResult(0, "asked\nasked\nasked\n")


def test_an_answer_keeps_its_status_and_errors(machine: RealHost, tmp_path: Path) -> None:
    ask = script(tmp_path / "ask", "echo out; echo err >&2; exit 3")
    assert machine.query((ask,)) == CommandResult(3, "out\n", "err\n")


def test_a_program_that_is_not_there_has_no_answer(machine: RealHost, tmp_path: Path) -> None:
    assert machine.query(("no-such-program",)) is None
    assert machine.query((f"{tmp_path}/none",)) is None


def test_a_program_that_cannot_be_asked_is_another_answer_than_none(machine: RealHost, tmp_path: Path) -> None:
    (tmp_path / "ask").write_text("#!/bin/sh\n")
    with pytest.raises(UnavailableError, match="Permission denied"):
        machine.query((f"{tmp_path}/ask",))


def test_half_an_answer_is_no_answer(machine: RealHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "ANSWER_BYTES", 100)
    ask = script(tmp_path / "ask", "echo a; cat /proc/self/status")
    with pytest.raises(TooLargeError, match="at most 100 bytes"):
        machine.query((ask,))


def test_a_program_that_does_not_answer_is_asked_once(
    machine: RealHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "QUERY_TIMEOUT", timedelta(milliseconds=50))
    question = ("/bin/cat", "/dev/zero")
    with pytest.raises(TimedOutError, match="expected an answer within"):
        machine.query(question)
    monkeypatch.setattr(programs, "run_program", None)  # asking again would fail on this
    with pytest.raises(TimedOutError):
        machine.query(question)


@pytest.mark.parametrize(
    ("op", "left"),
    [
        (Run(argv=("x",), touches=("packages",)), {"systemctl", "getent"}),
        (Run(argv=("x",), touches=("services",)), {"dpkg-query", "rpm", "getent"}),
        (Run(argv=("x",), touches=("accounts",)), {"dpkg-query", "rpm", "systemctl"}),
        (Run(argv=("x",)), {"dpkg-query", "rpm", "systemctl", "getent"}),
        (WriteFile(path="/etc/passwd", content=b""), {"dpkg-query", "rpm"}),
        (RemoveFile(path="/etc/systemd/system/a.service"), {"dpkg-query", "rpm"}),
    ],
)
def test_an_operation_makes_what_it_may_have_changed_unknown(op: Op, left: set[str]) -> None:
    answers, asked = Answers(), []
    everything = ("dpkg-query", "rpm", "systemctl", "getent", "custom")
    for name in everything:
        answers.get((name,), lambda: CommandResult(0))
    answers.forget(op)
    for name in everything:
        answers.get((name,), lambda name=name: asked.append(name))  # type: ignore[misc]
    assert set(everything) - set(asked) == left


def test_who_asks_what_is_being_asked_waits_for_that_answer() -> None:
    answers, asked = Answers(), []
    is_asking, may_answer = Event(), Event()

    def ask() -> CommandResult:
        asked.append("rpm")
        is_asking.set()
        assert may_answer.wait(10)
        return CommandResult(0, "a")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(answers.get, ("rpm",), ask)
        assert is_asking.wait(10)
        second = pool.submit(answers.get, ("rpm",), ask)
        may_answer.set()
        assert (first.result(), second.result(), asked) == (CommandResult(0, "a"), CommandResult(0, "a"), ["rpm"])


def test_a_guard_is_asked_every_time_and_not_remembered(machine: RealHost, tmp_path: Path) -> None:
    guard = Command(argv=("/bin/sh", "-c", f"echo x >> {tmp_path}/log; wc -l < {tmp_path}/log"))
    assert [machine.check(guard).stdout.strip() for _ in range(2)] == ["1", "2"]


def test_a_guard_ends_as_a_shell_would_say_it(machine: RealHost, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    for name, content in (("lost", b"#!/no/such/interpreter\n"), ("noise", b"\x7fELFbroken")):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o755)
    statuses = {
        argv: machine.check(Command(argv=(argv,))).status
        for argv in ("true", "false", "no-such-program", *(f"{tmp_path}/{name}" for name in ("plain", "lost", "noise")))
    }
    assert list(statuses.values()) == [0, 1, 127, 126, 127, 126]


def test_a_guard_that_hangs_is_ended(machine: RealHost) -> None:
    with pytest.raises(TimedOutError, match="expected the guard to end"):
        machine.check(Command(argv=("/bin/cat", "/dev/zero"), timeout=timedelta(milliseconds=50)))


def test_a_guard_is_not_run_in_an_image(world: World) -> None:
    with pytest.raises(BlockedError, match="not run in an image"):
        world.host.check(Command(argv=("true",)))


def test_programs_are_looked_for_on_the_hosts_own_search_path(world: World) -> None:
    folder, elsewhere = world.root / "usr/bin", world.root / "etc/alternatives"
    for path in (folder, elsewhere, world.root / "usr/sbin/tool"):
        path.mkdir(parents=True)
    script(elsewhere / "awk", "")
    (folder / "awk").symlink_to("/etc/alternatives/awk")
    (folder / "gone").symlink_to("/etc/alternatives/gone")
    (folder / "data").write_text("")
    (world.root / "bin").symlink_to("usr/bin")
    found = {name: world.host.has_program(name) for name in ("awk", "gone", "data", "tool", "sh", "", "/bin/awk")}
    assert found == {
        "awk": True, "gone": False, "data": False, "tool": False, "sh": False, "": False, "/bin/awk": True,
    }  # fmt: skip


def test_the_machine_has_its_programs(machine: RealHost) -> None:
    assert machine.has_program("sh")
    assert not machine.has_program("no-such-program")
