"""The fleet at a glance: how many envoys are how, and which of them fit a filter."""

import operator
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Final, NamedTuple, TypeVar, get_args

from vigo.core.clock import Clock
from vigo.core.errors import InvalidError
from vigo.core.hostnames import check_pattern, matches
from vigo.server.features.envoys.convergence import Convergence, Drift, Reachability
from vigo.server.features.envoys.index import EnvoyIndex
from vigo.server.features.envoys.models import (
    FLEET_FIELDS,
    KNOWN_STATES,
    Axes,
    EnvoyRecord,
    FleetGroup,
    FleetGroups,
    FleetPage,
    FleetSummary,
    Order,
)
from vigo.server.features.envoys.overview import Overview
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.web.filtering import Term, check_values, parse_filter

_GROUPED_BY: Final = ("environment", "role", "entry", "version", "generation")
_OLD_AFTER: Final = timedelta(seconds=10)
"""An envoy becomes stale by saying nothing."""
_SHARE: Final = 20
"""One part in so many of the time may go into looking."""
_WORST: Final[dict[str, int]] = {
    "failed": 100,
    "degraded": 30,
    "no-data": 10,
    "diverged": 20,
    "changed": 2,
    "stale": 50,
    "never": 5,
}
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Row(NamedTuple):
    record: EnvoyRecord
    axes: Axes
    environment: str | None
    roles: tuple[str, ...]
    entry: str | None
    is_connected: bool
    generation: int | None
    badness: int


class _Looked(NamedTuple):
    """When rows were made: of what, from when on they may be made again, and when they are too old in any case."""

    version: object
    again_at: float
    old_at: timedelta


class Fleet:
    """All envoys with how they are.

    They are looked at when somebody looks and something changed; in a large fleet that takes a while in which nobody
    else is answered, so it is done for one part in twenty of the time at most.
    """

    def __init__(self, index: EnvoyIndex, overview: Overview, clock: Clock) -> None:
        self._index = index
        self._overview = overview
        self._clock = clock
        self._looked: _Looked | None = None
        self._rows: list[_Row] = []

    def summary(self, actor: Actor) -> FleetSummary:
        """Return how many envoys are how."""
        actor.require(Permission.READ_ENVOYS)
        return self.counted()

    def counted(self) -> FleetSummary:
        """Return the same for the server itself."""
        rows = self._now()
        active = [row for row in rows if row.record.is_active]
        live = self._overview.live_number
        return FleetSummary(
            envoys=len(active),
            connected=sum(row.is_connected for row in active),
            revoked=len(rows) - len(active),
            convergence=_counts(get_args(Convergence), [row.axes.convergence for row in active]),
            drift=_counts(get_args(Drift), [row.axes.drift for row in active]),
            reachability=_counts(get_args(Reachability), [row.axes.reachability for row in active]),
            live_generation=live,
            on_live_generation=sum(row.generation is not None and row.generation == live for row in active),
        )

    def page(self, actor: Actor, wanted: str, order: Order, offset: int, limit: int) -> FleetPage:
        """Return envoys that fit a filter; without a word about their status, active ones.

        Raises:
            InvalidError: the filter cannot be understood.
        """
        actor.require(Permission.READ_ENVOYS)
        found = self.fitting(wanted)
        if order == "worst":
            found.sort(key=operator.attrgetter("badness"), reverse=True)
        elif order == "seen":
            found.sort(key=lambda row: row.record.last_seen_at or _LONG_AGO, reverse=True)
        shown = found[offset : offset + limit]
        following = offset + limit
        return FleetPage(
            items=tuple(self._overview.item(row.record) for row in shown),
            found=len(found),
            next_offset=following if following < len(found) else None,
        )

    def groups(self, actor: Actor, by: str) -> FleetGroups:
        """Return active envoys in groups: by environment, role, entry, version, generation, or the value of a label.

        Raises:
            InvalidError: there is no such way to group them.
        """
        actor.require(Permission.READ_ENVOYS)
        if by not in _GROUPED_BY and not by.startswith("label:"):
            raise InvalidError(f"expected to group by {', '.join(_GROUPED_BY)} or label:NAME, found {by[:40]!r}")
        found: dict[str, list[_Row]] = {}
        for row in self._now():
            for name in _names(row, by) if row.record.is_active else ():
                found.setdefault(name, []).append(row)
        groups = [
            FleetGroup(
                name=name,
                filter=f'label:"{by.removeprefix("label:")}={name}"' if by.startswith("label:") else f'{by}:"{name}"',
                envoys=len(rows),
                convergence=_counts(get_args(Convergence), [row.axes.convergence for row in rows]),
                diverged=sum(row.axes.drift == "diverged" for row in rows),
                stale=sum(row.axes.reachability == "stale" for row in rows),
            )
            for name, rows in found.items()
        ]
        return FleetGroups(by=by, items=tuple(sorted(groups, key=lambda one: (-one.envoys, one.name))))

    def everyone(self) -> list[tuple[EnvoyRecord, Axes]]:
        """Return all envoys with how they are."""
        return [(row.record, row.axes) for row in self._now()]

    def fitting(self, wanted: str) -> list[_Row]:
        """Return those that fit a filter, by hostname."""
        terms = parse_filter(wanted, FLEET_FIELDS)
        tests = [_test(term) for term in terms]
        if not any(term.field == "status" for term in terms):
            tests.insert(0, lambda row: row.record.is_active)
        return [row for row in self._now() if all(test(row) for test in tests)]

    def _now(self) -> Sequence[_Row]:
        version, now = (self._overview.version, self._index.changes), self._clock.monotonic()
        looked = self._looked
        may_look = looked is None or perf_counter() >= looked.again_at
        if may_look and (looked is None or version != looked.version or now >= looked.old_at):
            began, moment = perf_counter(), self._clock.now()
            self._rows = [self._row(record, moment) for record in self._index.everyone()]
            ended = perf_counter()
            self._looked = _Looked(version, ended + (ended - began) * _SHARE, now + _OLD_AFTER)
        return self._rows

    def _row(self, record: EnvoyRecord, now: datetime) -> _Row:
        assigned, latest = self._overview.assigned(record), self._overview.latest(record)
        axes = self._overview.axes_of(record, assigned, latest, now)
        environment, roles, entry = (
            (None, (), None) if assigned is None else (assigned.environment, assigned.roles, assigned.entry)
        )
        generation = self._overview.generation_of(record, assigned, latest)
        badness = sum(_WORST.get(one, 0) for one in axes)
        return _Row(record, axes, environment, roles, entry, self._overview.is_connected(record), generation, badness)


