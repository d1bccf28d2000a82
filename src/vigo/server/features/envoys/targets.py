"""Which envoys are meant: by name, by what the stacks make of them, by what they told of themselves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from vigo.core.errors import InvalidError, NotFoundError
from vigo.core.hostnames import check_pattern, is_exact, matches
from vigo.core.ids import EnvoyId
from vigo.core.target import Target
from vigo.core.templates import TemplateError, Templates
from vigo.core.traits import Traits
from vigo.server.features.envoys.models import EnvoyRecord

MOST_HOSTS: Final = 1_000
MOST_PATTERNS: Final = 100
"""Of hosts that are globs or regular expressions: each is held against every envoy."""

_AT_ONCE: Final = 200
"""Envoys whose traits are unpacked at the same time: all of a fleet's would take gigabytes."""

StoredTraits = Callable[[Sequence[EnvoyId]], Mapping[EnvoyId, Traits]]


class Candidate(NamedTuple):
    """An envoy that may be meant, and what the live generation makes of it."""

    record: EnvoyRecord
    environment: str | None
    roles: tuple[str, ...]


def fitting(target: Target, candidates: Sequence[Candidate], stored_traits: StoredTraits) -> Sequence[EnvoyRecord]:
    """Return the envoys that a target means, in their order; there is at least one.

    Raises:
        InvalidError: the target says nothing, or cannot be understood.
        NotFoundError: nobody fits it.
    """
    found = [one for one in _named(target, candidates) if _is_assigned(target, one)]
    if target.where and found:
        found = list(_told_so(target.where, found, stored_traits))
    if not found:
        raise NotFoundError(f"expected active envoys that the target fits ({target.text()}), found none")
    return [one.record for one in found]


def _named(target: Target, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    if not target.text():
        raise InvalidError("expected a target (hosts, an environment, a role, where, or everyone), found none")
    if target.everyone and target.hosts:
        raise InvalidError("expected everyone or hosts, found both; name the hosts alone")
    if len(target.hosts) > MOST_HOSTS:
        raise InvalidError(f"expected at most {MOST_HOSTS} hosts, found {len(target.hosts)}; use a glob or `where`")
    patterns = sum(not is_exact(host) for host in target.hosts)
    if patterns > MOST_PATTERNS:
        raise InvalidError(f"expected at most {MOST_PATTERNS} globs and `~regex`, found {patterns}; use fewer")
    if not target.hosts:
        return candidates
    by_name = {name: one for one in candidates for name in (one.record.hostname, one.record.id)}
    found: set[EnvoyId] = set()
    for host in target.hosts:
        check_pattern(host)
        if is_exact(host):
            exact = by_name.get(host.removesuffix(".").lower())
            fits = set() if exact is None else {exact.record.id}
        else:
            fits = {one.record.id for one in candidates if matches(host, one.record.hostname)}
        if not fits:
            raise NotFoundError(f"expected an active envoy that {host[:80]!r} fits, found none; nobody was told")
        found |= fits
    return [one for one in candidates if one.record.id in found]


def _is_assigned(target: Target, one: Candidate) -> bool:
    return target.environment in (None, one.environment) and (target.role is None or target.role in one.roles)


def _told_so(where: str, candidates: Sequence[Candidate], stored_traits: StoredTraits) -> Iterator[Candidate]:
    """Yield of whom an expression is true. One whose traits lack what it names does not fit.

    Raises:
        InvalidError: it can be evaluated for nobody.
    """
    templates, problem, evaluated = Templates({}), None, 0
    for first in range(0, len(candidates), _AT_ONCE):
        some = candidates[first : first + _AT_ONCE]
        traits = stored_traits([one.record.id for one in some])
        for one in some:
            context = {
                "traits": traits.get(one.record.id, {}),
                "hostname": one.record.hostname,
                "environment": one.environment,
                "roles": one.roles,
            }
            try:
                holds = templates.holds(where, context)
            except TemplateError as error:
                problem = error
                continue
            evaluated += 1
            if holds:
                yield one
    if problem is not None and not evaluated:
        raise InvalidError(f"where: `{where}` cannot be evaluated for any of {len(candidates)} envoys: {problem}")
