"""Reading templates and conditions: which names they use, what is wrong with them, whether they need a machine.

A template over `vars`, `item` and `key` alone is rendered when the policy is compiled; one with traits or predicates
in it is rendered on the machine. Either way what a template yields is data and is never rendered again.
"""

import re
import time
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar

import minijinja
import msgspec

from vigo.core.conditions import PREDICATE_NAMES
from vigo.core.nearest import did_you_mean
from vigo.core.secret_marker import SecretMarker, written
from vigo.core.templates import FUEL, TemplateError, Templates
from vigo.policy.comparisons import Comparison, comparisons_in
from vigo.policy.predicate_calls import blanked, call_problems
from vigo.policy.template_advice import advice
from vigo.policy.template_tags import MOST_OPERATORS, tags_in, too_long_at
from vigo.policy.yaml_tree import DEEPEST

LOCAL_NAMES: Final = frozenset({"item", "key"})
_OF_THE_ENGINE: Final = frozenset({"range", "dict"})
_ROOTS: Final = frozenset({"vars", "traits"}) | LOCAL_NAMES | PREDICATE_NAMES | _OF_THE_ENGINE
_ON_THE_MACHINE: Final = PREDICATE_NAMES | {"traits"}

_FILTER: Final = re.compile(r"\|\s*([A-Za-z_]\w*)")
_TEST: Final = re.compile(r"\bis\s+(?:not\s+)?([A-Za-z_]\w*)")
# A name with dots, and whether the template itself tests it or calls it.
_USE: Final = re.compile(
    r"(?P<path>[A-Za-z_]\w*+(?:\.\w++)*+)\s*+"
    r"(?:(?P<test>\|\s*(?:default|d)\b|is\s+(?:not\s+)?(?:defined|undefined)\b)|(?P<call>\())?"
)
# The engine lets a template call what a map or list of Python can do to itself: it would change what others see.
_CHANGING_CALL: Final = re.compile(
    r"\.\s*(append|clear|extend|insert|pop|popitem|remove|reverse|setdefault|sort|update)\s*\("
)
_NEW_VALUE: Final = "make another value instead, such as `vars.list + [1]`, `vars.list | sort`, or by {% set %}"
_NAME: Final = re.compile(r"(?<![\w.])[A-Za-z_]\w*+(?:\.\w++)*+")
_OTHER_TEMPLATE: Final = re.compile(r"[-+]?\s*(include|import|from|extends)\b")


