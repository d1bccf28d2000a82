"""The streams that daemons hold: pushes over them, and what happens to them when an end goes."""

import json
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.processes import Background, until
from tests.e2e.world import Envoy, Server, crate, entries

FILE = '{name: f, type: file, path: /etc/f, content: "CONTENT"}'
POLICY = crate("c", FILE) | entries(web_x="c", db_x="c")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "server") as running:
        yield running


@contextmanager
def daemons(server: Server, folder: Path, names: Sequence[str]) -> Iterator[dict[str, Background]]:
    """Give daemons that check in once an hour and hold their streams."""
    envoys = [Envoy(name, folder, server).enrol() for name in names]
    with ExitStack() as stack:
        running = {envoy.name: stack.enter_context(envoy.daemon("1h")) for envoy in envoys}
        for name, process in running.items():
            process.until("its stream", lambda process=process: "stream opened" in process.err)
            until("presence", lambda name=name: connected(server, name), lambda: server.process.err)
        yield running


def connected(server: Server, name: str) -> bool:
    return server.envoy(name)["connected_since"] is not None


def test_a_push_has_the_named_envoys_apply_what_is_live(server: Server, tmp_path: Path) -> None:
    server.publish({path: text.replace("CONTENT", "one") for path, text in POLICY.items()})
    with daemons(server, tmp_path, ["web-1", "web-2", "db-1"]) as running:
        server.publish({path: text.replace("CONTENT", "two") for path, text in POLICY.items()})
        told = server.ask("envoys", "push", "web-*", "--dry-run")
        assert [(item["hostname"], item["state"]) for item in told["items"]] == [("web-1", "told"), ("web-2", "told")]
        done = server.cli("envoys", "push", "web-*")
        assert (done.status, done.out) == (0, "2 of 2 asked to check in\n")
        for name in ("web-1", "web-2"):
            content = tmp_path / name / "machine/etc/f"
            until("the new content", lambda content=content: content.read_text() == "two", lambda: running["web-1"].err)
        assert (tmp_path / "db-1/machine/etc/f").read_text() == "one"
        expression = "traits.os.family == 'linux' and hostname == 'db-1'"
        assert [item["hostname"] for item in server.ask("envoys", "push", "--where", expression)["items"]] == ["db-1"]
        until("the last", lambda: (tmp_path / "db-1/machine/etc/f").read_text() == "two", lambda: running["db-1"].err)
        until("its report", lambda: len(server.runs("db-1")) == 2, lambda: running["db-1"].err)
        assert [run["cause"] for run in server.runs("db-1")] == ["interval", "command"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["nobody-*"], "found none; nobody was told"),
        (["--where", "traits.os.family =="], "cannot be evaluated"),
        (["--where", "traits.none.more > 1"], "cannot be evaluated"),
        (["--role", "none"], "that the target fits"),
        (["web-1", "--all"], "expected everyone or hosts"),
        ([], "expected whom it is for"),
    ],
)
def test_a_target_that_means_nobody_is_an_error(server: Server, tmp_path: Path, words: list[str], reason: str) -> None:
    Envoy("web-1", tmp_path, server).enrol().once()
    done = server.cli("envoys", "push", *words)
    assert done.status == (2 if not words else 1)
    assert reason in done.err


def test_who_is_not_connected_is_shown(server: Server, tmp_path: Path) -> None:
    Envoy("web-1", tmp_path, server).enrol()
    done = server.cli("envoys", "push", "--all")
    assert (done.status, done.out) == (1, "0 of 1 asked to check in\n")
    assert "not connected: web-1" in done.err
    assert json.loads(server.cli("envoys", "push", "--all", "--json").out)["items"][0]["state"] == "not-connected"


def test_presence_ends_with_the_daemon_with_a_revocation_and_with_silence(server: Server, tmp_path: Path) -> None:
    with daemons(server, tmp_path, ["web-1", "web-2", "web-3"]) as running:
        running["web-1"].kill()
        until("the end", lambda: not connected(server, "web-1"), lambda: server.process.err)
        server.cli("envoys", "revoke", "web-2", "--yes")
        until("the end", lambda: not connected(server, "web-2"), lambda: server.process.err)
        running["web-2"].until("the reason", lambda: "was revoked" in running["web-2"].err)
        running["web-3"].send(signal.SIGSTOP)
        until("silence", lambda: not connected(server, "web-3"), lambda: server.process.err)
        running["web-3"].send(signal.SIGCONT)
        until("its return", lambda: connected(server, "web-3"), lambda: running["web-3"].err)


def test_streams_are_opened_anew_after_a_restart(server: Server, tmp_path: Path) -> None:
    with daemons(server, tmp_path, ["web-1", "web-2"]) as running:
        server.process.kill()
        server.start()
        for name in running:
            until("its return", lambda name=name: connected(server, name), lambda: running["web-1"].err)
        assert server.cli("envoys", "push", "--all").status == 0
