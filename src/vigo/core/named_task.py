"""Tasks that the stacks declare: a command with typed parameters, and who may run it where."""

from collections.abc import Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Final, Literal

import msgspec

from vigo.core.errors import InvalidError
from vigo.core.hostnames import matches
from vigo.core.nearest import did_you_mean
from vigo.core.task import CHECK_WITHIN

ParameterType = Literal["text", "integer", "boolean"]
Value = str | int | bool

PREFIX: Final = "PARAM_"
"""What stands before a parameter's name, in capitals, in the command's environment."""

TIMEOUT: Final = timedelta(minutes=5)
"""Where a task does not say how long it may take."""

_MOST_TEXT: Final = 4_096
_BOOLEANS: Final = {"true": True, "false": False}
_LEAST_INTEGER: Final = -(2**63)
_GREATEST_INTEGER: Final = 2**63 - 1
_MOST_DIGITS: Final = 20


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """What is given to a task. Without a default it has to be given; with `one_of` it is one of these."""

    type: ParameterType = "text"
    description: str = ""
    default: Value | None = None
    one_of: tuple[Value, ...] = ()

    def value(self, name: str, text: str) -> Value:
        """Return the value that a text stands for.

        Raises:
            InvalidError: it is none of this parameter's.
        """
        found = _typed(self.type, name, text)
        if self.one_of and found not in self.one_of:
            allowed = ", ".join(written(one) for one in self.one_of)
            raise InvalidError(f"{name}: expected one of {allowed}, found {text[:60]!r}")
        return found


class NamedTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task as declared. `operators` and `match` are None where anybody with the right may run it anywhere."""

    name: str
    description: str
    command: str
    parameters: Mapping[str, Parameter] = {}
    timeout: timedelta = TIMEOUT
    user: str | None = None
    health_check: str = ""
    health_within: timedelta = CHECK_WITHIN
    operators: tuple[str, ...] | None = None
    match: tuple[str, ...] | None = None

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that hold the parameters; a shell does not take what is in a variable for its syntax.

        Raises:
            InvalidError: a parameter is missing, unknown, or of another type.
        """
        return variables(values_of(self.name, self.parameters, given))

    def is_for(self, operator: str) -> bool:
        """Return whether an operator may run it."""
        return is_among(operator, self.operators)

    def may_run_on(self, hostname: str) -> bool:
        """Return whether it may be run on a machine."""
        return is_covered(hostname, self.match)


def is_among(operator: str, operators: tuple[str, ...] | None) -> bool:
    """Return whether one of these names or globs is an operator's; None means all of them."""
    return operators is None or any(fnmatchcase(operator, name) for name in operators)


def is_covered(hostname: str, match: tuple[str, ...] | None) -> bool:
    """Return whether one of these patterns covers a machine; None means all of them."""
    return match is None or any(matches(pattern, hostname) for pattern in match)


def values_of(owner: str, parameters: Mapping[str, Parameter], given: Mapping[str, str]) -> dict[str, Value]:
    """Return the value of each parameter, from what was given or from its default.

    Raises:
        InvalidError: a parameter is missing, unknown, or of another type.
    """
    for name in given:
        if name not in parameters:
            known = ", ".join(parameters) or "none"
            near = did_you_mean(name, parameters)
            raise InvalidError(f"{owner} has no parameter {name[:60]!r}{near}; it has: {known}")
    found: dict[str, Value] = {}
    for name, parameter in parameters.items():
        if name in given:
            found[name] = parameter.value(name, given[name])
        elif parameter.default is not None:
            found[name] = parameter.default
        else:
            raise InvalidError(f"{name}: expected a value, since {owner} has no default for it; found none")
    return found


def variables(values: Mapping[str, Value]) -> dict[str, str]:
    """Return the variables of a command's environment that hold the values of parameters."""
    return {f"{PREFIX}{name.upper()}": written(value) for name, value in values.items()}


def written(value: Value) -> str:
    """Return a value as a command gets it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _typed(as_type: ParameterType, name: str, text: str) -> Value:
    if as_type == "boolean":
        if text not in _BOOLEANS:
            raise InvalidError(f"{name}: expected true or false, found {text[:60]!r}")
        return _BOOLEANS[text]
    if as_type == "integer":
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdecimal() and len(digits) < _MOST_DIGITS):
            raise InvalidError(f"{name}: expected a whole number, found {text[:60]!r}")
        if not _LEAST_INTEGER <= int(text) <= _GREATEST_INTEGER:
            raise InvalidError(f"{name}: expected a number of at most 64 bits, found {text}")
        return int(text)
    if "\0" in text or len(text) > _MOST_TEXT:
        raise InvalidError(f"{name}: expected a text of at most {_MOST_TEXT} characters without a NUL, found another")
    return text