_SLOW_SECONDS: Final = 0.002
_FUEL_PER_SECOND: Final = 50_000_000
_FUELS: Final = (FUEL // 1000, FUEL // 100, FUEL // 10, FUEL)
# The engine calls a map's methods like its keys; who calls one may look at all of it.
_METHODS: Final = frozenset({"items", "keys", "values", "get"})

T = TypeVar("T")

_HINT: Final = f"known are vars, traits, item and key (in foreach), and {', '.join(sorted(PREDICATE_NAMES))}"


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with a template, at which character, and what to do where the message does not say it."""

    message: str
    offset: int
    hint: str | None = None


class Parsed(msgspec.Struct, frozen=True, gc=False):
    """What a template or condition uses.

    `variables` and `traits` are the paths below `vars` and `traits` that must have a value, as tuples of names; those
    that the text itself tests by `is defined` or `default` are not among them.
    """

    names: frozenset[str]
    variables: tuple[tuple[str, ...], ...]
    traits: tuple[tuple[str, ...], ...]
    problems: tuple[Problem, ...]
    needs_machine: bool
    comparisons: tuple[Comparison, ...] = ()

    @property
    def locals(self) -> frozenset[str]:
        """Which of `item` and `key` it uses."""
        return LOCAL_NAMES & {name.partition(".")[0] for name in self.names}

    @property
    def variable_names(self) -> frozenset[str] | None:
        """The names right below `vars` that decide on what it yields; None where every variable may."""
        found = {name.split(".")[1] if "." in name else "" for name in self.names if name.partition(".")[0] == "vars"}
        return None if found & _METHODS or "" in found else frozenset(found)


class TemplateBook:
    """Reads each template once and renders what needs no machine.

    `fuel_used` only grows: what the renderings took that were not done at once, rounded up.
    """

    def __init__(self) -> None:
        # Nearly every template is done with the least fuel. The engine does not tell what was used, so the amounts
        # that did not do are what the others are known to have taken.
        self._plain = [Templates(fuel=fuel) for fuel in _FUELS]
        # Conditions are only tried here to find mistakes, so what the predicates answer does not matter.
        answers = dict.fromkeys(PREDICATE_NAMES, _any_answer)
        self._trial = [Templates(answers, fuel=fuel) for fuel in _FUELS]
        self._parsed: dict[tuple[str, bool], Parsed] = {}
        self.fuel_used = 0

    @property
    def size(self) -> int:
        """How many texts it has read."""
        return len(self._parsed)

    def template(self, text: str) -> Parsed:
        """Return what a template uses and what is wrong with it."""
        return self._read(text, self._plain[0].names_in, is_expression=False)

    def condition(self, text: str) -> Parsed:
        """Return what a `when:` expression uses and what is wrong with it."""
        return self._read(text, self._names_in_condition, is_expression=True)

    def value(self, source: str, context: Mapping[str, Any]) -> Any:
        """Return the value of a template that needs no machine: its own type where it is one expression, else a text.

        Raises:
            TemplateError: it cannot be rendered.
        """
        return self._with_fuel(self._plain, lambda engine: engine.value(source, context))

    def render(self, source: str, context: Mapping[str, Any]) -> str:
        """Return a rendered text.

        Raises:
            TemplateError: it cannot be rendered.
        """
        return self._with_fuel(self._plain, lambda engine: engine.render(source, context))

    def try_condition(self, text: str, context: Mapping[str, Any]) -> None:
        """Evaluate a condition that needs no machine, for its errors only.

        Raises:
            TemplateError: it cannot be evaluated.
        """
        self._with_fuel(self._trial, lambda engine: engine.evaluate(text, context))

    def _with_fuel(self, engines: Sequence[Templates], work: Callable[[Templates], T]) -> T:
        begun = time.thread_time()
        try:
            for engine, fuel in zip(engines[:-1], _FUELS, strict=False):
                try:
                    return work(engine)
                except TemplateError as error:
                    if not error.out_of_fuel:
                        raise
                    self.fuel_used += fuel
            self.fuel_used += _FUELS[-1]
            return work(engines[-1])
        finally:
            seconds = time.thread_time() - begun
            if seconds > _SLOW_SECONDS:
                # A filter is one instruction, however long its list.
                self.fuel_used += int(seconds * _FUEL_PER_SECOND)

    def _read(self, text: str, names_in: Callable[[str], frozenset[str]], *, is_expression: bool) -> Parsed:
        known = self._parsed.get((text, is_expression))
        too_long = None if known is not None else too_long_at(text, is_expression=is_expression)
        if too_long is not None:
            # Nothing of it may reach the engine.
            message = f"expected at most {MOST_OPERATORS} operators, brackets and filters in one expression, found more"
            problem = Problem(message, too_long, "part it by {% set %}, or put the values into variables")
            known = self._parsed[text, is_expression] = Parsed(frozenset(), (), (), (problem,), needs_machine=True)
        if known is None:
            try:
                names = names_in(text)
            except TemplateError as error:
                what = "expression" if is_expression else "template"
                offset = min(error_offset(text, error), len(text))
                hint = advice(text, offset, str(error), is_expression=is_expression)
                problem = Problem(f"the {what} cannot be read: {error}", offset, hint)
                known = Parsed(frozenset(), (), (), (problem,), needs_machine=True)
            else:
                known = _parsed(text, names, self._plain[0], is_expression=is_expression)
            self._parsed[text, is_expression] = known
        return known

    def _names_in_condition(self, text: str) -> frozenset[str]:
        try:
            self.try_condition(text, {})
        except TemplateError as error:
            # Only the form counts here: names are unknown as yet, and each entry has its own variables.
            if kind_of(error) == "SyntaxError":
                raise
        return self._trial[0].names_in_expression(text)


def variable_missing(
    path: tuple[str, ...], variables: Mapping[str, Any], suggestion: Callable[[str, Collection[str]], str]
) -> str | None:
    """Return what is missing of a variable's path, with the nearest name, or None where it has a value."""
    value: Any = variables
    for index, name in enumerate(path):
        if isinstance(value, dict):
            if name not in value:
                shown = ".".join(("vars", *path[: index + 1]))
                return f"no variable {shown}{suggestion(name, value)}"
            value = value[name]
        elif isinstance(value, str | int | float | SecretMarker | None):
            shown = ".".join(("vars", *path[:index]))
            return f"expected a map in {shown} to take {name!r} from, found {written(value)!r:.60}"
        else:
            return None
    return None


def offset_of(text: str, name: str) -> int:
    """Return where a name stands in a template's text, or its start."""
    return _offsets(text).get(name, 0)


@lru_cache(maxsize=16)
def _offsets(text: str) -> Mapping[str, int]:
    """Return where each name stands first, and each beginning of one with dots, for a template may have thousands."""
    found: dict[str, int] = {}
    for match in _NAME.finditer(text):
        parts = match[0].split(".", DEEPEST)
        for length in range(1, len(parts) + 1):
            found.setdefault(".".join(parts[:length]), match.start())
    return found


def error_offset(text: str, error: TemplateError) -> int:
    """Return the character of a template at which an error occurred."""
    if error.offset is not None:
        return error.offset
    span = getattr(error.__cause__, "range", None)
    if span is not None:
        return len(text.encode()[: span[0]].decode(errors="ignore"))
    lines = text.split("\n")[: max((error.line or 1) - 1, 0)]
    return sum(len(line) + 1 for line in lines)


def kind_of(error: TemplateError) -> str:
    """Return the engine's word for an error, such as SyntaxError."""
    return error.__cause__.kind if isinstance(error.__cause__, minijinja.TemplateError) else ""


def _parsed(text: str, names: frozenset[str], engine: Templates, *, is_expression: bool) -> Parsed:
    roots = {name.partition(".")[0] for name in names}
    codes = [(0, text)] if is_expression else _codes(text)
    functions = (PREDICATE_NAMES | _OF_THE_ENGINE) & roots
    problems = [_unknown(root, text, is_expression=is_expression) for root in sorted(roots - _ROOTS)]
    for start, code in codes:
        calls = call_problems(code, functions, engine) if functions else ()
        problems += [Problem(message, start + offset) for message, offset in calls]
        problems += _mistakes(start, code)
        other = None if is_expression else _OTHER_TEMPLATE.match(code)
        if other and text[start - 2 : start] == "{%":
            message = f"expected a template that stands alone, found {other[1]!r}"
            problems.append(Problem(message, start + other.start(1)))
    return Parsed(
        names=names,
        variables=_required_below("vars", text, names),
        traits=_required_below("traits", text, names),
        problems=tuple(problems),
        needs_machine=not _ON_THE_MACHINE.isdisjoint(roots),
        comparisons=tuple(one for start, code in codes for one in comparisons_in(code, start)),
    )


def _unknown(name: str, text: str, *, is_expression: bool) -> Problem:
    if is_expression and name == "changed":
        message = "changed: expected it alone, as in `when: changed`, found more beside it"
        return Problem(
            message, offset_of(text, name), "name what has to change by `subscribes`; that goes with a condition"
        )
    near, offset = did_you_mean(name, _ROOTS), offset_of(text, name)
    if not near and text[:offset].rstrip()[-1:] in ("(", ",") and text[offset + len(name) :].lstrip()[:1] in (")", ","):
        return Problem(
            f"no name {name!r} in templates", offset, f"quote a text: '{name}'; write vars.{name} for a variable"
        )
    is_variable = not near and not text[offset + len(name) :].lstrip().startswith("(")
    hint = f"write vars.{name} for a variable; {_HINT}" if is_variable else _HINT
    return Problem(f"no name {name!r} in templates{near}", offset, hint)


def _required_below(root: str, text: str, names: frozenset[str]) -> tuple[tuple[str, ...], ...]:
    paths = [tuple(name.split(".")[1:]) for name in sorted(names) if name.startswith(f"{root}.")]
    tested: set[tuple[str, ...]] = set()
    called: set[tuple[str, ...]] = set()
    for found in _USE.finditer(text) if paths else ():
        names_of_path = found["path"].split(".")
        if root in names_of_path and (found["test"] or found["call"]):
            below = tuple(names_of_path[names_of_path.index(root) + 1 :])
            (tested if found["test"] else called).add(below)
    return tuple(required for path in paths if (required := _required(path, tested, called)))


def _required(
    path: tuple[str, ...], tested: Container[tuple[str, ...]], called: Container[tuple[str, ...]]
) -> tuple[str, ...]:
    """Return the part of a path that must have a value: nothing of what the text tests itself, no method's name."""
    if any(path[:length] in tested for length in range(1, min(len(path), DEEPEST) + 1)):
        return ()
    return path[:-1] if path in called else path


def _mistakes(start: int, code: str) -> list[Problem]:
    """Return calls that would change a value, and filters and tests that do not exist; the engine finds these late."""
    bare = blanked(code)
    changes = [
        Problem(
            f"{match[1]}: expected an expression that changes nothing, found a call that does",
            start + match.start(1),
            _NEW_VALUE,
        )
        for match in _CHANGING_CALL.finditer(bare)
    ]
    return changes + [
        Problem(f"no {what} has the name {match[1]!r}", start + match.start(1))
        for pattern, what, kind in ((_FILTER, "filter", "UnknownFilter"), (_TEST, "test", "UnknownTest"))
        for match in pattern.finditer(bare)
        if not _is_known(match[1], kind)
    ]


def _codes(text: str) -> list[tuple[int, str]]:
    return [(tag.start, tag.code) for tag in tags_in(text) if tag.is_closed]


@lru_cache(maxsize=4096)
def _is_known(name: str, unknown: str) -> bool:
    try:
        Templates().render(f"{{{{ '' | {name} }}}}" if unknown == "UnknownFilter" else f"{{{{ '' is {name} }}}}", {})
    except TemplateError as error:
        return kind_of(error) != unknown
    return True


def _any_answer(*_arguments: object, **_named: object) -> bool:
    return True


def variables_used(parsed: Iterable[Parsed]) -> frozenset[str] | None:
    """Return the variables that decide on what some templates yield; None where every variable may."""
    return union(one.variable_names for one in parsed)


def union(names: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """Return the names of several sets together, where None stands for every name there is."""
    found: set[str] = set()
    for one in names:
        if one is None:
            return None
        found |= one
    return frozenset(found)
