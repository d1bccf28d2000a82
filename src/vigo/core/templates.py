"""MiniJinja as Vigo uses it: strict about undefined names, no attribute access to escape through, bounded work.

Facts, variables and secrets enter as data and are never rendered a second time.
"""

import re
from collections.abc import Callable, ItemsView, KeysView, Mapping, ValuesView
from contextlib import suppress
from typing import Any, Final

import minijinja

from vigo.core.errors import InvalidError, VigoError

FUEL = 2_000_000
"""Instructions that one rendering may take; a loop over a million items ends here."""

_WHOLE_EXPRESSION = re.compile(r"\s*\{\{-?(?P<expression>(?:(?!\}\}|\{\{).)*?)-?\}\}\s*", re.DOTALL)
_OPENING = re.compile(r"\{\{[-+]?\s*")
_AS_THEY_ARE = (str, int, float)  # this is asked for each expression, so the tuple is made once
_LONGEST_SHOWN = 60
# What a map or list raises where a template calls what it cannot do; the engine hands these on.
_FAILED_CALLS = (AttributeError, TypeError, ValueError, LookupError, ArithmeticError, RecursionError)
_LEAST_INTEGER, _GREATEST_INTEGER = -(2**63), 2**64 - 1  # what MessagePack can carry

NULL_FOUND: Final = "expected a value to put in, found null; give it one, or write `| default('', true)`"

Functions = Mapping[str, Callable[..., Any]]


class TemplateError(InvalidError):
    """A template or expression that cannot be read or evaluated.

    `line` counts from 1 within the template's own text, `offset` is the character where it is known exactly;
    `undefined` is true where only a name was missing, `out_of_fuel` where the work took too long.
    """

    def __init__(
        self,
        message: str,
        line: int | None,
        *,
        undefined: bool = False,
        out_of_fuel: bool = False,
        offset: int | None = None,
    ) -> None:
        super().__init__(message)
        self.line = line
        self.undefined = undefined
        self.out_of_fuel = out_of_fuel
        self.offset = offset


class _UnwritableError(TemplateError):
    """A value that no text stands for; raised by the finalizer, which is not told where it is."""


def is_template(text: str) -> bool:
    """Return whether a text holds anything that MiniJinja would replace."""
    # Asked for every text of the stacks, so it is written out.
    return "{{" in text or "{%" in text or "{#" in text


