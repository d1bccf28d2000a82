"""`envoys.vgo` and every other `.vgo` with `envoys:`: which machines get what; and `common.vgo`, which they inherit."""

import re
from typing import Final

import msgspec

from vigo.core.errors import InvalidError
from vigo.core.hostnames import check_pattern
from vigo.core.plan import Origin
from vigo.policy.documents.reading import Reading
from vigo.policy.documents.settings import KEYS as SETTINGS
from vigo.policy.documents.settings import Settings, read_settings
from vigo.policy.scalars import described, is_null
from vigo.policy.variables import Layer
from vigo.policy.yaml_tree import Mapping, Scalar, Sequence

COMMON_FILE: Final = "common.vgo"
COMMON_KEYS: Final = ("vars", "vars_from", "configcrates")
KEYS: Final = ("match", "environment", "roles", "configcrates", "vars", "vars_from", *SETTINGS)
# Python warns that such a set will mean something else in a later version.
_AMBIGUOUS_SET: Final = re.compile(r"(?<!\\)\[\^?(\[|[^\]]*(--|&&|~~|\|\|))")


class Inherited(msgspec.Struct, frozen=True):
    """What the `common.vgo` of a directory gives to all entries in it and below. The root is the empty text."""

    directory: str
    layers: tuple[Layer, ...]
    configcrates: tuple[Scalar, ...]


class HostEntry(msgspec.Struct, frozen=True):
    """A match entry as written."""

    origin: Origin
    patterns: tuple[Scalar, ...]
    environment: Scalar | None
    roles: tuple[Scalar, ...]
    configcrates: tuple[Scalar, ...]
    layers: tuple[Layer, ...]
    settings: Settings = Settings()

    @property
    def directory(self) -> str:
        """The directory of its file, relative to the stacks; the root is the empty text."""
        return self.origin.file.rpartition("/")[0]


def read_common(reading: Reading, file: str) -> Inherited | None:
    """Return what a `common.vgo` holds, or None for an empty or unreadable one."""
    document = reading.document(file, COMMON_FILE, COMMON_KEYS)
    if document is None:
        return None
    return Inherited(
        directory=file.rpartition("/")[0],
        layers=reading.layer(file, document),
        configcrates=reading.texts(document.get("configcrates"), "configcrates"),
    )


def read_entries(reading: Reading, file: str) -> tuple[HostEntry, ...]:
    """Return the match entries in a file, in its order."""
    tree = reading.tree(file)
    if tree is None:
        return ()
    document = _hostcrates(reading, tree)
    node = None if document is None else document.get("envoys")
    if node is None or is_null(node):
        return ()
    if not isinstance(node, Sequence):
        reading.error(node.origin, "type", f"envoys: expected a list of entries with `match`, found {described(node)}")
        return ()
    entries = [_entry(reading, item) for item in node.items]
    return tuple(entry for entry in entries if entry is not None)


def _hostcrates(reading: Reading, tree: Mapping | Sequence | Scalar) -> Mapping | None:
    if isinstance(tree, Sequence):
        message = "expected a line `envoys:` before the list of entries, found the list alone"
        reading.error(tree.origin, "missing", message, "write `envoys:` above it, and indent the list")
        return None
    elsewhere = {
        "configcrate": "a configcrate belongs into a file below configcrates/",
        "roles": "roles belong into roles.vgo or a file below roles/",
        "environments": "environments belong into environments.vgo in the root",
        "vars": "variables for a whole directory belong into its common.vgo",
        "frameworks": "frameworks belong into compliance.vgo in the root",
        "waivers": "waivers belong into compliance.vgo in the root",
        "tasks": "tasks belong into tasks.vgo in the root",
        "workflows": "workflows belong into workflows.vgo in the root",
        "queries": "queries belong into queries.vgo in the root",
        "scrier": "rules of sessions belong into scrier.vgo in the root",
    }
    entries = tree.entries if isinstance(tree, Mapping) else {}
    misplaced = [key for key in elsewhere if key in entries]
    for key in misplaced:
        place = entries[key].key.origin
        if "envoys" not in entries:
            reading.error(place, "misplaced", f"expected `envoys:` in this file, found `{key}:`", elsewhere[key])
            return None
        message = f"expected nothing beside `envoys:` in this file, found `{key}:`"
        reading.error(place, "misplaced", message, elsewhere[key])
    return reading.mapping(tree, "a file with `envoys:`", ("envoys", *misplaced))


def _entry(reading: Reading, node: Mapping | Sequence | Scalar) -> HostEntry | None:
    if not isinstance(node, Mapping):
        reading.error(node.origin, "type", f"envoys: expected a map with `match`, found {described(node)}")
        return None
    entry = reading.mapping(node, "entry", KEYS) or node
    given = entry.get("match")
    patterns = tuple(pattern for pattern in reading.texts(given, "match") if is_valid_pattern(reading, pattern))
    if given is None or is_null(given) or (isinstance(given, Sequence) and not given.items):
        reading.error(
            node.origin if given is None else given.origin,
            "missing",
            'match: expected hostnames or patterns, found none; write ["*"] for all machines',
        )
    return HostEntry(
        origin=node.origin,
        patterns=patterns,
        environment=reading.text(entry.get("environment"), "environment"),
        roles=reading.texts(entry.get("roles"), "roles"),
        configcrates=reading.texts(entry.get("configcrates"), "configcrates"),
        layers=reading.layer(f"entry {node.origin.file}:{node.origin.line}", entry),
        settings=read_settings(reading, entry),
    )


def is_valid_pattern(reading: Reading, pattern: Scalar) -> bool:
    """Return whether one of the patterns of a `match` is well-formed; else the error says why."""
    if pattern.text.startswith("~") and _AMBIGUOUS_SET.search(pattern.text):
        message = "match: expected a set of characters without `[`, `--`, `&&`, `~~` or `||` in it, found one"
        reading.error(pattern.origin, "pattern", message, "put a backslash before the character")
        return False
    if pattern.text.strip() == "~":
        message = "match: expected a regular expression behind `~`, found nothing"
        reading.error(pattern.origin, "pattern", message, 'write "*" for all machines')
        return False
    try:
        check_pattern(pattern.text)
    except InvalidError as error:
        reading.error(pattern.origin, "pattern", f"match: {error}")
        return False
    return True
