"""What an agent does with scriers: real terminals, real connections, and a stream that comes and goes."""

import asyncio
import os
import re
import signal
import socket
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.agent.conftest import enrolled
from vigo.agent.host.pseudo_terminal import Size, on_terminal
from vigo.agent.identity.identity import Identity, IdentityFolder
from vigo.agent.marks import MARGIN
from vigo.agent.scrier import desk as desk_module
from vigo.agent.scrier.desk import FOLDER, GONE, STOPPED, ScrierDesk
from vigo.agent.scrier.open_far import open_far
from vigo.agent.scrier.opened import Far
from vigo.core.errors import UnavailableError
from vigo.core.flow import PART_BYTES, WINDOW_BYTES, Incoming, Outgoing
from vigo.core.ids import EnvoyId, ScrierId, new_scrier_id
from vigo.core.scrier import MOST_AT_ONCE, RESUME_WITHIN, ScrierEnd, ScrierOrder, sign_order
from vigo.core.signing import SigningKey
from vigo.core.wire.scrier_messages import (
    EndScrier,
    OpenScrier,
    ResizeScrier,
    ScrierData,
    ScrierEnded,
    ScrierOpened,
    ScrierReply,
    ScrierTaken,
)
from vigo.testing.clock import FakeClock
from vigo.testing.fake_server import FakeServer

Story = Callable[["Server"], Awaitable[None]]
SHELL = ("/bin/sh", "-i")


async def open_plain_shell(order: ScrierOrder, root: str | None) -> Far:
    """Open a shell as the user of the test, who may be root: whom a shell is for is another test's."""
    if order.kind == "forward":
        return await open_far(order, root)
    environment = {"PATH": os.environ["PATH"], "TERM": order.terminal, "PS1": "$ ", "HOME": "/"}
    return on_terminal(SHELL, environment, Size(order.columns, order.rows))


class Scrier:
    """What a server has of one scrier."""

    def __init__(self, order: ScrierOrder) -> None:
        self.order = order
        self.id = order.scrier
        self.output, self.input = Incoming(), Outgoing()
        self.shown = bytearray()
        self.is_open = False
        self.end: ScrierEnd | None = None


class Server:
    """The other end of a desk's stream: it takes what is shown, unless it is told not to."""

    def __init__(self, folder: IdentityFolder, server: FakeServer, identity: Identity) -> None:
        self.clock = FakeClock(datetime.now(UTC))
        self.identity = identity
        self.key: SigningKey = server.policy_key
        self.folder = folder
        self.takes = True
        self.is_broken = False
        self.said: list[ScrierReply] = []
        self.scriers: dict[ScrierId, Scrier] = {}
        self.desk: ScrierDesk

    def order(self, kind: Any = "shell", **changes: Any) -> ScrierOrder:
        values: dict[str, Any] = {
            "scrier": new_scrier_id(),
            "envoy": self.identity.envoy,
            "kind": kind,
            "operator": "admin",
            "user": "ada",
            "terminal": "xterm",
            "longest": timedelta(minutes=5),
            "not_after": self.clock.now() + timedelta(seconds=30),
        }
        return ScrierOrder(**values | changes)

    async def open(self, order: ScrierOrder) -> Scrier:
        scrier = self.scriers[order.scrier] = Scrier(order)
        await self.ask(scrier)
        await self.until(lambda: scrier.is_open or scrier.end)
        return scrier

    async def ask(self, scrier: Scrier) -> None:
        await self.desk.hear(OpenScrier(sign_order(scrier.order, self.key), scrier.output.received_bytes))

    async def type(self, scrier: Scrier, text: str) -> None:
        scrier.input.add(text.encode())
        while (part := scrier.input.next_part()) is not None:
            await self.desk.hear(ScrierData(scrier.id, part))

    async def shows(self, scrier: Scrier, text: str) -> None:
        await self.until(lambda: text.encode() in scrier.shown, lambda: f"{text!r} in {bytes(scrier.shown)!r}")

    async def press(self, scrier: Scrier, key: str, wanted: str) -> None:
        """Press a key until it shows: the first one may come to a shell before the program that it is for is there."""
        async with asyncio.timeout(20):
            while wanted.encode() not in scrier.shown:
                await self.type(scrier, key)
                await asyncio.sleep(0.1)

    async def until(self, holds: Callable[[], object], told: Callable[[], str] = lambda: "it holds") -> None:
        try:
            async with asyncio.timeout(20):
                while not holds():  # noqa: ASYNC110 - what is waited for happens in other threads and programs too
                    await asyncio.sleep(0.005)
        except TimeoutError:
            pytest.fail(f"expected {told()}, found that it does not")

    async def hear(self, message: ScrierReply) -> None:
        if self.is_broken:
            raise UnavailableError("gone")
        self.said.append(message)
        scrier = self.scriers[message.scrier]
        if isinstance(message, ScrierOpened):
            scrier.is_open = True
            scrier.input.resume(message.input_from)
            await self.type(scrier, "")
        elif isinstance(message, ScrierData):
            scrier.shown += scrier.output.receive(message.part)
            if self.takes and scrier.output.take(scrier.output.received_bytes):
                await self.desk.hear(ScrierTaken(scrier.id, scrier.output.taken_bytes))
        elif isinstance(message, ScrierTaken):
            scrier.input.take(message.taken_bytes)
        else:
            scrier.end = message.end

    def renewed(self) -> None:
        """Let there be another agent, as after a start."""
        self.desk = ScrierDesk(self.folder, open_plain_shell, self.clock)
        self.desk.start()
        self.desk.attach(self.hear)

    def live(self, story: Story) -> None:
        async def whole() -> None:
            self.renewed()
            try:
                await story(self)
            finally:
                await self.desk.end()

        asyncio.run(whole())


