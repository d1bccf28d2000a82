"""The words of expressions beside variables and traits: predicates, filters, tests and statements, each in a line."""

from collections.abc import Mapping
from typing import Final

from vigo.core.conditions import PREDICATES

PREDICATES_TOLD: Final[Mapping[str, str]] = {
    "os_family": "True where the distribution is of this family, such as debian or redhat.",
    "os_id": "True where it is this distribution.",
    "version_ge": "True where the first version is the second or a later one; 10 is later than 9.",
    "version_lt": "True where the first version is earlier than the second; 1.0~rc1 is earlier than 1.0.",
    "file_exists": "True where a file, device, socket or pipe is there; symlinks are followed.",
    "directory_exists": "True where a directory is there; symlinks are followed.",
    "package_installed": "True where the machine's package tool has it installed.",
    "port_listening": "True where something listens on this TCP port, on any address.",
    "program_exists": "True where a program of this name is on the search path.",
    "hostname_matches": "True where the machine's own hostname or full name fits, patterns as in `match`.",
    "local_time": "True from `start` on and before `end`, in the machine's zone; it may span midnight.",
}
FILTERS: Final[Mapping[str, str]] = {
    "abs": "A number without its sign.",
    "batch": "A list in lists of so many items.",
    "bool": "True or false, as a condition takes the value.",
    "capitalize": "A text with its first letter large, the others small.",
    "default": "Another value where there is none; with a second argument `true`, also for what is empty.",
    "dictsort": "A map as a list of pairs, sorted by key.",
    "first": "The first item.",
    "float": "A number with a fraction.",
    "groupby": "A list in groups that have the same value of an attribute.",
    "indent": "A text whose lines, but for the first, are indented so far.",
    "int": "A whole number.",
    "items": "A map as a list of pairs.",
    "join": "The items of a list as one text, with a text between them.",
    "last": "The last item.",
    "length": "How many items, or characters.",
    "lines": "A text as the list of its lines.",
    "list": "A list of what is inside.",
    "lower": "A text in small letters.",
    "map": "One attribute of each item, or each item through a filter.",
    "max": "The greatest item.",
    "min": "The least item.",
    "reject": "The items for which a test is false.",
    "rejectattr": "The items of which an attribute fails a test.",
    "replace": "A text with another put in for a part of it.",
    "reverse": "The items from the last to the first.",
    "round": "A number rounded to so many digits.",
    "select": "The items for which a test is true.",
    "selectattr": "The items of which an attribute passes a test.",
    "slice": "A list in so many lists.",
    "sort": "The items in order; `attribute=` says by what.",
    "split": "A text as the list of its parts.",
    "string": "The value as text.",
    "sum": "The sum of the items.",
    "title": "A text with the first letter of each word large.",
    "tojson": "The value as JSON.",
    "trim": "A text without space at both ends.",
    "unique": "Each item once.",
    "upper": "A text in large letters.",
    "urlencode": "A text or map as it stands in a URL.",
    "zip": "Two lists as a list of pairs.",
}
TESTS: Final[Mapping[str, str]] = {
    "defined": "It has a value.",
    "undefined": "It has no value.",
    "none": "It is null.",
    "boolean": "It is true or false.",
    "number": "It is a number.",
    "string": "It is a text.",
    "sequence": "It is a list.",
    "mapping": "It is a map.",
    "divisibleby": "It is a multiple of a number.",
    "even": "It is an even number.",
    "odd": "It is an odd number.",
    "in": "It is one of the items.",
    "startingwith": "The text begins with another.",
    "endingwith": "The text ends with another.",
}
OPERATORS: Final[Mapping[str, str]] = {
    "and": "Both hold.",
    "or": "One of the two holds.",
    "not": "It does not hold.",
    "in": "One of the items, or a part of the text.",
    "is": "A test, such as `is defined`.",
    "true": "",
    "false": "",
}
STATEMENTS: Final[Mapping[str, str]] = {
    "if": "What follows, up to `endif`, where an expression holds.",
    "elif": "Else where another expression holds.",
    "else": "What follows where nothing before held.",
    "endif": "The end of `if`.",
    "for": "What follows, up to `endfor`, for each item.",
    "endfor": "The end of `for`.",
    "set": "A name for a value, in this template.",
    "raw": "What follows, up to `endraw`, as it stands.",
    "endraw": "The end of `raw`.",
}


def signature(predicate: str) -> str:
    """Return how a predicate is called.

    >>> signature("os_family")
    'os_family(name)'
    """
    return f"{predicate}({', '.join(PREDICATES[predicate].arguments)})"
