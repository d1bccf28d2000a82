"""Collecting the traits: each set when it is due, all at once, and none at the cost of another."""

import logging
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

import vigo
from vigo.agent.machine import Collected
from vigo.catalog.api import Collector, ReadHost, TraitSet
from vigo.catalog.scan import OnDemand, collectors_on_demand
from vigo.catalog.traits.measured import settled
from vigo.core.clock import Clock
from vigo.core.encoding import encode
from vigo.core.errors import UnavailableError, VigoError

_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_THREAD = "traits-"
_PATIENCE_SECONDS = 0.02
"""How long a set may keep the next ones from being begun."""

_log = logging.getLogger(__name__)


class _Kept(msgspec.Struct, frozen=True):
    """One set, when it was collected, and how long it holds."""

    at: datetime
    every: timedelta
    traits: dict[str, Any]


class _Cache(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered between two cycles, for one version of the agent and one boot of the host."""

    version: str = ""
    boot: str = ""
    sets: dict[str, _Kept] = {}


def collect_all(
    host: ReadHost, clock: Clock, previous: dict[str, Any], declared: Mapping[str, Collector] | None = None
) -> Collected:
    """Return the traits, the cache to hand in as `previous` next time, and by name why a set could not be collected.

    A set is collected anew when its period is over, when the agent or the host was started in another version or
    boot, or when the clock went back. Each of the due ones has its own time limit; one that waits holds up no other.

    One that fails or takes too long is tried again at the next cycle. Until its age is twice its period the former
    value stays, since a slow disk must not turn conditions around; then the set is left out. So a set that is due in
    every cycle is left out at once: what was free in another cycle says nothing of this one.
    """
    found: Mapping[str, Collector] = collectors_on_demand() if declared is None else declared
    cache = _usable(previous, host)
    now = clock.now()
    names = found.module_names if isinstance(found, OnDemand) else frozenset(found)
    # A set that is not due is not even imported.
    kept = {name: one for name, one in cache.sets.items() if name in names and not _is_due(one, now)}
    due = {name: one for name in sorted(names.difference(kept)) if (one := found.get(name)) is not None}
    attempts = [_Attempt(one, host) for one in due.values()]
    _Round(attempts, clock).run()
    failures: dict[str, str] = {}
    for attempt in attempts:
        one, name = attempt.one, attempt.one.name
        former = cache.sets.get(name)
        try:
            fields = attempt.result()
        except VigoError as error:
            failures[name] = str(error)
            if former is not None and timedelta(0) <= now - former.at < 2 * one.every:
                kept[name] = former
            continue
        traits = fields if former is None else settled(one.schema, fields, former.traits)
        kept[name] = _Kept(now, one.every, traits)
    kept = dict(sorted(kept.items()))
    after = _Cache(version=cache.version, boot=cache.boot, sets=kept)
    return Collected({name: one.traits for name, one in kept.items()}, msgspec.to_builtins(after), failures)


class _Attempt:
    """One set being collected."""

    def __init__(self, one: Collector, host: ReadHost) -> None:
        self.one = one
        self.began = timedelta(0)
        self._host = host
        self._fields: dict[str, Any] | None = None
        self._error: VigoError | None = None
        self._problem = ""

    @property
    def thread_name(self) -> str:
        """How a thread is called while it collects this set."""
        return f"{_THREAD}{self.one.name}"

    def collect(self) -> None:
        """Collect it; no error leaves this."""
        try:
            self._fields = _as_values(self.one.collect(self._host))
        except VigoError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001 - a fault in one set must not cost the others
            _log.exception("trait collector failed set=%s", self.one.name)
            self._error = UnavailableError(f"unexpected {type(error).__name__}: {error}; please report it")

    def give_up(self, problem: str) -> None:
        """Fail for a reason, whatever comes later."""
        self._problem = problem

    def result(self) -> dict[str, Any]:
        """Return the set as built-in values.

        Raises:
            VigoError: it failed or did not end in time.
        """
        if self._problem:
            raise UnavailableError(self._problem)
        if self._fields is None:
            raise self._error or UnavailableError("it ended without an answer")
        return self._fields


class _Round:
    """Sets that are collected together, one after the other, and beside each other as soon as one has to wait.

    A thread for each would take twice the time: most read a few files, and threads that compute wait for each other. A
    reader can hang where no time limit reaches it, on a file server that is gone. Such a thread is left behind, and its
    set is not tried again before it came back: else each cycle would leave one more.
    """

    def __init__(self, attempts: Iterable[_Attempt], clock: Clock) -> None:
        hanging = {thread.name for thread in threading.enumerate()}
        self._clock = clock
        self._waiting: deque[_Attempt] = deque()
        self._running: set[_Attempt] = set()
        self._ended = 0
        self._threads = 0
        self._has_ended = threading.Condition()
        for attempt in attempts:
            if attempt.thread_name in hanging:
                attempt.give_up("an earlier attempt still waits for the host; look for a disk or mount that hangs")
            else:
                self._waiting.append(attempt)

    def run(self) -> None:
        """Return when each set was collected, failed, or was given up."""
        with self._has_ended:
            while self._waiting or self._running:
                if self._waiting and not self._threads:
                    self._go_on()
                ended = self._ended
                self._has_ended.wait(_PATIENCE_SECONDS)
                self._leave_overdue()
                if self._waiting and self._ended == ended:
                    self._go_on()

    def _go_on(self) -> None:
        self._threads += 1
        threading.Thread(target=self._work, name=_THREAD, daemon=True).start()

    def _leave_overdue(self) -> None:
        now = self._clock.monotonic()
        for attempt in [one for one in self._running if now - one.began >= one.one.timeout]:
            seconds = attempt.one.timeout.total_seconds()
            attempt.give_up(f"expected an answer within {seconds:g} s, found none; it is tried again next time")
            self._running.discard(attempt)
            self._threads -= 1

    def _work(self) -> None:
        thread = threading.current_thread()
        while (attempt := self._next()) is not None:
            thread.name = attempt.thread_name
            attempt.collect()
            thread.name = _THREAD
            if not self._end(attempt):
                return

    def _next(self) -> _Attempt | None:
        with self._has_ended:
            if not self._waiting:
                self._threads -= 1
                return None
            attempt = self._waiting.popleft()
            attempt.began = self._clock.monotonic()
            self._running.add(attempt)
            return attempt

    def _end(self, attempt: _Attempt) -> bool:
        """Return whether the set was still waited for."""
        with self._has_ended:
            if attempt not in self._running:
                return False
            self._running.discard(attempt)
            self._ended += 1
            if not self._running and not self._waiting:
                self._has_ended.notify()
            return True


def _as_values(traits: TraitSet) -> dict[str, Any]:
    """Return the set as it travels; what cannot be encoded fails here, where it costs this set alone."""
    fields = traits.as_values()
    encode(fields)
    return fields


def _usable(previous: dict[str, Any], host: ReadHost) -> _Cache:
    """Return the former cache as far as it still holds: nothing of it after an update or a boot."""
    try:
        cache = msgspec.convert(previous, _Cache)
    except msgspec.ValidationError:
        cache = _Cache()
    boot = _boot(host)
    return (
        cache
        if (cache.version, cache.boot) == (vigo.__version__, boot)
        else _Cache(version=vigo.__version__, boot=boot)
    )


def _boot(host: ReadHost) -> str:
    try:
        return (host.read_text(_BOOT_ID) or "").strip()
    except UnavailableError:
        return ""


def _is_due(former: _Kept, now: datetime) -> bool:
    return not timedelta(0) <= now - former.at < former.every