@pytest.fixture
def server_side(folder: IdentityFolder, server: FakeServer) -> Server:
    return Server(folder, server, enrolled(folder, server))


def test_a_shell_is_on_a_terminal_of_its_own(server_side: Server) -> None:
    async def story(server: Server) -> None:
        scrier = await server.open(server.order(columns=101, rows=33))
        await server.type(
            scrier, "tty; stty size; echo $TERM; test -t 0 && test -t 1 && test -t 2 && echo all $((6*7))\n"
        )
        await server.shows(scrier, "all 42")
        assert b"/dev/pts/" in scrier.shown
        assert b"33 101\r\n" in scrier.shown
        assert b"xterm\r\n" in scrier.shown
        await server.desk.hear(ResizeScrier(scrier.id, 44, 55))
        await server.type(scrier, "stty size\n")
        await server.shows(scrier, "55 44\r\n")
        await server.type(scrier, "exit 3\n")
        await server.until(lambda: scrier.end)
        assert scrier.end == ScrierEnd(exit_code=3)

    server_side.live(story)


def test_keys_are_signals_and_every_language_comes_through(server_side: Server) -> None:
    async def story(server: Server) -> None:
        scrier = await server.open(server.order())
        await server.type(scrier, "trap 'echo got-$((1+1))' INT; echo on-$((1+1)); sleep 300\n")
        await server.shows(scrier, "on-2")
        await server.press(scrier, "\x03", "got-2")
        await server.type(scrier, "echo again-$((1+1)); sleep 300\n")
        await server.shows(scrier, "again-2")
        await server.press(scrier, "\x1c", "Quit")  # Ctrl-\
        await server.type(scrier, "stty -echo; printf '%s\\n' 'grüße 日本 🦉'\n")
        await server.shows(scrier, "grüße 日本 🦉\r\n")
        await server.type(scrier, "kill -9 $$\n")
        await server.until(lambda: scrier.end)
        assert scrier.end == ScrierEnd(exit_code=137)

    server_side.live(story)


def test_signals_that_the_agent_was_started_to_ignore_are_heeded_all_the_same(server_side: Server) -> None:
    """As when it runs under nohup, or in the background of a script."""

    async def story(server: Server) -> None:
        scrier = await server.open(server.order())
        await server.type(scrier, "grep SigIgn /proc/self/status; sh -c 'kill -HUP $$'; echo it-$?\n")
        await server.shows(scrier, "it-129")
        found = re.search(rb"SigIgn:\t([0-9a-f]+)", scrier.shown)
        assert found is not None
        assert not int(found[1], 16) & sum(1 << (number - 1) for number in numbers)

    numbers = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
    kept = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        server_side.live(story)
        assert [signal.getsignal(number) for number in numbers] == [signal.SIG_IGN] * 3
    finally:
        for number, handler in zip(numbers, kept, strict=True):
            signal.signal(number, handler)


