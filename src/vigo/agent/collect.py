"""Collecting the traits: each set when it is due, all at once, and none at the cost of another."""

import logging
import threading
from collections.abc import Mapping
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
    boot, or when the clock went back. The due ones run side by side, each for no longer than its time limit.

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
    attempts = {name: _Attempt(one, host) for name, one in due.items()}
    started = clock.monotonic()
    for attempt in attempts.values():
        attempt.start()
    failures: dict[str, str] = {}
    for name, attempt in attempts.items():
        one, former = due[name], cache.sets.get(name)
        try:
            fields = attempt.result(one.timeout - (clock.monotonic() - started))
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
    """One set being collected, in a thread that ends with the process and holds up nobody.

    A reader can hang where no time limit reaches it, on a file server that is gone. Such a thread is left behind, and
    its set is not tried again before it came back: else each cycle would leave one more.
    """

    def __init__(self, one: Collector, host: ReadHost) -> None:
        self._one = one
        self._host = host
        self._fields: dict[str, Any] | None = None
        self._error: VigoError | None = None
        self._thread = threading.Thread(target=self._collect, name=f"{_THREAD}{one.name}", daemon=True)
        self._is_held_up = False

    def start(self) -> None:
        """Begin, unless an earlier attempt still hangs."""
        self._is_held_up = any(thread.name == self._thread.name for thread in threading.enumerate())
        if not self._is_held_up:
            self._thread.start()

    def result(self, limit: timedelta) -> dict[str, Any]:
        """Return the set as built-in values, waited for no longer than the limit.

        Raises:
            VigoError: it failed or did not end in time.
        """
        if self._is_held_up:
            raise UnavailableError("an earlier attempt still waits for the host; look for a disk or mount that hangs")
        self._thread.join(max(limit.total_seconds(), 0))
        if self._thread.is_alive():
            seconds = self._one.timeout.total_seconds()
            raise UnavailableError(f"expected an answer within {seconds:g} s, found none; it is tried again next time")
        if self._fields is None:
            raise self._error or UnavailableError("it ended without an answer")
        return self._fields

    def _collect(self) -> None:
        try:
            self._fields = _as_values(self._one.collect(self._host))
        except VigoError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001 - a fault in one set must not cost the others
            _log.exception("trait collector failed set=%s", self._one.name)
            self._error = UnavailableError(f"unexpected {type(error).__name__}: {error}; please report it")


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
