"""Sessions on machines as people open, show, list and end them."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from functools import partial
from typing import Final, Protocol

from sqlalchemy import Connection

from vigo.core.clock import Clock
from vigo.core.durations import format_duration
from vigo.core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, UnavailableError
from vigo.core.ids import ScrierId, new_scrier_id, parse_scrier_id
from vigo.core.scrier import LEFT, ScrierEnd, ScrierOrder, ScrierRule, check_size, check_terminal, sign_order
from vigo.core.signing import Signer
from vigo.core.wire.attach_messages import Attach, Attached, Last, Leave, Over, Resize, Taken, terminal_message, to_text
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.scriers import store
from vigo.server.features.scriers.driver import ScrierDriver
from vigo.server.features.scriers.live import LiveScrier
from vigo.server.features.scriers.models import CreatedScrier, NewScrier, ScrierItem, ScrierList
from vigo.server.features.scriers.recording import RecordedLines, Recordings
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database
from vigo.server.platform.settings.model import CurrentSettings

ATTACH_WITHIN: Final = timedelta(seconds=10)
MOST_AT_ONCE: Final = 2_000
"""Sessions that go on at a server: each may hold some MiB that are under way."""

MOST_OF_ONE: Final = 200
"""Sessions that one operator has at a time."""

_LIFE: Final = timedelta(minutes=5)
"""How long an order may be carried out. The two clocks may differ, and an agent carries out each once."""

_LOOK_EVERY: Final = timedelta(milliseconds=100)
_BEAT: Final = timedelta(seconds=10)
_LINES_AT_ONCE: Final = 500
_ELSEWHERE: Final = "it is shown in another terminal now"


class Socket(Protocol):
    """A connection to an operator's terminal."""

    was_closed: bool
    """The terminal itself ended it."""

    async def receive(self) -> str | bytes | None:
        """Return what comes next; None where nothing more will."""
        ...

    async def send(self, message: str | bytes) -> None:
        """Send something; return once there is room for more."""
        ...


