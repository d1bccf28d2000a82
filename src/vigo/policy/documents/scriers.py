"""`scrier.vgo`: who may open sessions on which machines, as which of their users, and to which of their ports."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import msgspec

from vigo.core.errors import InvalidError
from vigo.core.plan import Origin
from vigo.core.scrier import IDLE, LONGEST, ScrierRule
from vigo.policy.documents.hostcrates import is_valid_pattern
from vigo.policy.documents.reading import Reading
from vigo.policy.scalars import described, duration, integer, is_null
from vigo.policy.yaml_tree import Mapping, Node, Scalar, Sequence

FILE: Final = "scrier.vgo"
KEYS: Final = ("scrier",)
RULE_KEYS: Final = ("match", "users", "ports", "idle", "longest")
LONGEST_LIMIT: Final = timedelta(days=7)

_ROOT: Final = "root"
_MOST_PORT: Final = 65_535
# What useradd takes, capitals too. Source: useradd(8); a number would be taken for a user's id.
_ACCOUNT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}")
_NO_ROOT: Final = "sessions are for other users; which of them may become root, the machine's own sudo decides"
_USERS: Final = 'such as `users: {"token ada": ada}`: operators as the audit trail names them, to users of the machine'


class ScrierEntry(msgspec.Struct, frozen=True):
    """An entry of `scrier.vgo`."""

    origin: Origin
    patterns: tuple[Scalar, ...]
    rule: ScrierRule


def read_scriers(reading: Reading, file: str) -> tuple[ScrierEntry, ...]:
    """Return the entries in their order; the first one that matches a machine counts."""
    document = reading.document(file, file, KEYS)
    node = None if document is None else document.get("scrier")
    if node is None or is_null(node):
        return ()
    if not isinstance(node, Sequence):
        message = f"scrier: expected a list of entries with `match` and `users`, found {described(node)}"
        reading.error(node.origin, "type", message, "begin each with `- match: NAME`, its other keys below")
        return ()
    entries = [_entry(reading, item) for item in node.items]
    return tuple(entry for entry in entries if entry is not None)


def _entry(reading: Reading, node: Node) -> ScrierEntry | None:
    if not isinstance(node, Mapping):
        message = f"scrier: expected a map with `match` and `users`, found {described(node)}"
        reading.error(node.origin, "type", message)
        return None
    entry = reading.mapping(node, "scrier", RULE_KEYS) or node
    texts = reading.texts(entry.get("match"), "match")
    patterns = tuple(pattern for pattern in texts if is_valid_pattern(reading, pattern))
    if not texts:
        hint = 'hostnames or patterns as in an entry, such as `match: "web-*"`; ["*"] for all'
        reading.error(node.origin, "missing", "scrier: expected `match`, the machines, found none", hint)
    users = dict(_users(reading, entry))
    if entry.get("users") is None:
        reading.error(node.origin, "missing", "scrier: expected `users`, who may open sessions, found none", _USERS)
    rule = ScrierRule(
        users=users,
        ports=tuple(_ports(reading, entry.get("ports"))),
        idle=_duration(reading, entry, "idle", IDLE),
        longest=_duration(reading, entry, "longest", LONGEST),
    )
    return ScrierEntry(node.origin, patterns, rule)


def _users(reading: Reading, entry: Mapping) -> Iterator[tuple[str, str]]:
    given = entry.get("users")
    if given is None:
        return
    if not isinstance(given, Mapping):
        message = f"users: expected a map of operators to users of the machine, found {described(given)}"
        reading.error(given.origin, "type", message, _USERS)
        return
    for one in given.entries.values():
        account = reading.text(one.value, f"users: {one.key.text[:60]}")
        if account is None:
            continue
        if account.text == _ROOT:
            message = f"users: {one.key.text[:60]}: expected a user other than root, found root"
            reading.error(account.origin, "type", message, _NO_ROOT)
        elif not _ACCOUNT.fullmatch(account.text):
            message = f"users: {one.key.text[:60]}: expected the name of a user, found {account.text[:60]!r}"
            reading.error(account.origin, "type", message)
        else:
            yield one.key.text, account.text


def _ports(reading: Reading, node: Node | None) -> Iterator[int]:
    for port in reading.texts(node, "ports"):
        try:
            number = integer(port.text)
            if not 0 < number <= _MOST_PORT:
                raise InvalidError(f"expected 1 to {_MOST_PORT}, found {number}")  # noqa: TRY301 - one place reports both
            yield number
        except InvalidError as error:
            reading.error(port.origin, "type", f"ports: {error}", "such as `ports: [22, 5432]`")


def _duration(reading: Reading, entry: Mapping, key: str, default: timedelta) -> timedelta:
    given = reading.text(entry.get(key), key)
    if given is None:
        return default
    try:
        found = duration(given.text)
    except InvalidError as error:
        reading.error(given.origin, "type", f"{key}: {error}")
        return default
    if found > LONGEST_LIMIT:
        reading.error(given.origin, "type", f"{key}: expected at most 7d, found {given.text}")
    return found