def test_a_large_paste_arrives_as_a_whole(server_side: Server, tmp_path: Path) -> None:
    text = "".join(f"line {number} of what was pasted\n" for number in range(20_000))

    async def story(server: Server) -> None:
        scrier = await server.open(server.order())
        await server.type(scrier, f"stty -echo; cat >{tmp_path}/pasted; echo all-$((1+1))\n")
        await server.shows(scrier, "all-$((1+1))")
        data = text.encode()
        while data:
            await server.until(lambda: scrier.input.room_bytes)
            step = min(scrier.input.room_bytes, PART_BYTES)
            await server.type(scrier, data[:step].decode())
            data = data[step:]
        await server.type(scrier, "\x04")
        await server.shows(scrier, "all-2")
        assert (tmp_path / "pasted").read_text() == text

    server_side.live(story)


def test_who_reads_slowly_slows_down_the_program_and_nothing_is_lost(server_side: Server, tmp_path: Path) -> None:
    async def story(server: Server) -> None:
        server.takes = False
        scrier = await server.open(server.order())
        await server.type(scrier, f"seq 300000; echo all-$((1+1)); touch {tmp_path}/done\n")
        await server.until(lambda: len(scrier.shown) >= WINDOW_BYTES)
        await asyncio.sleep(0.2)
        assert len(scrier.shown) == WINDOW_BYTES
        assert not (tmp_path / "done").exists()
        server.takes = True
        await server.desk.hear(ScrierTaken(scrier.id, len(scrier.shown)))
        scrier.output.take(len(scrier.shown))
        await server.shows(scrier, "all-2")
        lines = bytes(scrier.shown).split(b"\r\n")
        start = lines.index(b"2")  # before the first one a prompt may stand
        assert lines[start : start + 299_999] == [b"%d" % number for number in range(2, 300_001)]

    server_side.live(story)


def test_a_stream_that_breaks_costs_not_a_byte_either_way(server_side: Server, tmp_path: Path) -> None:
    async def story(server: Server) -> None:
        scrier = await server.open(server.order())
        await server.type(scrier, f"stty -echo; seq 50000; until [ -e {tmp_path}/go ]; do sleep 0.01; done; seq 9\n")
        await server.shows(scrier, "\r\n2000\r\n")
        server.is_broken = True
        server.desk.detach()
        (tmp_path / "go").touch()
        await server.type(scrier, "")
        scrier.input.add(b"cat; echo all-$((1+1))\n")
        await asyncio.sleep(0.1)
        server.is_broken = False
        server.desk.attach(server.hear)
        await server.ask(scrier)
        scrier.input.add(b"typed meanwhile\n\x04")
        await server.type(scrier, "")
        await server.shows(scrier, "all-2")
        lines = bytes(scrier.shown).split(b"\r\n")
        start = lines.index(b"2")  # before the first one a prompt may stand
        assert lines[start : start + 50_008] == [b"%d" % n for n in [*range(2, 50_001), *range(1, 10)]]
        assert scrier.shown.count(b"typed meanwhile") == 1

    server_side.live(story)


def test_what_was_said_of_bytes_on_a_broken_stream_is_said_again(server_side: Server) -> None:
    """Else neither side would ever send more: each would think that the other one's hands are full."""

    async def story(server: Server) -> None:
        scrier = await server.open(server.order())
        await server.type(scrier, "stty -echo; cat >/dev/null\n")
        await server.shows(scrier, "cat")
        server.is_broken = True
        await server.type(scrier, ("x" * 99 + "\n") * 2_000)
        await asyncio.sleep(0.2)
        assert scrier.input.taken_bytes == 0
        server.desk.detach()
        server.is_broken = False
        server.desk.attach(server.hear)
        await server.ask(scrier)
        await server.until(lambda: scrier.input.taken_bytes >= 200_000)

    server_side.live(story)


def test_whatever_was_started_ends_with_it(server_side: Server, tmp_path: Path) -> None:
    async def story(server: Server) -> None:
        scrier = await server.open(server.order())
        await server.type(scrier, f"(trap '' HUP; while :; do echo $$ >{tmp_path}/alive; sleep 0.02; done) & echo up\n")
        await server.until((tmp_path / "alive").exists)
        await server.desk.hear(EndScrier(scrier.id))
        await server.desk.end()
        (tmp_path / "alive").unlink()
        await asyncio.sleep(0.2)
        assert not (tmp_path / "alive").exists()
        assert not [one for one in server.said if isinstance(one, ScrierEnded)]

    server_side.live(story)


