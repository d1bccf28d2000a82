"""The options that every resource has beside the fields of its kind."""

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

from vigo.core.errors import InvalidError
from vigo.core.nearest import did_you_mean
from vigo.core.plan import DEFAULT_RETRY_DELAY_SECONDS, Condition, OnFailure, OnRemove, Retry
from vigo.core.templates import is_template
from vigo.policy.compilation import Compilation
from vigo.policy.scalars import boolean, described, duration, integer
from vigo.policy.template_places import TemplateText
from vigo.policy.templating import Parsed
from vigo.policy.yaml_tree import Mapping, Node, Scalar

Relation = Literal["depends_on", "before", "notify", "subscribes"]
RELATIONS: Final[tuple[Relation, ...]] = ("depends_on", "before", "notify", "subscribes")
FROM_DEFAULTS: Final = ("timeout", "retries", "retry_delay", "on_failure", "on_remove", "noop")
"""The options that a configcrate's `defaults` may set for all its resources."""

OPTIONS: Final = (
    "name",
    "type",
    "when",
    *RELATIONS,
    "timeout",
    "retries",
    "retry_delay",
    "on_failure",
    "on_remove",
    "noop",
    "immediately",
    "foreach",
)
MOST_RETRIES: Final = 10
_ON_FAILURE: Final = ("continue", "stop")
_ON_REMOVE: Final = ("leave", "revert")


class When(msgspec.Struct, frozen=True):
    """A condition, its text with its place, and what it uses."""

    condition: Condition
    text: TemplateText
    parsed: Parsed


class Options(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The options of one resource as written."""

    when: When | None = None
    when_changed: bool = False
    immediately: bool = False
    timeout_seconds: float | None = None
    retry: Retry | None = None
    on_failure: OnFailure = "continue"
    on_remove: OnRemove = "leave"
    noop: bool = False
    references: tuple[tuple[Relation, Scalar], ...] = ()


def read_options(compilation: Compilation, resource: Mapping, defaults: Mapping | None, *, has_items: bool) -> Options:
    """Return the options of a resource; what is wrong with them is recorded."""

    def given(name: str) -> Node | None:
        node = resource.get(name)
        return defaults.get(name) if node is None and defaults is not None and name in FROM_DEFAULTS else node

    when = compilation.reading.text(given("when"), "when")
    is_changed = when is not None and when.text.strip() == "changed"
    return Options(
        when=None if when is None or is_changed else read_condition(compilation, when, has_items=has_items),
        when_changed=is_changed,
        immediately=bool(_scalar(compilation, given("immediately"), "immediately", boolean)),
        timeout_seconds=_scalar(compilation, given("timeout"), "timeout", _seconds),
        retry=_retry(compilation, given("retries"), given("retry_delay")),
        on_failure=_scalar(compilation, given("on_failure"), "on_failure", _one_of(_ON_FAILURE)) or "continue",
        on_remove=_scalar(compilation, given("on_remove"), "on_remove", _one_of(_ON_REMOVE)) or "leave",
        noop=bool(_scalar(compilation, given("noop"), "noop", boolean)),
        references=_references(compilation, resource, has_items=has_items),
    )


def read_condition(compilation: Compilation, when: Scalar, *, has_items: bool = False) -> When | None:
    """Return a `when:` expression, or None with errors."""
    text = TemplateText(when.text, when.origin, when)
    if is_template(when.text):
        message = "when: expected an expression without braces, such as `vars.port > 1024`, found a template"
        compilation.error(when.origin, "template", message, "remove the braces")
        return None
    parsed = compilation.book.condition(when.text)
    if not compilation.check_template(text, parsed, has_items=has_items):
        return None
    return When(Condition(when.text, when.origin), text, parsed)


def _references(compilation: Compilation, resource: Mapping, *, has_items: bool) -> tuple[tuple[Relation, Scalar], ...]:
    found: list[tuple[Relation, Scalar]] = []
    for relation in RELATIONS:
        found += [
            (relation, name)
            for name in compilation.reading.texts(resource.get(relation), relation)
            if check_name(compilation, name, relation, has_items=has_items)
        ]
    return tuple(found)


def check_name(compilation: Compilation, name: Scalar, what: str, *, has_items: bool) -> bool:
    """Return whether a name, which may have a template over variables in it, is well-formed."""
    if not is_template(name.text):
        return True
    parsed = compilation.book.template(name.text)
    text = TemplateText(name.text, name.origin, name)
    is_good = compilation.check_template(text, parsed, has_items=has_items)
    if is_good and parsed.needs_machine:
        message = f"{what}: expected a name that is known without a machine, found traits or predicates in it"
        compilation.error(name.origin, "template", message, "use variables, item or key")
        return False
    return is_good


def _scalar(compilation: Compilation, node: Node | None, name: str, convert: Any) -> Any:
    if node is None:
        return None
    try:
        if not isinstance(node, Scalar):
            raise InvalidError(f"expected one value, found {described(node)}")  # noqa: TRY301 - one place reports both
        return convert(node.text)
    except InvalidError as error:
        compilation.error(node.origin, "type", f"{name}: {error}")
        return None


def _retry(compilation: Compilation, times: Node | None, delay: Node | None) -> Retry | None:
    count = _scalar(compilation, times, "retries", _retries)
    seconds = _scalar(compilation, delay, "retry_delay", _seconds)
    return Retry(count, seconds or DEFAULT_RETRY_DELAY_SECONDS) if count else None


def _retries(text: str) -> int:
    count = integer(text)
    if not 0 <= count <= MOST_RETRIES:
        raise InvalidError(f"expected a whole number from 0 to {MOST_RETRIES}, found {count}")
    return count


def _seconds(text: str) -> float:
    return duration(text).total_seconds()


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def word(text: str) -> str:
        if text not in words:
            raise InvalidError(f"expected {' or '.join(words)}, found {text[:60]!r}{did_you_mean(text, words)}")
        return text

    return word
