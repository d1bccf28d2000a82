"""Telling people what happens: each happening once to each channel that wants it, again and again until it is taken."""

import logging
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Connection

from vigo.core.clock import Clock
from vigo.core.errors import NotFoundError, VigoError
from vigo.core.hostnames import matches
from vigo.server.features.notifications import store
from vigo.server.features.notifications.channels import load_channels
from vigo.server.features.notifications.models import (
    EVENTS,
    Channel,
    ChannelItem,
    ChannelList,
    Delivery,
    DeliveryList,
    Happening,
    State,
    Tested,
)
from vigo.server.features.notifications.noticing import Noticing, of_act
from vigo.server.features.notifications.sending import Send
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database

LOOK_EVERY: Final = timedelta(seconds=5)
_MOST_ATTEMPTS: Final = 15
_FIRST_PAUSE: Final = timedelta(seconds=15)
_LONGEST_PAUSE: Final = timedelta(hours=2)
_AT_ONCE: Final = 50
_KEPT_FOR: Final = timedelta(days=14)

_log = logging.getLogger(__name__)


class NotificationService:
    """Notices, keeps what is to be told in the database, and sends it."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        clock: Clock,
        path: Path,
        noticing: Noticing,
        send: Send,
    ) -> None:
        """Read the channels.

        Raises:
            UsageError: `notify.yaml` cannot be understood.
        """
        self._database = database
        self._trail = trail
        self._clock = clock
        self._path = path
        self._noticing = noticing
        self._send = send
        self._channels = load_channels(path)
        self._last_act = database.read_now(store.last_act)

    def reload(self) -> None:
        """Read the channels anew.

        Raises:
            UsageError: they cannot be understood; those of before stay.
        """
        former, self._channels = self._channels, load_channels(self._path)
        if not former:  # what happened while nobody wanted to hear of it is no news
            self._last_act = self._database.read_now(store.last_act)
            self._noticing.forget()

    async def look(self) -> None:
        """Note what happened since the last look, and send what is due."""
        if not self._channels:
            return
        now = self._clock.now()
        acts = await self._database.read(lambda connection: store.acts_after(connection, self._last_act))
        told = [of_act(row) for row in acts]
        happenings = [*self._noticing.look(now), *(one for one in told if one is not None)]
        deliveries = [
            self._delivery(channel, one, now)
            for one in happenings
            for channel in self._channels
            if _wants(channel, one)
        ]
        if deliveries:
            await self._database.write(lambda connection: store.add(connection, deliveries, now))
        if acts:
            self._last_act = acts[-1]["number"]
        for delivery in await self._database.read(lambda connection: store.due(connection, now, _AT_ONCE)):
            await self._try(delivery)

    async def prune(self) -> None:
        """Forget deliveries that are long over."""
        before = self._clock.now() - _KEPT_FOR
        await self._database.write(lambda connection: store.prune(connection, before))

    async def channels(self, actor: Actor) -> ChannelList:
        """Return the channels, and how many deliveries of each wait or were given up."""
        actor.require(Permission.READ_HEALTH)
        counts = await self._database.read(store.counts)
        return ChannelList(
            items=tuple(
                ChannelItem(
                    name=one.name,
                    type=one.type,
                    events=one.events or EVENTS,
                    match=one.match,
                    waiting=counts.get((one.name, "waiting"), 0),
                    dead=counts.get((one.name, "dead"), 0),
                )
                for one in self._channels
            )
        )

    async def list(self, actor: Actor, state: State | None, before: int | None, limit: int) -> DeliveryList:
        """Return a page of deliveries, the newest first."""
        actor.require(Permission.READ_HEALTH)
        items, following = await self._database.read(lambda connection: store.page(connection, state, before, limit))
        return DeliveryList(items=items, next_cursor=None if following is None else str(following))

    async def test(self, actor: Actor, name: str) -> Tested:
        """Send a test to a channel at once, and return whether it was taken.

        Raises:
            NotFoundError: there is no such channel.
        """
        actor.require(Permission.SEND_NOTIFICATIONS)
        channel = self._channel(name)
        now = self._clock.now()
        happening = Happening(event="test", at=now, text=f"{actor.name} tries this channel", about="test")
        await self._note(actor, "notification.test", name)
        try:
            await self._send(channel, self._delivery(channel, happening, now), now)
        except VigoError as error:
            return Tested(taken=False, problem=str(error))
        return Tested(taken=True)

    async def retry(self, actor: Actor, delivery_id: str) -> Delivery:
        """Try a delivery that waits or was given up at once.

        Raises:
            NotFoundError: there is no such delivery.
        """
        actor.require(Permission.SEND_NOTIFICATIONS)
        found = await self._database.read(lambda connection: store.find(connection, delivery_id))
        if found is None:
            raise NotFoundError(
                f"expected the id of a delivery, found {delivery_id[:60]!r}; `vigocli notify list` shows them"
            )
        await self._note(actor, "notification.retry", delivery_id)
        return found if found.state == "sent" else await self._try(msgspec.structs.replace(found, attempts=0))

    async def _try(self, delivery: Delivery) -> Delivery:
        now = self._clock.now()
        channel = next((one for one in self._channels if one.name == delivery.channel), None)
        attempts, problem = delivery.attempts + 1, ""
        if channel is None:
            attempts, problem = _MOST_ATTEMPTS, "notify.yaml has no channel of this name any more"
        else:
            try:
                await self._send(channel, delivery, now)
            except VigoError as error:
                problem = str(error)
        tried = _after(delivery, attempts, problem, now)
        if tried.state == "dead":
            _log.error("the notification %s for %s was given up: %s", delivery.id, delivery.channel, problem)
        await self._database.write(lambda connection: store.put(connection, tried))
        return tried

    def _delivery(self, channel: Channel, happening: Happening, now: datetime) -> Delivery:
        return Delivery(
            id=str(uuid.uuid4()), channel=channel.name, happening=happening, state="waiting", attempts=0, next_at=now
        )

    def _channel(self, name: str) -> Channel:
        found = next((one for one in self._channels if one.name == name), None)
        if found is None:
            names = ", ".join(one.name for one in self._channels) or "there is none"
            raise NotFoundError(f"expected a channel of notify.yaml ({names}), found {name[:60]!r}")
        return found

    async def _note(self, actor: Actor, action: str, subject: str) -> None:
        act = Act(actor=actor.name, action=action, subject=subject)
        job: Callable[[Connection], None] = lambda connection: self._trail.append(connection, act)  # noqa: E731 - the writer's form
        await self._database.write(job)


def _after(delivery: Delivery, attempts: int, problem: str, now: datetime) -> Delivery:
    """Return a delivery after an attempt: sent, given up, or waiting for longer each time."""
    if not problem:
        return msgspec.structs.replace(delivery, state="sent", attempts=attempts, next_at=None, problem="")
    if attempts >= _MOST_ATTEMPTS:
        return msgspec.structs.replace(delivery, state="dead", attempts=attempts, next_at=None, problem=problem[:500])
    pause = min(_FIRST_PAUSE * 2 ** (attempts - 1), _LONGEST_PAUSE)
    return msgspec.structs.replace(
        delivery, state="waiting", attempts=attempts, next_at=now + pause, problem=problem[:500]
    )


def _wants(channel: Channel, happening: Happening) -> bool:
    is_meant = not channel.events or happening.event in channel.events
    is_there = not channel.match or not happening.hostname or _is_of(happening.hostname, channel.match)
    return is_meant and is_there


def _is_of(hostname: str, patterns: Sequence[str]) -> bool:
    return any(matches(pattern, hostname) for pattern in patterns)