def test_a_shell_that_ends_is_over_though_a_job_of_it_goes_on(server_side: Server, tmp_path: Path) -> None:
    async def story(server: Server) -> None:
        scrier = await server.open(server.order())
        await server.type(
            scrier, f"setsid -f sh -c 'until [ -e {tmp_path}/go ]; do sleep 0.01; done; echo >{tmp_path}/on'\n"
        )
        await server.type(scrier, "echo bye-$((1+1)); exit\n")
        await server.until(lambda: scrier.end)
        assert b"bye-2\r\n" in scrier.shown
        assert scrier.end == ScrierEnd(exit_code=0)
        (tmp_path / "go").touch()
        await server.until((tmp_path / "on").exists)

    server_side.live(story)


def test_its_limit_ends_it_also_without_a_server(server_side: Server) -> None:
    async def story(server: Server) -> None:
        scrier = await server.open(server.order(longest=timedelta(seconds=0.2)))
        await server.until(lambda: scrier.end)
        assert scrier.end is not None
        assert "which is its limit" in scrier.end.reason

    server_side.live(story)


def test_05_an_order_is_carried_out_once_however_often_it_comes(server_side: Server) -> None:
    async def story(server: Server) -> None:
        scrier = await server.open(server.order())
        await server.type(scrier, "exit 0\n")
        await server.until(lambda: scrier.end)
        scrier.end = None
        await server.ask(scrier)  # its end is told again as long as the server did not say that it has it
        await server.until(lambda: scrier.end)
        assert scrier.end == ScrierEnd(exit_code=0)
        await server.desk.hear(EndScrier(scrier.id))
        for _ in range(2):
            scrier.end = None
            await server.ask(scrier)
            await server.until(lambda: scrier.end)
            assert scrier.end.reason == GONE
            await server.desk.end()
            server.renewed()
        assert len([one for one in server.said if isinstance(one, ScrierOpened)]) == 2  # the second told where it was

    server_side.live(story)


def test_05_two_orders_at_once_are_one(server_side: Server) -> None:
    async def story(server: Server) -> None:
        scrier = server.scriers[new_scrier_id()] = Scrier(server.order())
        server.scriers[scrier.id] = scrier
        await asyncio.gather(server.ask(scrier), server.ask(scrier), server.ask(scrier))
        await server.until(lambda: scrier.is_open)
        await server.type(scrier, "exit\n")
        await server.until(lambda: scrier.end)
        assert scrier.end == ScrierEnd(exit_code=0)

    server_side.live(story)


def test_05_what_lapsed_or_is_anothers_or_forged_is_refused(server_side: Server) -> None:
    async def story(server: Server) -> None:
        late = await server.open(server.order(not_after=server.clock.now() - timedelta(seconds=1)))
        assert late.end is not None
        assert "clock" in late.end.reason
        other = await server.open(server.order(envoy=EnvoyId("00000000-0000-4000-8000-000000000000")))
        assert other.end is not None
        assert "another envoy" in other.end.reason
        said = len(server.said)
        forged = server.order()
        await server.desk.hear(OpenScrier(sign_order(forged, SigningKey.generate())))
        await server.desk.hear(EndScrier(forged.scrier))
        await asyncio.sleep(0.05)
        assert len(server.said) == said

    server_side.live(story)


def test_shells_are_refused_in_an_image_for_root_and_for_nobody(server_side: Server) -> None:
    async def opened(order: ScrierOrder, root: str | None) -> Far:
        return await open_far(order, "/nowhere" if order.user == "image" else root)

    async def story(server: Server) -> None:
        await server.desk.end()
        server.desk = ScrierDesk(server.folder, opened, server.clock)
        server.desk.attach(server.hear)
        for user, reason in (("image", "for an image"), ("root", "is root here"), ("no-such-user", "has no user")):
            scrier = await server.open(server.order(user=user))
            assert scrier.end is not None
            assert reason in scrier.end.reason

    server_side.live(story)


