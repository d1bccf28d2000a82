"""The named predicates without a machine: from traits where these tell, else from what a test says, else unknown.

They answer as the agent's own do; `tests/policy/test_trial_predicates.py` holds the two against each other.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from vigo.core import hostnames
from vigo.core.conditions import PREDICATES, argument_problem, version_key
from vigo.core.errors import InvalidError
from vigo.core.templates import Functions, TemplateError
from vigo.core.traits import Traits
from vigo.policy.documents.facts import ANSWERED, LOCAL_TIME, Facts


class UnknownHereError(InvalidError):
    """What a predicate answers depends on the machine, and no fact says it."""


def trial_predicates(traits: Traits, facts: Facts) -> Functions:
    """Return every predicate by its name.

    A wrong argument raises a TemplateError; a predicate that looks at the machine, and whose answer the facts do not
    hold, an UnknownHereError.
    """
    bound: dict[str, Callable[..., bool]] = {
        "os_family": lambda name: _trait(traits, "os", "family").lower() == name.lower(),
        "os_id": lambda name: _trait(traits, "os", "id").lower() == name.lower(),
        "version_ge": lambda version, than: version_key(str(version)) >= version_key(str(than)),
        "version_lt": lambda version, than: version_key(str(version)) < version_key(str(than)),
        "hostname_matches": partial(_hostname_matches, traits),
        LOCAL_TIME: partial(_local_time, facts),
        **{name: partial(_answer, facts, name) for name in ANSWERED},
    }
    return {name: _checked(name, predicate) for name, predicate in bound.items()}


def _checked(name: str, predicate: Callable[..., bool]) -> Callable[..., bool]:
    """Return the predicate with its arguments checked as `argument_problem` says."""
    arguments = PREDICATES[name].arguments

    def call(*values: Any, **named: Any) -> bool:
        given = {**dict(zip(arguments, values, strict=False)), **named}
        if len(values) > len(arguments) or len(given) != len(values) + len(named) or given.keys() != arguments.keys():
            found = ", ".join([*map(repr, values), *(f"{key}={value!r}" for key, value in named.items())]) or "nothing"
            raise TemplateError(f"{name}: expected {' and '.join(arguments)}, found {found[:200]}", None)
        for key, value in given.items():
            problem = argument_problem(arguments[key], value)
            if problem is not None:
                raise TemplateError(f"{name}: {key}: expected {problem}, found {value!r:.80}", None)
        try:
            return predicate(*(given[key] for key in arguments))
        except TemplateError as error:
            raise TemplateError(f"{name}: {error}", None, undefined=error.undefined) from error

    return call


def _hostname_matches(traits: Traits, pattern: str) -> bool:
    network = traits.get("network", {})
    names = {str(network[field]) for field in ("fqdn", "hostname") if network.get(field)}
    if not names:
        names = {_trait(traits, "network", "hostname")}
    return any(hostnames.matches(pattern, name) for name in names)


def _local_time(facts: Facts, start: str, end: str) -> bool:
    if start == end:
        message = f"expected two different times, found {start!r} twice; leave the condition out"
        raise TemplateError(message, None)
    now = facts.local_time
    if now is None:
        raise UnknownHereError(f"what time it is: say it in `facts`, such as {{{LOCAL_TIME}: '23:00'}}")
    # Times of day are written such that they compare as text.
    return start <= now < end if start < end else now >= start or now < end


def _answer(facts: Facts, name: str, argument: object) -> bool:
    answer = facts.answers.get((name, str(argument)))
    if answer is None:
        shown = f"{argument!r:.80}"
        raise UnknownHereError(f"{name}({shown}): say it in `facts`, such as {{{name}: {{{shown}: true}}}}")
    return answer


def _trait(traits: Traits, name: str, field: str) -> str:
    value = traits.get(name, {}).get(field)
    if value is None:
        raise TemplateError(f"this machine has no trait {name}.{field}", None, undefined=True)
    return str(value)
