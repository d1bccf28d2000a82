"""Labels: words that operators give to machines when they let them in. Nothing in the stacks depends on them."""

import re
from collections.abc import Iterable, Mapping

from vigo.core.errors import InvalidError

MOST_LABELS = 20
MOST_VALUE_CHARACTERS = 200

Labels = dict[str, str]

_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,62}")


def check_labels(labels: Mapping[str, str]) -> None:
    """Return when labels can be kept and shown.

    Raises:
        InvalidError: there are too many, or a name or a value is not accepted.
    """
    if len(labels) > MOST_LABELS:
        raise InvalidError(f"expected at most {MOST_LABELS} labels, found {len(labels)}")
    for name, value in labels.items():
        if not _NAME.fullmatch(name):
            raise InvalidError(
                f"expected the name of a label, of lower-case letters, digits, '_', '.' and '-', found {name[:80]!r}"
            )
        if not 0 < len(value) <= MOST_VALUE_CHARACTERS or not value.isprintable():
            raise InvalidError(
                f"expected 1 to {MOST_VALUE_CHARACTERS} printable characters as the label {name}, found {value[:80]!r}"
            )


def labels_of(pairs: Iterable[str]) -> Labels:
    """Return the labels in texts of the form NAME=VALUE.

    Raises:
        InvalidError: one has another form, or a name occurs twice.
    """
    found: Labels = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name in found:
            problem = "the same name twice" if equals else "no '='"
            raise InvalidError(f"expected labels of the form NAME=VALUE, found {problem} in {pair[:80]!r}")
        found[name] = value
    check_labels(found)
    return found


def told_labels(labels: Mapping[str, str]) -> str:
    """Return labels as they are written on a command line."""
    return " ".join(f"{name}={value}" for name, value in sorted(labels.items()))