class ScrierService:
    """Sessions as people see them."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        clock: Clock,
        settings: CurrentSettings,
        envoys: EnvoyService,
        driver: ScrierDriver,
        recordings: Recordings,
        policy_key: Signer,
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._settings = settings
        self._envoys = envoys
        self._driver = driver
        self._recordings = recordings
        self._key = policy_key
        self._is_closing = False

    def close(self) -> None:
        """Let go of those who watch recordings: the server stops."""
        self._is_closing = True

    async def open(self, actor: Actor, wanted: NewScrier) -> CreatedScrier:
        """Have a session opened on an envoy; its terminal is attached next.

        Raises:
            ForbiddenError: the stacks do not let the operator in there; the audit trail has that too.
            InvalidError: the size, the terminal or the port is none.
            NotFoundError: there is no such envoy.
            UnavailableError: the envoy is not connected, too much goes on, or it cannot be recorded or audited.
        """
        actor.require(Permission.OPEN_SCRIERS)
        _check(wanted)
        record = self._envoys.index.get(wanted.envoy)
        if not record.is_active:
            raise ConflictError(f"expected an envoy that is in use, found that {record.hostname} was revoked")
        await self._envoys.require_machines(actor, [record.hostname])
        rule = self._driver.rule_for(record.hostname)
        user = None if rule is None else rule.user_for(actor.name)
        refusal = _refusal(actor, wanted, record.hostname, rule, user)
        if rule is None or user is None or refusal:
            await self._note(actor, "scriers.refused", record.id, hostname=record.hostname, reason=refusal)
            raise ForbiddenError(refusal)
        if not self._driver.is_reachable(record.id):
            raise UnavailableError(
                f"expected {record.hostname} to be connected, found that it is not; `vigocli envoys show"
                f" {record.hostname}` says when it was seen"
            )
        if self._driver.count(lambda _: True) >= MOST_AT_ONCE:
            raise UnavailableError(f"{MOST_AT_ONCE} sessions go on at this server, which is the most; end one")
        if self._driver.count(lambda one: one.order.operator == actor.name) >= MOST_OF_ONE:
            raise UnavailableError(f"{actor.name} has {MOST_OF_ONE} sessions, which is the most; end one")
        recorded = "What it shows is recorded. " if wanted.kind == "shell" else ""
        idle, longest = format_duration(rule.idle), format_duration(rule.longest)
        notice = f"{recorded}It ends after {idle} without input, and after {longest} in any case."
        scrier = None if wanted.dry_run else await self._begin(actor, wanted, record, rule, user)
        return CreatedScrier(id=scrier, hostname=record.hostname, user=user, notice=notice)

    async def _begin(
        self, actor: Actor, wanted: NewScrier, record: EnvoyRecord, rule: ScrierRule, user: str
    ) -> ScrierId:
        now, is_shell = self._clock.now(), wanted.kind == "shell"
        order = ScrierOrder(
            scrier=new_scrier_id(),
            envoy=record.id,
            kind=wanted.kind,
            operator=actor.name,
            user=user if is_shell else "",
            port=0 if is_shell else wanted.port,
            terminal=wanted.terminal,
            columns=wanted.columns,
            rows=wanted.rows,
            longest=rule.longest,
            not_after=now + _LIFE,
        )
        recording = self._recordings.begin(order, record.hostname, int(now.timestamp())) if is_shell else None
        item = ScrierItem(
            id=order.scrier,
            envoy=record.id,
            hostname=record.hostname,
            kind=order.kind,
            user=order.user,
            port=order.port,
            operator=actor.name,
            state="opening",
            opened_at=now,
        )
        detail = {"hostname": record.hostname, "kind": order.kind, "user": order.user, "port": order.port}
        act = Act(actor=actor.name, action="scriers.open", subject=order.scrier, detail=detail)
        signed = sign_order(order, self._key)

        def job(connection: Connection) -> None:
            self._trail.append(connection, act)
            store.add(connection, item)

        def then(_: None) -> None:
            monotonic = self._clock.monotonic
            self._driver.begin(LiveScrier(order, signed, item, actor, rule, recording, monotonic))

        try:
            await self._database.write(job, then)
        except BaseException:
            if recording is not None:
                recording.abandon()
                self._recordings.remove(order.scrier)
            raise
        return order.scrier

    async def attach(self, actor: Actor, scrier_id: str, socket: Socket) -> None:
        """Show a session in its operator's terminal until that goes away or the session is over.

        Raises:
            ForbiddenError: it is another operator's.
            InvalidError: what the terminal says is not understood.
            NotFoundError: no such session goes on.
        """
        actor.require(Permission.OPEN_SCRIERS)
        live = self._driver.find(parse_scrier_id(scrier_id))
        if live is None:
            raise NotFoundError(f"expected a session that goes on, found that {scrier_id} does not; open another")
        if not _is_own(live, actor):
            await self._note(actor, "scriers.refused", live.order.scrier, reason="it is another operator's")
            raise ForbiddenError(f"{scrier_id} is another operator's session; `vigocli scrier watch` shows it")
        try:
            async with asyncio.timeout(ATTACH_WITHIN.total_seconds()):
                said = await socket.receive()
        except TimeoutError:
            said = None
        if not isinstance(said, str):
            return
        hello = terminal_message(said)
        if not isinstance(hello, Attach):
            raise InvalidError("expected that a terminal first says what it has, found another message")
        check_size(hello.columns, hello.rows)
        await self._show(live, hello, socket)

    async def _show(self, live: LiveScrier, hello: Attach, socket: Socket) -> None:
        live.show_from(hello.output_from)
        me = live.terminal = object()
        live.unwatched_since = None
        if (hello.columns, hello.rows) != (live.order.columns, live.order.rows) or hello.output_from:
            self._resize(live, hello.columns, hello.rows)
        await socket.send(to_text(Attached(live.typed_bytes)))
        showing = asyncio.create_task(_shown(live, me, socket))
        typing = asyncio.create_task(self._typed(live, me, socket))
        try:
            done, _ = await asyncio.wait((showing, typing), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (showing, typing):
                task.cancel()
            await asyncio.gather(showing, typing, return_exceptions=True)
            if live.terminal is me:
                live.terminal = None
                live.unwatched_since = self._clock.monotonic()
                if socket.was_closed:
                    self._driver.end(live, ScrierEnd(reason=LEFT))

    async def _typed(self, live: LiveScrier, me: object, socket: Socket) -> None:
        """Take what a terminal says until it goes away."""
        while (said := await socket.receive()) is not None and live.terminal is me:
            if live.end is not None and isinstance(said, bytes):
                continue
            if isinstance(said, bytes):
                live.type_in(said)
                continue
            message = terminal_message(said)
            if isinstance(message, Taken):
                live.shown(message.taken_bytes)
            elif isinstance(message, Resize):
                check_size(message.columns, message.rows)
                self._resize(live, message.columns, message.rows)
            elif isinstance(message, Last):
                live.type_in(b"", is_last=True)
            elif isinstance(message, Leave):
                self._driver.end(live, ScrierEnd(reason=LEFT))

    def _resize(self, live: LiveScrier, columns: int, rows: int) -> None:
        try:
            live.resize(columns, rows)
        except UnavailableError as error:
            self._driver.end(live, ScrierEnd(reason=str(error)))

    async def end(self, actor: Actor, scrier_id: str) -> ScrierItem:
        """End a session, one's own or, with the right to, another's. One that has ended stays as it is.

        Raises:
            ForbiddenError: it is another's, and the actor may not end those.
            NotFoundError: there is no such session.
            UnavailableError: it cannot be written into the audit trail; the session goes on.
        """
        shown = await self.show(actor, scrier_id)
        live = self._driver.find(shown.id)
        if live is None or live.end is not None:
            return shown
        if not _is_own(live, actor):
            actor.require(Permission.END_SCRIERS)
            await self._envoys.require_machines(actor, [shown.hostname])
        await self._note(actor, "scriers.end", shown.id, hostname=shown.hostname, operator=shown.operator)
        self._driver.end(live, ScrierEnd(reason=f"ended by {actor.name}"))
        return live.item

    async def show(self, actor: Actor, scrier_id: str) -> ScrierItem:
        """Return a session.

        Raises:
            InvalidError: that is no session's id.
            NotFoundError: there is no such session, or it is no longer kept.
        """
        actor.require(Permission.READ_SCRIERS)
        wanted = parse_scrier_id(scrier_id)
        found = await self._database.read(lambda connection: store.find(connection, wanted))
        if found is None:
            raise NotFoundError(
                f"expected the id of a session that is kept, found {scrier_id}; `vigocli scrier sessions` prints them"
            )
        return self._present(found)

    def active(self, actor: Actor) -> ScrierList:
        """Return the sessions that go on, the newest first."""
        actor.require(Permission.READ_SCRIERS)
        return ScrierList(items=tuple(live.item for live in self._driver.going_on()))

    async def list(self, actor: Actor, before: int | None, limit: int) -> ScrierList:
        """Return a page of sessions, the newest first."""
        actor.require(Permission.READ_SCRIERS)
        items, following = await self._database.read(lambda connection: store.page(connection, before, limit))
        return ScrierList(
            items=tuple(self._present(item) for item in items),
            next_cursor=None if following is None else str(following),
        )

    async def recording(self, actor: Actor, scrier_id: str, *, follow: bool) -> AsyncGenerator[bytes, None]:
        """Return what was shown, line by line as asciicast v2; with `follow` also what will be, until it is over.

        Raises:
            NotFoundError: there is no such session, or no recording of it.
            UnavailableError: it cannot be written into the audit trail; nothing is shown.
        """
        actor.require(Permission.WATCH_SCRIERS)
        shown = await self.show(actor, scrier_id)
        await self._envoys.require_machines(actor, [shown.hostname])
        lines = self._recordings.lines(shown.id)
        try:
            await self._note(actor, "scriers.watch", shown.id, hostname=shown.hostname, operator=shown.operator)
        except BaseException:
            lines.close()
            raise
        return self._recorded(shown.id, lines, follow=follow)

    async def prune(self) -> None:
        """Delete the sessions, and their recordings, that the settings no longer keep."""
        before = self._clock.now() - self._settings.value.keep_recordings_for
        for scrier in await self._database.read(lambda connection: store.ended_before(connection, before)):
            # First the file: a row without one is found again, a file without a row never.
            await asyncio.to_thread(self._recordings.remove, scrier)
            await self._database.write(partial(store.remove, scrier=scrier))

    async def _recorded(self, scrier: ScrierId, lines: RecordedLines, *, follow: bool) -> AsyncGenerator[bytes, None]:
        told_at = self._clock.monotonic()
        try:
            while not self._is_closing:
                live = self._driver.find(scrier)
                is_over = live is None or live.end is not None
                found = await asyncio.to_thread(lambda: list(lines.more(_LINES_AT_ONCE)))
                if found:
                    told_at = self._clock.monotonic()
                    yield b"".join(found)
                elif is_over or not follow:
                    return
                else:
                    if self._clock.monotonic() - told_at > _BEAT:
                        told_at = self._clock.monotonic()
                        yield b"\n"  # else nobody could tell whether anything still comes
                    await asyncio.sleep(_LOOK_EVERY.total_seconds())
        finally:
            lines.close()

    def _present(self, item: ScrierItem) -> ScrierItem:
        live = self._driver.find(item.id)
        return item if live is None or live.end is not None else live.item

    async def _note(self, actor: Actor, action: str, subject: str, **detail: str) -> None:
        act = Act(actor=actor.name, action=action, subject=subject, detail=detail)
        await self._database.write(lambda connection: self._trail.append(connection, act))


async def _shown(live: LiveScrier, me: object, socket: Socket) -> None:
    """Send a terminal what comes, until it is over."""
    while True:
        await live.to_terminal.heard()
        if live.terminal is not me:
            live.to_terminal.ring()  # for whoever took our place
            await socket.send(to_text(Over(reason=_ELSEWHERE)))
            return
        taken_bytes = live.typed_to_tell()
        if taken_bytes is not None:
            await socket.send(to_text(Taken(taken_bytes)))
        while live.terminal is me and (part := live.next_for_terminal()) is not None:
            if part.data:
                await socket.send(part.data)
            if part.is_last:
                await socket.send(to_text(Last()))
        if live.end is not None and live.is_shown():
            await socket.send(to_text(Over(live.end.exit_code, live.end.reason)))
            return


def _is_own(live: LiveScrier, actor: Actor) -> bool:
    """Return whether it is the very token that opened it; several may have one name."""
    return (live.actor.name, live.actor.token_id) == (actor.name, actor.token_id)


def _check(wanted: NewScrier) -> None:
    check_size(wanted.columns, wanted.rows)
    check_terminal(wanted.terminal)
    if (wanted.kind == "forward") != (wanted.port != 0):
        raise InvalidError("port: expected one for a connection and none for a shell, found otherwise")


def _refusal(actor: Actor, wanted: NewScrier, hostname: str, rule: ScrierRule | None, user: str | None) -> str:
    if rule is None:
        return f"no entry of scrier.vgo covers {hostname}, so nobody may open sessions there; add one, and publish it"
    if user is None:
        return f"scrier.vgo does not name {actor.name} among the `users` of {hostname}"
    if wanted.kind == "forward" and wanted.port not in rule.ports:
        allowed = ", ".join(map(str, rule.ports)) or "none"
        return f"scrier.vgo does not allow the port {wanted.port} of {hostname}; it allows: {allowed}"
    return ""
