"""The filter language of lists: `convergence:failed,degraded -environment:test web`.

A filter is words with blanks between them, and all of them have to fit. `FIELD:VALUE` looks at a field, with commas
between values of which any will do; a word without a field is looked for in the name. A minus before a word turns it
round. A value with blanks, commas or colons stands in double quotes. Nothing else is special.
"""

import re
from collections.abc import Collection
from typing import Final, NamedTuple

from vigo.core.errors import InvalidError
from vigo.core.nearest import did_you_mean

MOST_CHARACTERS: Final = 500
_MOST_TERMS: Final = 20
_WORD: Final = re.compile(r"""(?P<minus>-?)(?:(?P<field>[a-z_]+):)?(?P<values>(?:"[^"]*"|[^\s"])+)""")
_QUOTED: Final = re.compile(r'"[^"]*"')
_VALUE: Final = re.compile(r'"(?P<quoted>[^"]*)"|(?P<plain>[^,"]+)')


class Term(NamedTuple):
    """One word of a filter. Without a field it is looked for in names."""

    field: str
    values: tuple[str, ...]
    is_negated: bool = False


def parse_filter(text: str, fields: Collection[str]) -> tuple[Term, ...]:
    """Return the words of a filter; an empty one has none, and everything fits it.

    Raises:
        InvalidError: it names a field that there is not, has no value or an open quote, or is too long.
    """
    if len(text) > MOST_CHARACTERS:
        raise InvalidError(f"filter: expected at most {MOST_CHARACTERS} characters, found {len(text)}")
    terms, position = [], 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        found = _WORD.match(text, position)
        if found is None or (found.end() < len(text) and not text[found.end()].isspace()):
            raise InvalidError(f"filter: expected words like FIELD:VALUE, found {text[position : position + 40]!r}")
        terms.append(_term(found, fields))
        position = found.end()
    if len(terms) > _MOST_TERMS:
        raise InvalidError(f"filter: expected at most {_MOST_TERMS} words, found {len(terms)}")
    return tuple(terms)


def _term(found: re.Match[str], fields: Collection[str]) -> Term:
    field = found["field"] or ""
    if found["values"].startswith("-") or (not field and ":" in _QUOTED.sub("", found["values"])):
        raise InvalidError(f"filter: expected words like FIELD:VALUE, found {found.group()[:40]!r}")
    if field and field not in fields:
        near, every = did_you_mean(field, fields), ", ".join(sorted(fields))
        raise InvalidError(f"filter: expected one of the fields {every}, found {field[:40]!r}{near}")
    values = tuple(
        one["quoted"] if one["quoted"] is not None else one["plain"] for one in _VALUE.finditer(found["values"])
    )
    if not any(values):
        raise InvalidError(f"filter: expected a value behind {found.group()[:40]!r}, found none")
    return Term(field, values, bool(found["minus"]))


def check_values(term: Term, known: Collection[str]) -> None:
    """Return when a word's values are among those that a field can have.

    Raises:
        InvalidError: one is not.
    """
    for value in term.values:
        if value not in known:
            near = did_you_mean(value, known)
            raise InvalidError(f"filter: {term.field}: expected {', '.join(known)}, found {value[:40]!r}{near}")
