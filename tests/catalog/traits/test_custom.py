from typing import Any

import pytest

from tests.catalog.traits.hosts import Files, alpine, debian, image, redhat
from vigo.catalog.api import CommandResult
from vigo.catalog.traits.custom import collect_custom
from vigo.core.errors import TimedOutError, UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode

FOLDER = "/etc/vigo/traits.d"


def collected(host: FakeHost) -> dict[str, Any]:
    return collect_custom.collect(host).as_values()


def program(mode: int = 0o755, **more: Any) -> FakeNode:
    return FakeNode(content=b"#!/bin/sh\n", mode=mode, **more)


def test_files_and_programs_each_tell_under_their_own_name() -> None:
    files: Files = {
        f"{FOLDER}/10-rack.txt": "# where it stands\nrow = 12\nslot=7\n",
        f"{FOLDER}/owner.json": '{"team": "web", "pager": [1, 2], "nested": {"on": true}}',
        f"{FOLDER}/20-raid.sh": program(),
        f"{FOLDER}/README": "not told\n",
        f"{FOLDER}/owner.json.dpkg-old": "not told\n",
    }
    host = debian(files, guards={f"{FOLDER}/20-raid.sh": CommandResult(0, "state=clean\n")})
    assert collected(host) == {
        "rack": {"row": "12", "slot": "7"},
        "owner": {"team": "web", "pager": [1, 2], "nested": {"on": True}},
        "raid": {"state": "clean"},
        "refused": {},
    }


@pytest.mark.parametrize(
    ("name", "node", "reason"),
    [
        ("a.txt", FakeNode(content=b"x=1\n", mode=0o644, uid=1000), "expected root to own it, found uid 1000"),
        ("a.txt", FakeNode(content=b"x=1\n", mode=0o664), "root alone may write it, found mode 0664"),
        ("a.sh", program(0o777), "root alone may write it"),
        ("a.txt", FakeNode.symlink("/tmp/x"), "found a symlink"),
        ("a.txt", program(0o755), "found a program by its mode"),
        ("a.sh", program(0o644), "chmod 755"),
        ("a b.txt", FakeNode(content=b"x=1\n", mode=0o644), "letters, digits and `_`"),
        ("refused.txt", FakeNode(content=b"x=1\n", mode=0o644), "rename it"),
        ("a.txt", FakeNode(content=b"x\n", mode=0o644), "line 1: expected key=value"),
        ("a.json", FakeNode(content=b"[1]", mode=0o644), "expected a JSON object"),
        ("a.txt", FakeNode(content=b"x=" + b"y" * 40_000, mode=0o644), "at most 32768 bytes"),
    ],
)
def test_what_cannot_be_trusted_or_read_is_refused_and_costs_no_other(name: str, node: FakeNode, reason: str) -> None:
    found = collected(debian({f"{FOLDER}/{name}": node, f"{FOLDER}/z.txt": "fine=yes\n"}))
    assert found["z"] == {"fine": "yes"}
    assert reason in found["refused"][name]


def test_a_program_that_fails_is_told_without_what_it_printed() -> None:
    host = FakeHost(
        {f"{FOLDER}/a.sh": program(), f"{FOLDER}/b.txt": "x=1\n"},
        guards={f"{FOLDER}/a.sh": CommandResult(3, "a password", "a password")},
    )
    found = collected(host)
    assert "status 0, found 3" in found["refused"]["a.sh"]
    assert "password" not in repr(found)
    assert found["b"] == {"x": "1"}


def test_after_two_that_do_not_end_no_further_program_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    host = alpine({f"{FOLDER}/{name}.sh": program() for name in "abc"})
    run: list[str] = []

    def check(command: Any) -> CommandResult:
        run.append(command.argv[0])
        raise TimedOutError("too long")

    monkeypatch.setattr(host, "check", check)
    refused = collected(host)["refused"]
    assert run == [f"{FOLDER}/a.sh", f"{FOLDER}/b.sh"]
    assert "within 5 s" in refused["b.sh"]
    assert "not run" in refused["c.sh"]


def test_programs_that_take_long_together_cost_only_those_that_come_after(monkeypatch: pytest.MonkeyPatch) -> None:
    files: Files = {f"{FOLDER}/p{number:02}.sh": program() for number in range(20)}
    host = debian({**files, f"{FOLDER}/z.txt": "x=1\n"})

    def check(command: Any) -> CommandResult:
        del command
        uptime = float((host.read_text("/proc/uptime") or "").split()[0])
        host.tree.replace("/proc/uptime", f"{uptime + 4.9:.2f} 0\n")
        return CommandResult(0, "x=1\n")

    monkeypatch.setattr(host, "check", check)
    found = collected(host)
    assert found["z"] == {"x": "1"}
    assert sum(name.startswith("p") for name in found) == 10
    assert "45 s together" in found["refused"]["p10.sh"]


def test_of_two_files_with_one_name_the_first_counts() -> None:
    found = collected(debian({f"{FOLDER}/10-a.txt": "x=1\n", f"{FOLDER}/20-a.txt": "x=2\n"}))
    assert found["a"] == {"x": "1"}
    assert "told by 10-a.txt too" in found["refused"]["20-a.txt"]


@pytest.mark.parametrize("folder", ["/etc/vigo", FOLDER])
def test_a_folder_that_others_may_write_to_is_not_looked_at(folder: str) -> None:
    files: Files = {f"{FOLDER}/a.txt": "x=1\n", folder: FakeNode.directory(0o777)}
    with pytest.raises(UnavailableError, match=f"{folder}: expected that root alone may write it"):
        collect_custom.collect(debian(files))


def test_in_an_image_data_counts_and_no_program_is_run() -> None:
    files: Files = {
        FOLDER: FakeNode.directory(0o755, 1007, 1007),
        f"{FOLDER}/a.txt": FakeNode(content=b"x=1\n", mode=0o644, uid=1007),
        f"{FOLDER}/b.sh": program(uid=1007),
    }
    found = collected(image(files))
    assert found["a"] == {"x": "1"}
    assert "not run in an image" in found["refused"]["b.sh"]


@pytest.mark.parametrize("host", [FakeHost(), debian(), redhat(), alpine(), image()])
def test_a_host_without_the_folder_tells_nothing(host: FakeHost) -> None:
    assert collected(host) == {"refused": {}}
