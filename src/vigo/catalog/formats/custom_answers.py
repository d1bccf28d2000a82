"""What a custom executor and the agent say to each other: JSON. Pure: values in, text out, and back."""

from collections.abc import Mapping
from typing import Any

import msgspec

from vigo.catalog.formats.names import shown
from vigo.core.encoding import NOT_DECODED
from vigo.core.errors import InvalidError

MOST_BYTES = 256 * 1024
"""The longest answer that is taken."""


class CustomAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What an executor answers: whether there is (or was) something to do, what it is in a few words, and its diff.

    An `error` means that it failed. Fields that are not known are passed over, so that an executor may say more.
    """

    changed: bool
    action: str = ""
    error: str = ""
    diff: str = ""


def question(name: str, state: str, params: Mapping[str, Any], *, dry_run: bool) -> str:
    """Return what an executor reads on its standard input: one JSON object and a line feed."""
    given = {"name": name, "state": state, "params": params, "dry_run": dry_run}
    return msgspec.json.encode(given).decode() + "\n"


def parse_answer(text: str) -> CustomAnswer:
    """Return an answer.

    Raises:
        InvalidError: it is none.
    """
    if len(text) > MOST_BYTES:
        raise InvalidError(f"expected an answer of at most {MOST_BYTES} characters, found {len(text)}; say less")
    try:
        return msgspec.json.decode(text.encode(errors="replace"), type=CustomAnswer)
    except NOT_DECODED as error:
        raise InvalidError(
            f'expected one JSON object such as {{"changed": false, "action": ""}}, found {shown(text)}: {error}'
        ) from error