def test_one_that_nobody_asks_for_any_more_is_ended(
    server_side: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "_LOOK_EVERY", timedelta(milliseconds=10))

    async def story(server: Server) -> None:
        scrier = await server.open(server.order())
        await server.type(scrier, f"while :; do echo >{tmp_path}/alive; sleep 0.02; done\n")
        await server.until((tmp_path / "alive").exists)
        server.desk.detach()
        await asyncio.sleep(0.1)
        server.desk.attach(server.hear)
        server.clock.advance(RESUME_WITHIN - timedelta(seconds=1))
        await asyncio.sleep(0.1)
        (tmp_path / "alive").unlink()
        await server.until((tmp_path / "alive").exists)
        server.clock.advance(timedelta(seconds=2))
        while (tmp_path / "alive").exists():
            (tmp_path / "alive").unlink()
            await asyncio.sleep(0.2)
        await server.ask(scrier)
        await server.until(lambda: scrier.end)
        assert scrier.end is not None
        assert scrier.end.reason == GONE

    server_side.live(story)


def test_the_end_of_the_agent_is_told(server_side: Server) -> None:
    async def story(server: Server) -> None:
        scrier = await server.open(server.order())
        server.desk.stop_all(STOPPED)
        await server.until(lambda: scrier.end)
        assert scrier.end == ScrierEnd(reason=STOPPED)

    server_side.live(story)


def test_a_connection_goes_to_loopback_and_its_ends_are_told_each_way(server_side: Server) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    heard = bytearray()

    def answer() -> None:
        connected, _ = listening.accept()
        with connected:
            while data := connected.recv(65536):
                heard.extend(data)
            connected.sendall(b"heard %d" % len(heard))

    thread = threading.Thread(target=answer)
    thread.start()

    async def story(server: Server) -> None:
        port = listening.getsockname()[1]
        scrier = await server.open(server.order("forward", user="", port=port))
        await server.type(scrier, "x" * 100_000)
        scrier.input.close()
        await server.type(scrier, "")
        await server.until(lambda: scrier.end)
        assert bytes(scrier.shown) == b"heard 100000"
        assert scrier.output.is_complete
        assert scrier.end == ScrierEnd()
        listening.close()
        refused = await server.open(server.order("forward", port=port))
        assert refused.end is not None
        assert f"listens on port {port}" in refused.end.reason

    server_side.live(story)
    thread.join()
    assert heard == b"x" * 100_000


def test_22_no_more_than_so_many_are_open_at_once(server_side: Server) -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=MOST_AT_ONCE)

    async def story(server: Server) -> None:
        port = listening.getsockname()[1]
        for _ in range(MOST_AT_ONCE):
            assert (await server.open(server.order("forward", port=port))).is_open
        refused = await server.open(server.order("forward", port=port))
        assert refused.end is not None
        assert "open here already" in refused.end.reason

    server_side.live(story)
    listening.close()


def test_28_one_that_cannot_be_noted_is_not_opened(server_side: Server) -> None:
    """As with a full disk: else it could be opened twice."""
    (server_side.folder.state_dir / FOLDER).write_text("in the way")

    async def story(server: Server) -> None:
        scrier = await server.open(server.order())
        assert not scrier.is_open
        assert scrier.end is not None
        assert FOLDER in scrier.end.reason

    server_side.live(story)


def test_marks_are_forgotten_once_nobody_can_use_their_orders(server_side: Server) -> None:
    async def story(server: Server) -> None:
        scrier = await server.open(server.order())
        place = server.folder.state_dir / FOLDER
        server.renewed()
        assert any(place.iterdir())
        server.clock.advance(MARGIN + timedelta(minutes=1))
        server.renewed()
        assert not any(place.iterdir())
        del scrier

    server_side.live(story)


def test_a_server_that_loses_its_place_ends_it(server_side: Server) -> None:
    async def story(server: Server) -> None:
        for bad in (ScrierTaken, "gap", "resume"):
            scrier = await server.open(server.order())
            if bad == "gap":
                scrier.input.add(b"abc")
                scrier.input.resume(2)
                await server.type(scrier, "")
            elif bad == "resume":
                await server.desk.hear(OpenScrier(sign_order(scrier.order, server.key), 10**9))
            else:
                await server.desk.hear(ScrierTaken(scrier.id, 10**9))
            await server.until(lambda one=scrier: one.end)
            assert scrier.end is not None
            assert "lost its place" in scrier.end.reason

    server_side.live(story)
