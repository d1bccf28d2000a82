"""Sessions from an operator's terminal to a machine, with real terminals, and either end or the way between gone."""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.circumstances import small_disk
from tests.e2e.ports import Port
from tests.e2e.processes import BIN, LONGEST_SECONDS, Background, Ended, call, until
from tests.e2e.shells import ADA, Desk, machine, shell
from tests.e2e.wire import Wire
from tests.e2e.world import Server

ALLOWED = f'scrier: [{{match: "web-*", users: {{admin: {ADA}, "token *": {ADA}}}, ports: [%s]}}]\n'
MIB = 1024 * 1024


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "server") as running:
        allow(running)
        yield running


def allow(server: Server, *ports: int, rules: str = ALLOWED) -> None:
    server.publish({"envoys.vgo": "envoys: []\n", "scrier.vgo": rules % ", ".join(map(str, ports))})


def sessions(server: Server) -> list[dict[str, Any]]:
    """Return them, the latest first."""
    found: list[dict[str, Any]] = server.ask("scrier", "sessions")["items"]
    return found


def ended(server: Server) -> dict[str, Any]:
    """Return the latest once it has ended."""
    until("its end", lambda: sessions(server)[0]["ended_at"] is not None, lambda: sessions(server))
    return sessions(server)[0]


def recorded(server: Server, session: str) -> str:
    """Return all that a session showed, from its recording."""
    lines = server.cli("scrier", "play", session, "--cast").out.splitlines()
    assert json.loads(lines[0])["version"] == 2
    return "".join(event[2] for event in map(json.loads, lines[1:]) if event[1] == "o")


def audited(server: Server, action: str) -> list[dict[str, Any]]:
    """Return the rows of the audit trail with an action, the server's own database read beside it."""
    with sqlite3.connect(f"file:{server.data}/vigo.db?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT actor, subject, detail FROM audit WHERE action = ?", (action,)).fetchall()
    return [{"actor": actor, "subject": subject, **json.loads(detail)} for actor, subject, detail in rows]