_StateT = TypeVar("_StateT", bound=str)


def _counts(known: Sequence[_StateT], found: Sequence[_StateT]) -> dict[_StateT, int]:
    counted = Counter(found)
    return {one: counted[one] for one in known}


def _names(row: _Row, by: str) -> Iterable[str]:
    if by.startswith("label:"):
        value = row.record.labels.get(by.removeprefix("label:"))
        return () if value is None else (value,)
    if by == "role":
        return row.roles
    single = {
        "environment": row.environment,
        "entry": row.entry,
        "version": row.record.agent_version or None,
        "generation": None if row.generation is None else str(row.generation),
    }
    value = single[by]
    return () if value is None else (value,)


_Test = Callable[[_Row], bool]


def _test(term: Term) -> _Test:
    """Return what tells whether a row fits a word.

    Raises:
        InvalidError: it has a value that the field cannot have.
    """
    if term.field in KNOWN_STATES:
        check_values(term, KNOWN_STATES[term.field])
    if term.field == "host":
        for value in term.values:
            check_pattern(value)
    if term.field == "generation" and not all(value.isascii() and value.isdecimal() for value in term.values):
        raise InvalidError(f"filter: generation: expected a number, found {term.values[0][:40]!r}")
    test = _TESTS[term.field]
    values = tuple(value.casefold() for value in term.values) if not term.field else term.values
    if term.is_negated:
        return lambda row: not test(row, values)
    return lambda row: test(row, values)


def _is_host(row: _Row, values: tuple[str, ...]) -> bool:
    return any(matches(value, row.record.hostname) for value in values)


def _is_labelled(row: _Row, values: tuple[str, ...]) -> bool:
    labels = row.record.labels
    return any(
        name in labels and (not equals or labels[name] == value)
        for name, equals, value in (one.partition("=") for one in values)
    )


_TESTS: Final[dict[str, Callable[[_Row, tuple[str, ...]], bool]]] = {
    "": lambda row, values: any(value in row.record.hostname for value in values),
    "convergence": lambda row, values: row.axes.convergence in values,
    "drift": lambda row, values: row.axes.drift in values,
    "reachability": lambda row, values: row.axes.reachability in values,
    "status": lambda row, values: row.record.status in values,
    "connected": lambda row, values: ("yes" if row.is_connected else "no") in values,
    "host": _is_host,
    "environment": lambda row, values: row.environment in values,
    "role": lambda row, values: any(role in values for role in row.roles),
    "entry": lambda row, values: row.entry in values,
    "label": _is_labelled,
    "version": lambda row, values: row.record.agent_version in values,
    "generation": lambda row, values: str(row.generation) in values,
}
