"""What one compilation works with, and the checks of templates that all its steps share."""

from collections.abc import Callable, Hashable, Mapping
from functools import cache
from typing import Any, Final, TypeVar

from msgspec import inspect

from vigo.catalog.api import Resource
from vigo.catalog.scan import collectors
from vigo.core.nearest import did_you_mean
from vigo.core.plan import Origin
from vigo.core.secret_marker import PREFIX
from vigo.core.templates import TemplateError
from vigo.policy.cache import Kept
from vigo.policy.comparisons import Comparison, Type, comparison_problem, type_of_trait, type_of_value
from vigo.policy.diagnostics import has_errors
from vigo.policy.documents.reading import Reading
from vigo.policy.effort import Effort
from vigo.policy.template_places import TemplateText
from vigo.policy.templating import Parsed, TemplateBook, error_offset, offset_of, variable_missing

T = TypeVar("T")

_NO_FILES: Final[Mapping[str, bytes | None]] = {}
_QUOTES: Final = "'\""
_LONGEST_ITEM: Final = 120
_REFERENCE: Final = PREFIX.encode()


class Compilation:
    """The stacks that are read, the kinds that they may use, and the templates that were read so far."""

    def __init__(
        self, reading: Reading, kinds: Mapping[str, Resource[Any, Any]], book: TemplateBook | None = None
    ) -> None:
        self.reading = reading
        self.cache = reading.cache
        self.findings = reading.findings
        self.kinds = kinds
        self.book = TemplateBook() if book is None else book
        self._fuel_before = self.book.fuel_used
        self.effort = Effort()
        self.has_secrets = any(_REFERENCE in content for content in reading.files.values())
        """Whether a file of the stacks refers to a secret; where none does, most checks for them are left out."""
        self.contents: dict[tuple[str, str, bool], Any] = {}
        """What files of the stacks hold for a field, so that all who take one share it."""

    def spend(self, resources: int, text_bytes: int) -> None:
        """Accept some more resources and the texts in them.

        Raises:
            TooMuchWorkError: with all that was done in this compilation it is more than any fleet needs.
        """
        self.effort.resources += resources
        self.effort.text_bytes += text_bytes
        self.effort.fuel = self.book.fuel_used - self._fuel_before
        self.effort.check()

    def kept_in_silence(self, key: Hashable) -> Any:
        """Return a result that is there and of which nothing has to be told, or None. Nearly every one is."""
        found = self.cache.find(key, self.reading.files)
        return None if found is None or found.remarks or found.looked_at else found.value

    def kept(self, key: Hashable, make: Callable[[], T], entry: Origin) -> T:
        """Return a result that does not depend on the entry, made once; what was found is recorded for each entry."""
        cache, files = self.cache, self.reading.files
        found = cache.find(key, files)
        if found is None:
            with self.findings.taped() as remarks, files.watched() as looked_at:
                made = make()
            # A message may name what is alike among the other variables of this entry, so it is not kept for later.
            # Nearly always there is nothing; then all share one list and one map.
            cache.keep(key, Kept(made, remarks or (), looked_at or _NO_FILES, for_now=has_errors(remarks)))
            return made
        for name in found.looked_at:
            files.get(name)  # so that whoever watches learns of it
        self.findings.say(found.remarks, entry)
        kept: T = found.value
        return kept

    def error(self, place: Origin, code: str, message: str, hint: str | None = None) -> None:
        """Record an error."""
        self.findings.error(place, code, message, hint=hint)

    def check_template(self, text: TemplateText, parsed: Parsed, *, has_items: bool) -> bool:
        """Return whether a template or condition is well-formed and uses known names only; else the errors say why."""
        for problem in parsed.problems:
            self.error(self.place(text, problem.offset), "template", problem.message, problem.hint)
        unusable = parsed.locals if not has_items else frozenset[str]()
        for name in sorted(unusable):
            message = f"{name}: expected it in a resource with `foreach` only, found no foreach here"
            self.error(self.place(text, offset_of(text.text, name)), "template", message)
        self._check_traits(text, parsed)
        for one in parsed.comparisons:
            if one.root == "traits":
                self._warn_of_comparison(text, one, _type_of_trait(one.path), None)
        return not parsed.problems and not unusable

    def check_locals(self, text: TemplateText, parsed: Parsed, given: Mapping[str, Any], entry: Origin) -> bool:
        """Return whether a foreach gives every name that a template uses of it: a list gives no `key`."""
        missing = sorted(parsed.locals - given.keys())
        for name in missing:
            message = f"{name}: expected a map in foreach to take it from, found a list, whose items have none"
            self.findings.error(self.place(text, offset_of(text.text, name)), "template", message, entry=entry)
        return not missing

    def check_variables(self, text: TemplateText, parsed: Parsed, variables: Mapping[str, Any], entry: Origin) -> bool:
        """Return whether an entry has every variable that a template needs; else the errors name it."""
        missing = [(path, variable_missing(path, variables, self.findings.did_you_mean)) for path in parsed.variables]
        for path, message in missing:
            if message is not None:
                place = self.place(text, offset_of(text.text, ".".join(("vars", *path))))
                hint = "give it a default in the configcrate's `vars`, or a value in a role, entry or environment"
                self.findings.error(place, "undefined-variable", message, hint=hint, entry=entry)
        return all(message is None for _, message in missing)

    def check_comparisons(
        self, text: TemplateText, parsed: Parsed, variables: Mapping[str, Any], entry: Origin
    ) -> None:
        """Warn where a template compares a variable with a number or text that it can never be equal to."""
        for one in parsed.comparisons:
            if one.root == "vars":
                value: Any = variables
                for name in one.path:
                    value = value.get(name) if isinstance(value, dict) else None
                self._warn_of_comparison(text, one, type_of_value(value), entry)

    def template_failed(
        self, text: TemplateText, parsed: Parsed, error: TemplateError, context: Mapping[str, Any], entry: Origin
    ) -> None:
        """Record why a template could not be rendered for an entry with this context."""
        if error.undefined and not self.check_variables(text, parsed, context["vars"], entry):
            return
        if error.undefined and "item" in context and not self.check_locals(text, parsed, context, entry):
            return
        hint = f"the item is {str(context['item'])[:_LONGEST_ITEM]}" if parsed.locals and "item" in context else None
        place = self.place(text, min(error_offset(text.text, error), len(text.text)))
        self.findings.error(place, "template", f"the template cannot be rendered: {error}", hint=hint, entry=entry)

    def place(self, text: TemplateText, offset: int) -> Origin:
        """Return the place of a character of a template."""
        return text.place(offset, self.findings.lines)

    def _warn_of_comparison(
        self, text: TemplateText, comparison: Comparison, found: Type | None, entry: Origin | None
    ) -> None:
        problem = comparison_problem(comparison, found)
        if problem is not None:
            place = self.place(text, comparison.offset)
            quotes = "without quotes" if comparison.literal_type == "text" else "in quotes"
            hint = f"write {comparison.literal.strip(_QUOTES)} {quotes}; versions compare by version_ge and version_lt"
            self.findings.warning(place, "comparison", problem, hint=hint, entry=entry)

    def _check_traits(self, text: TemplateText, parsed: Parsed) -> None:
        known = _trait_fields()
        for set_name, *path in parsed.traits if known else ():
            fields = known.get(set_name)
            message = ""
            if fields is None:
                message = f"no trait set has the name {set_name!r}{did_you_mean(set_name, known)}"
            elif path and path[0] not in fields and not collectors()[set_name].schema.is_open:
                message = f"the traits {set_name} have no field {path[0]!r}{did_you_mean(path[0], fields)}"
            if message:
                # Only a warning: an agent that is newer than this server may well know it.
                place = self.place(text, offset_of(text.text, ".".join(("traits", set_name, *path))))
                self.findings.warning(place, "unknown-trait", message, hint="`vigo traits` prints those of a machine")


@cache
def _trait_fields() -> Mapping[str, Mapping[str, inspect.Type]]:
    schemas = {name: inspect.type_info(collector.schema) for name, collector in collectors().items()}
    return {
        name: {field.encode_name: field.type for field in schema.fields}
        for name, schema in schemas.items()
        if isinstance(schema, inspect.StructType)
    }


def _type_of_trait(path: tuple[str, ...]) -> Type | None:
    fields = _trait_fields().get(path[0], {})
    whole = 2  # set and field; what is inside a field may be anything
    return type_of_trait(fields[path[1]]) if len(path) == whole and path[1] in fields else None
