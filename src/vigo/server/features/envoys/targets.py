"""Which envoys are meant: by name, by what the stacks make of them, by what they told of themselves."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from vigo.core.errors import InvalidError, NotFoundError
from vigo.core.hostnames import check_pattern, matches
from vigo.core.ids import EnvoyId
from vigo.core.templates import TemplateError, Templates
from vigo.core.traits import Traits
from vigo.server.features.envoys.models import EnvoyRecord, Target
from vigo.server.features.generations.models import Assignment

MOST_HOSTS = 1_000


def named(target: Target, records: Sequence[EnvoyRecord]) -> list[EnvoyRecord]:
    """Return who fits by name, of the envoys that are given.

    Raises:
        InvalidError: the target says nothing, or a pattern is none.
        NotFoundError: no envoy fits one of its hosts.
    """
    if not target.text():
        raise InvalidError("expected a target (hosts, an environment, a role, where, or everyone), found none")
    if target.everyone and target.hosts:
        raise InvalidError("expected everyone or hosts, found both; name the hosts alone")
    if len(target.hosts) > MOST_HOSTS:
        raise InvalidError(f"expected at most {MOST_HOSTS} hosts, found {len(target.hosts)}; use a glob or `where`")
    if not target.hosts:
        return list(records)
    found: dict[EnvoyId, EnvoyRecord] = {}
    for host in target.hosts:
        check_pattern(host)
        fitting = [record for record in records if record.id == host or matches(host, record.hostname)]
        if not fitting:
            raise NotFoundError(f"expected an active envoy that {host[:80]!r} fits, found none; nobody was told")
        found.update((record.id, record) for record in fitting)
    return [record for record in records if record.id in found]


def assigned(
    target: Target, records: Iterable[EnvoyRecord], assignment: Callable[[str], Assignment | None]
) -> list[EnvoyRecord]:
    """Return whom the live generation gives the environment and the role."""
    if target.environment is None and target.role is None:
        return list(records)
    found = []
    for record in records:
        one = assignment(record.hostname)
        if one is None or target.environment not in (None, one.environment):
            continue
        if target.role is None or target.role in one.roles:
            found.append(record)
    return found


def told_so(
    target: Target,
    records: Sequence[EnvoyRecord],
    traits: Mapping[EnvoyId, Traits],
    assignment: Callable[[str], Assignment | None],
) -> list[EnvoyRecord]:
    """Return of whom `where` is true. One whose traits lack what it names does not fit.

    Raises:
        InvalidError: it can be evaluated for nobody.
    """
    templates, found, problem, evaluated = Templates({}), [], None, 0
    for record in records:
        one = assignment(record.hostname)
        context = {
            "traits": traits.get(record.id, {}),
            "hostname": record.hostname,
            "environment": None if one is None else one.environment,
            "roles": () if one is None else one.roles,
        }
        try:
            holds = templates.holds(target.where, context)
        except TemplateError as error:
            problem = error
            continue
        evaluated += 1
        if holds:
            found.append(record)
    if problem is not None and not evaluated:
        raise InvalidError(f"where: `{target.where}` cannot be evaluated for any of {len(records)} envoys: {problem}")
    return found