class Templates:
    """Renders texts and evaluates expressions with one set of functions.

    The functions are also known as filters and tests nowhere: an expression calls them by name. Booleans are put in
    as `true` and `false`, lists and maps as JSON; null is an error.
    """

    def __init__(self, functions: Functions | None = None, *, fuel: int = FUEL) -> None:
        self._environment = minijinja.Environment(
            undefined_behavior="strict",
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_escape_callback=_never_escape,
            fuel=fuel,
            debug=True,
            finalizer=_written,
            globals=dict(functions or {}),
        )
        # The only value that a template could nest without end: 100,000 levels of it overrun the engine's stack.
        self._environment.remove_global("namespace")

    def render(self, source: str, context: Mapping[str, Any]) -> str:
        """Return the rendered text.

        Raises:
            TemplateError: the source has a syntax error, or a name in it is undefined.
        """
        try:
            return self._environment.render_str(source, **context)
        except minijinja.TemplateError as error:
            raise _problem(error) from error
        except _FAILED_CALLS as error:
            raise TemplateError(f"a call failed: {error}", None) from error
        except _UnwritableError as error:
            offset = self._unwritable_offset(source, context)
            if offset is None:
                raise
            expression = source[offset:].partition("}}")[0].rstrip("-+ \n")
            line = source.count("\n", 0, offset) + 1
            raise TemplateError(f"`{expression[:_LONGEST_SHOWN]}`: {error}", line, offset=offset) from error

    def evaluate(self, expression: str, context: Mapping[str, Any]) -> Any:
        """Return the value of an expression: a text, number, boolean, list, map or None.

        Raises:
            TemplateError: the expression has a syntax error, or a name in it is undefined.
        """
        try:
            value = self._environment.eval_expr(expression, **context)
            if value is None:
                # An undefined name is handed over as None too; only where it is written out the engine is strict.
                with suppress(_UnwritableError):
                    self._environment.render_str("{{ (" + expression + ") }}", **context)
        except minijinja.TemplateError as error:
            raise _problem(error) from error
        except _FAILED_CALLS as error:
            raise TemplateError(f"a call failed: {error}", None) from error
        return value if type(value) is str else _as_data(value)

    def holds(self, expression: str, context: Mapping[str, Any]) -> bool:
        """Return whether a condition is true.

        Raises:
            TemplateError: it cannot be evaluated.
        """
        return bool(self.evaluate(expression, context))

    def value(self, source: str, context: Mapping[str, Any]) -> Any:
        """Return the value of a template: where the whole text is one `{{ expression }}`, its own type; else a text.

        Raises:
            TemplateError: it cannot be rendered.
        """
        whole = _WHOLE_EXPRESSION.fullmatch(source)
        if whole is None:
            return self.render(source, context)
        try:
            return self.evaluate(whole["expression"], context)
        except TemplateError as error:
            if error.line is not None:
                error.line += source.count("\n", 0, whole.start("expression"))
            raise

    def names_in(self, source: str) -> frozenset[str]:
        """Return the free names of a template as dotted paths (`vars.port`, `traits.os`), functions included.

        Raises:
            TemplateError: the source has a syntax error.
        """
        try:
            self._environment.add_template("checked", source)
        except minijinja.TemplateError as error:
            raise _problem(error) from error
        return frozenset(self._environment.undeclared_variables_in_template("checked", nested=True))

    def names_in_expression(self, expression: str) -> frozenset[str]:
        """Return the free names of an expression, functions included.

        Raises:
            TemplateError: the expression has a syntax error.
        """
        return self.names_in("{{ (" + expression + ") }}")

    def _unwritable_offset(self, source: str, context: Mapping[str, Any]) -> int | None:
        """Return where the expression stands that cannot be put in: render again with a mark before each one."""
        reached: list[int] = []

        def mark(offset: int) -> str:
            reached[:] = [offset]
            return ""

        marked = _OPENING.sub(lambda opening: "{{ mark_(" + str(opening.end()) + ") }}" + opening[0], source)
        try:
            self._environment.render_str(marked, **context, mark_=mark)
        except _UnwritableError:
            return reached[0] if reached else None
        except (minijinja.TemplateError, VigoError):
            return None
        return None


def _written(value: Any) -> Any:
    """Return what is put in for the value of an expression; the engine would write booleans as Python does."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, _AS_THEY_ARE):
        return NotImplemented
    if value is None:
        raise _UnwritableError(NULL_FOUND, None)
    import json  # noqa: PLC0415 - most values that are put in are texts and numbers

    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, RecursionError) as error:
        message = f"expected a value to put in, found what JSON cannot hold ({error}); name one of its parts"
        raise _UnwritableError(message, None) from error


def _as_data(value: Any) -> Any:
    """Return a value as a bundle can hold it: text, numbers of 64 bits, booleans, null, lists, and maps by text.

    The engine marks texts that need no escaping by a class of their own; nothing is escaped here. Its pairs and the
    views of a map become lists, and a key that is no text becomes one.

    Raises:
        TemplateError: it is a function, or a number of more than 64 bits.
    """
    if isinstance(value, str):
        return f"{value}"
    if isinstance(value, int) and not _LEAST_INTEGER <= value <= _GREATEST_INTEGER:
        raise TemplateError(f"expected a number of at most 64 bits, found one of {value.bit_length()}", None)
    if isinstance(value, list | tuple | KeysView | ValuesView | ItemsView):
        return [_as_data(one) for one in value]
    if isinstance(value, dict):
        return {key if type(key) is str else str(key): _as_data(one) for key, one in value.items()}
    if callable(value):
        name = getattr(value, "__name__", "")
        raise TemplateError(f"expected a value, found {name!r}, which a map or list can do by itself", None)
    return value


def _never_escape(_name: str) -> bool:
    return False


def _problem(error: minijinja.TemplateError) -> TemplateError:
    summary = error.message.partition("\n")[0] if error.message else str(error).partition("\n")[0]
    detail = getattr(error, "detail", None)
    text = re.sub(r"\s*\(in <[^>]*>:\d+\)$", "", str(detail or summary))
    if error.kind == "OutOfFuel":
        text = f"it takes more than {FUEL:,} instructions; look at its loops"
    return TemplateError(
        text,
        getattr(error, "line", None),
        undefined=error.kind == "UndefinedError",
        out_of_fuel=error.kind == "OutOfFuel",
    )
