"""One session that goes on, as the server has it: bytes from the operator to the agent, and back."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import msgspec

from vigo.core.flow import Incoming, Outgoing, Part
from vigo.core.orders import SignedOrder
from vigo.core.scrier import ScrierEnd, ScrierOrder, ScrierRule
from vigo.core.wire.scrier_messages import ScrierData, ScrierOpened, ScrierTaken
from vigo.server.features.scriers.models import ScrierItem, ScrierState
from vigo.server.features.scriers.recording import Recording
from vigo.server.platform.auth.actor import Actor


class Bell:
    """Wakes one who waits."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake whoever waits, or will."""
        self._event.set()

    async def heard(self) -> None:
        """Return at the next ring, or at once where there was one since the last time."""
        await self._event.wait()
        self._event.clear()


class LiveScrier:
    """What goes each way, and since when nothing did. Times are those of a clock that never goes back."""

    def __init__(
        self,
        order: ScrierOrder,
        signed: SignedOrder,
        item: ScrierItem,
        actor: Actor,
        rule: ScrierRule,
        recording: Recording | None,
        monotonic: Callable[[], timedelta],
    ) -> None:
        self.order = order
        self.signed = signed
        self.actor = actor
        self.rule = rule
        self.recording = recording
        self.end: ScrierEnd | None = None
        self.to_agent, self.to_terminal = Bell(), Bell()
        self.terminal: object | None = None
        """Where it is shown; another one takes its place."""
        self.size: tuple[int, int] | None = None
        """A size that the agent was not yet told."""
        now = monotonic()
        self.opened_at = self.active_at = now
        self.unwatched_since: timedelta | None = now
        self.alone_since: timedelta | None = None
        self.ended_at: timedelta | None = None
        self.is_asked_for = False
        """The agent said on the stream that it holds where it is."""
        self._item = item
        self._monotonic = monotonic
        self._typed, self._to_type = Incoming(), Outgoing()
        self._came, self._to_show = Incoming(), Outgoing()
        self._is_typed_due = self._is_shown_due = False
        self._latest_size: tuple[int, int] | None = None
        self.is_open = False

    @property
    def item(self) -> ScrierItem:
        """As it is listed now."""
        end = self.end or ScrierEnd()
        return msgspec.structs.replace(
            self._item,
            state=self.state,
            input_bytes=self._typed.received_bytes,
            output_bytes=self._came.received_bytes,
            exit_code=end.exit_code,
            reason=end.reason,
        )

    @property
    def state(self) -> ScrierState:
        """Where it is."""
        if self.end is not None:
            return "ended"
        return "open" if self.is_open else "opening"

    @property
    def received_bytes(self) -> int:
        """How much of the output is here."""
        return self._came.received_bytes

    @property
    def typed_bytes(self) -> int:
        """How much of the input is here."""
        return self._typed.received_bytes

    def opened(self, message: ScrierOpened) -> None:
        """The agent has it, and the input up to some byte.

        Raises:
            InvalidError: that is none of it.
        """
        self._to_type.resume(message.input_from)
        # Both may have been told on a stream that broke.
        self.size = self._latest_size
        self._is_shown_due = self._came.taken_bytes > 0
        self.is_open = self.is_asked_for = True
        self.to_agent.ring()

    def came(self, part: Part) -> None:
        """Take output from the agent: record it, then show it.

        Raises:
            InvalidError: it does not follow what came before.
            UnavailableError: it cannot be recorded, so nobody is shown it.
        """
        new = self._came.receive(part)
        if new and self.recording is not None:
            self.recording.shown(self._seconds(), new)
        if self.end is None:
            self._to_show.add(new)
            if self.recording is None:
                self.active_at = self._monotonic()
        if self._came.is_complete:
            self._to_show.close()
        self.to_terminal.ring()

    def typed_in(self, message: ScrierTaken) -> None:
        """The agent has so much of the input out of the way.

        Raises:
            InvalidError: so much was never sent.
        """
        self._to_type.take(message.taken_bytes)
        if self._typed.take(self._to_type.taken_bytes):
            self._is_typed_due = True
            self.to_terminal.ring()

    def type_in(self, data: bytes, *, is_last: bool = False) -> None:
        """Take input from the operator.

        Raises:
            InvalidError: it is more than a window.
        """
        self._to_type.add(self._typed.receive(Part(self._typed.received_bytes, data, is_last)))
        if is_last:
            self._to_type.close()
        self.active_at = self._monotonic()
        self.to_agent.ring()

    def shown(self, taken_bytes: int) -> None:
        """The terminal has so much of the output out of the way.

        Raises:
            InvalidError: so much was never sent.
        """
        self._to_show.take(taken_bytes)
        if self._came.take(self._to_show.taken_bytes):
            self._is_shown_due = True
            self.to_agent.ring()

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size.

        Raises:
            UnavailableError: that cannot be recorded.
        """
        if self.recording is not None and self.end is None:
            self.recording.resized(self._seconds(), columns, rows)
        self.size = self._latest_size = (columns, rows)
        self.to_agent.ring()

    def show_from(self, offset: int) -> None:
        """Show the output from a byte on, in another terminal.

        Raises:
            InvalidError: it is no longer here, or never was.
        """
        self._to_show.resume(offset)
        self._is_typed_due = self._typed.taken_bytes > 0  # the terminal of before may not have heard of it
        self.to_terminal.ring()

    def next_for_agent(self) -> ScrierData | ScrierTaken | None:
        """Return what the agent is to be told next."""
        if self._is_shown_due:
            self._is_shown_due = False
            return ScrierTaken(self.order.scrier, self._came.taken_bytes)
        part = self._to_type.next_part()
        return None if part is None else ScrierData(self.order.scrier, part)

    def next_for_terminal(self) -> Part | None:
        """Return what is to be shown next."""
        return self._to_show.next_part()

    def typed_to_tell(self) -> int | None:
        """Return how much of the input is out of the way, where that is to be told."""
        if not self._is_typed_due:
            return None
        self._is_typed_due = False
        return self._typed.taken_bytes

    def is_shown(self) -> bool:
        """Return whether the terminal was sent all of it."""
        return self._to_show.is_told

    def finish(self, end: ScrierEnd) -> None:
        """Let it be over; what came is still shown."""
        self.end = end
        self.ended_at = self._monotonic()
        self._to_show.close()
        self.to_terminal.ring()
        self.to_agent.ring()

    def _seconds(self) -> float:
        return (self._monotonic() - self.opened_at).total_seconds()