@contextmanager
def login(server: Server, folder: Path, name: str, address: str = "") -> Iterator[dict[str, str]]:
    """Give the environment of an operator with a token of their own."""
    made = json.loads(server.cli("access", "create", "--name", name, "--ttl", "1h", "--json").out)
    home = folder / f"home-{name}"
    home.mkdir()
    environment = {"HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    url = f"https://{address or server.api}"
    words = f"printf '%s\\n' {made['token']} | {BIN}/vigocli login --server {url} --ca-sha256 {made['ca_sha256']}"
    done = call("/bin/sh", "-c", words, **environment)
    assert done.status == 0, done
    yield environment | {"VIGO_TOKEN_ID": made["id"]}


def test_a_terminal_shows_a_shell_of_the_mapped_user(server: Server, tmp_path: Path) -> None:
    with machine(server, tmp_path), shell(server, columns=101, rows=33) as desk:
        desk.shows(f"{ADA} on web-1. What it shows is recorded. It ends after 15m without input")
        desk.type("echo who-$(id -un); stty size; echo term-$TERM; cd /tmp && echo at-$((6*7))\n")
        desk.shows("at-42")
        for text in (f"who-{ADA}", "33 101", "term-xterm-256color"):
            assert text.encode() in desk.shown
        desk.terminal.resize(66, 22)
        desk.type("sleep 0.5; stty size\n")
        desk.shows("22 66")
        # One process from its word on: a key between two of them would find the shell between them too.
        desk.type("sh -c 'echo on-$((1+1)); exec sleep 300'\n")
        desk.shows("on-2")
        desk.type("\x03")
        desk.shows("^C")
        desk.type("printf '%s-%s\\n' grüße '日本 🦉'; exit 7\n")
        desk.shows("grüße-日本 🦉")
        assert desk.ended() == 7
        session = ended(server)
        kept = ("hostname", "kind", "user", "operator", "exit_code", "reason")
        assert [session[key] for key in kept] == ["web-1", "shell", ADA, "admin", 7, ""]
        assert session["output_bytes"] > session["input_bytes"] > 0
        assert "grüße-日本 🦉" in recorded(server, session["id"])
        sealed = next((server.data / "recordings").iterdir())
        assert b"who-" not in sealed.read_bytes()
        assert sealed.stat().st_mode & 0o777 == 0o600
        opened = audited(server, "scriers.open")
        assert [(one["actor"], one["user"], one["hostname"]) for one in opened] == [("admin", ADA, "web-1")]
        assert [one["exit_code"] for one in audited(server, "scriers.ended")] == [7]
        table = server.cli("scrier", "sessions")
        assert re.search(rf"(now|seconds ago) +admin +web-1 +shell of {ADA} +exit status 7", table.out), table


@pytest.mark.skipif(shutil.which("vim") is None, reason="expected the program vim, found none")
def test_an_editor_works_and_a_large_paste_arrives(server: Server, tmp_path: Path) -> None:
    pasted = "".join(f"line {number} of what was pasted\n" for number in range(3_000))
    with machine(server, tmp_path), shell(server) as desk:
        desk.type("cd; vim -u NONE -N written; echo out-$((1+2))\n")
        desk.shows('"written" [New]')
        desk.type("ihello from vim\x1b:wq\n")
        desk.shows("1L, 15B written")
        desk.shows("out-3")
        desk.type("stty -echo; echo now-$((1+1)); cat >pasted; cat written; sha256sum <pasted; echo $((6*7))-all\n")
        desk.shows("now-2")  # what is typed before, the shell's own editor takes
        desk.type(pasted)
        desk.type("\x04")
        desk.shows("42-all")
        assert b"hello from vim\r\n" in desk.shown
        assert hashlib.sha256(pasted.encode()).hexdigest().encode() in desk.shown
        desk.type("exit\n")
        assert desk.ended() == 0


def test_without_a_terminal_input_is_typed_to_its_end(server: Server, tmp_path: Path) -> None:
    with machine(server, tmp_path):
        words = f"printf 'echo sum-$((20+22))\\nexit 3\\n' | {desk_words(server)} scrier shell web-1"
        done = call("/bin/sh", "-c", words)
        assert (done.status, "sum-42" in done.out) == (3, True), done
        assert "is recorded" in done.err
        done = call("/bin/sh", "-c", f"{desk_words(server)} scrier shell web-1 </dev/null")
        assert done.status == 0, done


def desk_words(server: Server) -> str:
    return f"{BIN}/vigocli --data-dir {server.data}"


def test_leaving_ends_what_was_started(server: Server, tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    tmp_path.chmod(0o777)
    with machine(server, tmp_path), shell(server) as desk:
        desk.type(f"(trap '' HUP; while :; do echo >{alive}; sleep 0.05; done) &\n")
        until("the job", alive.exists)
        desk.type("\n~.")
        assert desk.ended() == 0, desk.shown
        assert ended(server)["reason"] == "closed by its operator"

        def is_gone() -> bool:
            alive.unlink(missing_ok=True)
            threading.Event().wait(0.3)
            return not alive.exists()

        until("the end of the job", is_gone)


def test_17_nobody_gets_in_whom_the_stacks_do_not_name(server: Server, tmp_path: Path) -> None:
    allow(server, 5432, rules=f'scrier: [{{match: "web-*", users: {{"token ada": {ADA}}}, ports: [%s]}}]\n')
    with machine(server, tmp_path), machine(server, tmp_path, "db-1"), login(server, tmp_path, "ada") as ada:
        refused = server.cli("scrier", "shell", "web-1")
        assert refused.status == 1
        assert "scrier.vgo does not name admin among the `users` of web-1" in refused.err
        for words, problem in (
            (("shell", "db-1"), "no entry of scrier.vgo covers db-1"),
            (("shell", "*"), "'*'"),
            (("shell", ""), "''"),
            (("forward", "web-1", "22"), "does not allow the port 22 of web-1; it allows: 5432"),
            (("ssh", "web-1"), "does not allow the port 22 of web-1"),
        ):
            done = call("vigocli", "scrier", *words, **ada)
            assert done.status == 1, done
            assert problem in done.err
        assert sessions(server) == []
        reasons = [one["actor"] for one in audited(server, "scriers.refused")]
        assert reasons == ["admin", *["token ada"] * 3]
        with Desk("vigocli", "scrier", "shell", "web-1", **ada) as desk:
            desk.type("exit 4\n")
            assert desk.ended() == 4


def test_an_envoy_that_is_not_connected_or_an_image_is_told_of(server: Server, tmp_path: Path) -> None:
    with machine(server, tmp_path) as daemon:
        daemon.terminate()
        until("absence", lambda: server.envoy("web-1")["connected_since"] is None)
        done = server.cli("scrier", "shell", "web-1")
        assert done.status == 1
        assert "expected web-1 to be connected, found that it is not" in done.err
    done = server.cli("scrier", "shell", "web-9")
    assert "web-9" in done.err
    for bad in ("0", "x", "1:2:3", "70000", "0:0", "-1"):
        assert server.cli("scrier", "forward", "web-1", "--", bad).status == 2


def test_others_watch_and_end_a_session(server: Server, tmp_path: Path) -> None:
    with machine(server, tmp_path), shell(server) as desk:
        desk.type("echo early-$((1+1))\n")
        desk.shows("early-2")
        session = sessions(server)[0]
        assert session["state"] == "open"
        words = ("vigocli", "--data-dir", server.data, "scrier", "watch", session["id"])
        with Desk(*words) as watcher:
            watcher.shows("early-2")
            desk.type("echo late-$((2+2))\n")
            watcher.shows("late-4")
            watcher.type("echo not from here\n")
            done = server.cli("scrier", "kill", session["id"])
            assert (done.status, done.out) == (0, "web-1: ended by admin\n")
            assert watcher.ended() == 0
        assert desk.ended() == 1
        assert b"vigocli: ended by admin" in desk.shown
        assert "not from here" not in recorded(server, session["id"])
        done = server.cli("scrier", "kill", session["id"])
        assert (done.status, done.out) == (0, "web-1: ended by admin\n")
        assert {one["operator"] for one in audited(server, "scriers.watch")} == {"admin"}
        assert len(audited(server, "scriers.end")) == 1


def test_24_a_right_that_is_withdrawn_ends_it(server: Server, tmp_path: Path) -> None:
    """By the token, by the stacks, and by revoking the machine."""
    with machine(server, tmp_path), login(server, tmp_path, "ada") as ada:

        def opened() -> Desk:
            desk = Desk("vigocli", "scrier", "shell", "web-1", **ada)
            desk.type("echo up-$((1+1))\n")
            desk.shows("up-2")
            return desk

        with opened() as desk:
            allow(server, rules='scrier: [{match: "web-*", users: {admin: nobody}}] # %s\n')
            assert desk.ended() == 1
            assert b"no longer lets token ada in" in desk.shown
        allow(server)
        with opened() as desk:
            assert server.cli("access", "revoke", ada["VIGO_TOKEN_ID"]).status == 0
            assert desk.ended() == 1
            assert b"the token of token ada is no longer in force" in desk.shown
        with shell(server) as desk:
            desk.type("echo up-$((1+1))\n")
            desk.shows("up-2")
            assert server.cli("envoys", "revoke", "web-1", "--yes").status == 0
            assert desk.ended() == 1
            assert b"the envoy was revoked" in desk.shown


def test_its_limits_end_it(server: Server, tmp_path: Path) -> None:
    allow(server, rules=f'scrier: [{{match: "*", users: {{admin: {ADA}}}, idle: 2s}}] # %s\n')
    with machine(server, tmp_path):
        with shell(server) as desk:
            assert desk.ended() == 1
            assert b"nothing was typed for 2s" in desk.shown
        allow(server, rules=f'scrier: [{{match: "*", users: {{admin: {ADA}}}, longest: 2s}}] # %s\n')
        with shell(server) as desk:
            assert desk.ended() == 1
            assert b"which is its limit" in desk.shown


def test_a_killed_agent_ends_it_and_what_ran(server: Server, tmp_path: Path) -> None:
    with machine(server, tmp_path) as daemon:
        with shell(server) as desk:
            desk.type("echo up-$((1+1)); sleep 4321\n")
            desk.shows("up-2")
            daemon.kill()
            envoy = Background(again(tmp_path), tmp_path, name="daemon-again")
            with envoy:
                assert desk.ended() == 1
                assert b"the agent has it no longer" in desk.shown
        found = [path for path in Path("/proc").glob("[0-9]*/cmdline") if b"4321" in read(path).split(b"\0")]
        assert not found


def again(folder: Path) -> list[object]:
    """Return the words that start the agent of web-1 once more."""
    return [BIN / "vigo", "daemon", "--state-dir", folder / "web-1/state", "--interval", "1h"]


def read(path: Path) -> bytes:
    with suppress(OSError):
        return path.read_bytes()
    return b""


def test_a_killed_server_ends_it_and_says_so_when_it_is_back(server: Server, tmp_path: Path) -> None:
    with machine(server, tmp_path), shell(server) as desk:
        desk.type("echo up-$((1+1))\n")
        desk.shows("up-2")
        server.process.kill()
        desk.shows("trying again")
        server.start()
        assert desk.ended() == 1
        assert ended(server)["reason"] == "the server was stopped"
        assert "up-2" in recorded(server, sessions(server)[0]["id"])
        until("presence", lambda: server.envoy("web-1")["connected_since"] is not None)
        with shell(server) as other:
            other.type("exit 5\n")
            assert other.ended() == 5


def test_a_server_that_stops_says_so(server: Server, tmp_path: Path) -> None:
    with machine(server, tmp_path), shell(server) as desk:
        desk.type("echo up-$((1+1))\n")
        desk.shows("up-2")
        assert server.process.terminate().status == 0
        assert desk.ended() == 1
        assert b"the server was stopped" in desk.shown


def test_a_broken_connection_of_the_operator_costs_nothing(server: Server, tmp_path: Path) -> None:
    """Not noticed by either end, as when a train goes into a tunnel; it takes the operator's side some ten seconds."""
    host, _, port = server.api.rpartition(":")
    with (
        machine(server, tmp_path),
        Wire(host, int(port)) as wire,
        login(server, tmp_path, "ada", wire.address) as ada,
        Desk("vigocli", "scrier", "shell", "web-1", **ada) as desk,
    ):
        desk.type("stty -echo; seq 1000000; echo all-$((2+2))\n")
        desk.shows("\n5000\r\n")
        wire.cut()
        desk.shows("trying again")
        wire.heal()
        desk.shows("connected again")
        desk.shows("all-4")
        numbers = [int(found) for found in re.findall(rb"(?<=\n)(\d+)(?=\r)", desk.shown)]
        assert numbers[-900_000:] == list(range(100_001, 1_000_001)), "none is lost, and none comes twice"
        desk.type("exit 6\n")
        assert desk.ended() == 6


def test_a_slow_reader_slows_down_nobody_else(server: Server, tmp_path: Path) -> None:
    with machine(server, tmp_path), shell(server) as slow, shell(server) as quick:
        slow.type("seq 2000000; echo all-$((1+1))\n")
        slow.shows("\n1000\r\n")
        os.kill(slow.terminal.leader, signal.SIGSTOP)
        try:
            for number in range(20):
                quick.type(f"echo quick-$(({number}+100))\n")
                quick.shows(f"quick-{number + 100}\r\n")
            first = sessions(server)[1]["output_bytes"]
            threading.Event().wait(0.5)
            assert sessions(server)[1]["output_bytes"] == first, "it is held up, not kept somewhere"
        finally:
            os.kill(slow.terminal.leader, signal.SIGCONT)
        slow.shows("all-2")
        numbers = slow.shown.split(b"\r\n")
        start = numbers.index(b"2")
        assert numbers[start : start + 1_999_999] == [b"%d" % number for number in range(2, 2_000_001)]


def test_25_a_recording_that_cannot_be_written_ends_it(tmp_path: Path) -> None:
    with small_disk(tmp_path / "server", megabytes=8) as disk, Server(tmp_path, disk.prefix) as server:
        server.seen_from_here = disk.seen_from_here
        allow(server)
        words = (*disk.prefix, *desk_words(server).split(), "scrier", "shell", "web-1")
        with machine(server, tmp_path):
            with Desk("/usr/bin/env", *words) as desk:
                desk.type("echo up-$((1+1))\n")
                desk.shows("up-2")
                disk.fill()
                desk.type("seq 200000\n")
                assert desk.ended() == 1
                assert b"the recording cannot be written: No space left on device" in desk.shown
            refused = server.cli("scrier", "shell", "web-1")
            assert refused.status == 1
            assert "without one no session is opened" in refused.err
            disk.make_room()
            session = ended(server)
            assert session["reason"].startswith("the recording cannot be written")
            assert "up-2" in recorded(server, session["id"])


def echo(connected: socket.socket) -> None:
    """Send back what is heard."""
    while data := connected.recv(MIB):
        connected.sendall(data)


def test_a_local_port_leads_to_a_port_of_the_machine(server: Server, tmp_path: Path) -> None:
    echoes = Port(echo)
    allow(server, echoes.number)
    data = os.urandom(20 * MIB)
    words = ("vigocli", "--data-dir", server.data, "scrier", "forward", "web-1", f"0:{echoes.number}")
    with machine(server, tmp_path):
        with Desk(*words) as desk:
            desk.shows("Ctrl-C ends it")
            port = int(re.search(rb"127\.0\.0\.1:(\d+) leads to port", desk.shown)[1])  # type: ignore[index] # it was shown
            with (
                socket.create_connection(("127.0.0.1", port), LONGEST_SECONDS) as one,
                socket.create_connection(("127.0.0.1", port), LONGEST_SECONDS) as two,
            ):
                two.sendall(b"beside it")
                assert two.recv(100) == b"beside it"
                sending = threading.Thread(target=lambda: (one.sendall(data), one.shutdown(socket.SHUT_WR)))
                sending.start()
                came = b"".join(iter(lambda: one.recv(MIB), b""))
                sending.join()
                assert hashlib.sha256(came).digest() == hashlib.sha256(data).digest()
            until("both ends", lambda: all(one["ended_at"] for one in sessions(server)), lambda: sessions(server))
            echoes.close()
            with socket.create_connection(("127.0.0.1", port), LONGEST_SECONDS) as nobody:
                assert nobody.recv(1) == b""
            desk.shows(f"expected a program that listens on port {echoes.number} of this machine, found none")
            desk.type("\x03")
            assert desk.ended() == 0
        found = sessions(server)
        assert [(one["kind"], one["port"]) for one in found] == [("forward", echoes.number)] * 3
        assert sorted(one["input_bytes"] for one in found) == [0, 9, 20 * MIB]
        assert server.cli("scrier", "play", found[0]["id"]).err.startswith("vigocli: expected a recording")


def test_who_goes_away_in_the_middle_leaves_nothing_behind(server: Server, tmp_path: Path) -> None:
    echoes = Port(echo)
    allow(server, echoes.number)
    words = ("vigocli", "--data-dir", server.data, "scrier", "forward", "web-1", f"0:{echoes.number}")
    with machine(server, tmp_path):
        with Desk(*words) as desk:
            desk.shows("Ctrl-C ends it")
            port = int(re.search(rb"127\.0\.0\.1:(\d+) leads to port", desk.shown)[1])  # type: ignore[index] # it was shown
            with socket.create_connection(("127.0.0.1", port), LONGEST_SECONDS) as rude:
                rude.sendall(bytes(MIB))
                rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # it goes with a reset
            until("its end", lambda: sessions(server) and sessions(server)[0]["ended_at"], lambda: sessions(server))
            with socket.create_connection(("127.0.0.1", port), LONGEST_SECONDS):
                until("the other", lambda: len(sessions(server)) == 2 and sessions(server)[0]["state"] == "open")
                desk.type("\x03")
                assert desk.ended() == 0
        assert ended(server)["reason"] == "closed by its operator"
        assert server.ask("scrier", "sessions", "--active")["items"] == []
        done = call("/bin/sh", "-c", f"echo 'seq 200000' | {desk_words(server)} scrier shell web-1 | head -n 3")
        assert "Traceback" not in done.err
        until("its end", lambda: not server.ask("scrier", "sessions", "--active")["items"])
    echoes.close()


def test_a_local_port_that_is_taken_is_told(server: Server, tmp_path: Path) -> None:
    echoes = Port(echo)
    allow(server, echoes.number)
    with machine(server, tmp_path):
        done: Ended = server.cli("scrier", "forward", "web-1", str(echoes.number))
        assert done.status == 1
        assert "cannot be listened on" in done.err
    echoes.close()
