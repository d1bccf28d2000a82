"""Which values of documents name something of the stacks, and where that is declared."""

import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from vigo.catalog.scan import resource_kinds
from vigo.core.plan import Origin
from vigo.policy.documents.stacks import Stacks
from vigo.policy.editing.cursor import Cursor, Path
from vigo.policy.editing.expressions import fits
from vigo.policy.editing.known import Known
from vigo.policy.fields import fields_of
from vigo.policy.options import RELATIONS
from vigo.policy.schemas.pages import schema_for

Subject = Literal[
    "configcrate", "role", "environment", "resource", "resource id", "file", "data", "framework", "control"
]

_ANY: Final = "*"
_RESOURCE: Final = ("resources", None)
_NAMED: Final = re.compile(
    r"(?:^ *- *|[{,] *)name: *+(\"[^\"\n]+\"|'[^'\n]+'|[^\s,{}\[\]#\"'][^,{}\n#]*)", re.MULTILINE
)
_RESOURCES: Final = re.compile(r"^resources:", re.MULTILINE)
_TOP_KEY: Final = re.compile(r"^[a-z_]+:", re.MULTILINE)
_LONGEST_SEARCHED: Final = 200_000
_VALUES: Final[dict[str, tuple[tuple[Path, Subject], ...]]] = {
    "configcrate": (
        (("configcrate",), "configcrate"),
        (("depends_on",), "configcrate"),
        (("before",), "configcrate"),
        (("vars_from",), "data"),
        (("compliance", _ANY), "control"),
        *((("resources", None, key), "resource") for key in ("name", *RELATIONS)),
    ),
    "roles": (
        (("roles", _ANY, "includes"), "role"),
        (("roles", _ANY, "configcrates"), "configcrate"),
        (("roles", _ANY, "case", None, "configcrates"), "configcrate"),
        (("roles", _ANY, "vars_from"), "data"),
    ),
    "environments": (
        (("environments", _ANY, "configcrates"), "configcrate"),
        (("environments", _ANY, "exclude"), "configcrate"),
        (("environments", _ANY, "vars_from"), "data"),
    ),
    "hostcrates": (
        (("envoys", None, "environment"), "environment"),
        (("envoys", None, "roles"), "role"),
        (("envoys", None, "configcrates"), "configcrate"),
        (("envoys", None, "vars_from"), "data"),
    ),
    "common": ((("configcrates",), "configcrate"), (("vars_from",), "data")),
    "compliance": (
        (("waivers", None, "framework"), "framework"),
        (("waivers", None, "controls"), "control"),
    ),
    "tests": (
        (("tests", None, "expect", "environment"), "environment"),
        (("tests", None, "expect", "roles"), "role"),
        *((("tests", None, "expect", key), "resource id") for key in ("absent", "skipped", "order")),
    ),
}
_KEYS: Final[dict[str, tuple[tuple[Path, Subject], ...]]] = {
    "configcrate": ((("compliance",), "framework"),),
    "roles": ((("roles",), "role"),),
    "environments": ((("environments",), "environment"),),
    "tests": ((("tests", None, "expect", "resources"), "resource id"),),
}
_VARIABLES: Final[dict[str, tuple[Path, ...]]] = {
    "configcrate": (("vars",),),
    "common": (("vars",),),
    "roles": (("roles", _ANY, "vars"),),
    "environments": (("environments", _ANY, "vars"),),
    "hostcrates": (("envoys", None, "vars"),),
}


class Declared(NamedTuple):
    """Something that can be named: its name, where it is declared, and what to say of it beside."""

    name: str
    origin: Origin
    about: str = ""


def named_at(file: str, cursor: Cursor) -> Subject | None:
    """Return what the value at a place names, or None where it names nothing."""
    name = schema_for(file) or ""
    # A list of one name may be written without brackets.
    path = cursor.path[:-1] if cursor.path[-1:] == (None,) else cursor.path
    found = next((subject for pattern, subject in _VALUES.get(name, ()) if fits(path, pattern)), None)
    return "file" if found is None and name == "configcrate" and _takes_a_file(cursor, path) else found


def key_named_at(file: str, cursor: Cursor) -> Subject | None:
    """Return what the keys of the map at a place name, or None where they are keys of the document."""
    patterns = _KEYS.get(schema_for(file) or "", ())
    return next((subject for pattern, subject in patterns if fits(cursor.path, pattern)), None)


def variable_at(file: str, path: Path) -> tuple[str, ...] | None:
    """Return the variable that the value at a path is given to, or None where no variable is set."""
    for pattern in _VARIABLES.get(schema_for(file) or "", ()):
        names = path[len(pattern) :]
        if fits(path[: len(pattern)], pattern) and names and None not in names:
            return tuple(name for name in names if name is not None)
    return None


def configcrates_of(known: Known, file: str, cursor: Cursor | None) -> tuple[str, ...]:
    """Return the configcrates whose variables a template in a file sees."""
    if file.startswith("templates/"):
        return known.configcrates_with(file) or tuple(known.stacks.configcrates)
    name = known.configcrate_in(file)
    written = None if cursor is None else cursor.keys(0).get("configcrate")
    return tuple(dict.fromkeys(one for one in (name, written) if one))


def declared(known: Known, subject: Subject, cursor: Cursor, file: str) -> Iterator[Declared]:
    """Yield everything that a value at a place may name."""
    stacks = known.stacks
    if subject == "configcrate":
        for crate in stacks.configcrates.values():
            count = len(crate.resources)
            yield Declared(crate.name.text, crate.name.origin, f"{count} resource{'' if count == 1 else 's'}")
    elif subject == "role":
        for role in stacks.roles.values():
            given = ", ".join(one.text for one in role.configcrates)
            yield Declared(role.name.text, role.name.origin, f"gives {given}" if given else "")
    elif subject == "environment":
        yield from (Declared(one.name.text, one.name.origin) for one in stacks.environments.values())
    elif subject in ("resource", "resource id"):
        yield from _resources(known, subject, cursor, file)
    elif subject in ("file", "data"):
        yield from _files(known, subject)
    else:
        yield from _of_compliance(stacks, subject, cursor, file)


def _resources(known: Known, subject: Subject, cursor: Cursor, file: str) -> Iterator[Declared]:
    own = known.configcrate_in(file) if subject == "resource" else None
    itself = cursor.keys(len(_RESOURCE)).get("name") if subject == "resource" else None
    named: dict[str, Declared] = {}
    others: list[Declared] = []
    for one in known.resources():
        if one.configcrate == own and one.name:
            named[one.name] = Declared(one.name, one.origin, one.kind)
        elif one.name:
            others.append(Declared(one.id, one.origin, one.kind))
    if subject == "resource":
        # A file that cannot be read just now may have resources that it did not have when it could be.
        for name, line in _names_in(cursor.content):
            named.setdefault(name, Declared(name, Origin(file, line)))
    yield from (one for name, one in named.items() if name != itself)
    yield from others


def _names_in(content: str) -> Iterator[tuple[str, int]]:
    """Yield the names of resources in a text that need not be well-formed, with their lines."""
    begin = _RESOURCES.search(content) if len(content) <= _LONGEST_SEARCHED else None
    if begin is None:
        return
    end = _TOP_KEY.search(content, begin.end())
    for found in _NAMED.finditer(content, begin.end(), len(content) if end is None else end.start()):
        yield found[1].strip().strip("'\""), content.count("\n", 0, found.start(1)) + 1


def _files(known: Known, subject: Subject) -> Iterator[Declared]:
    for name in known.files:
        is_source = name.startswith(("files/", "templates/"))
        is_data = name.endswith((".yaml", ".yml", ".json"))
        if (is_source and subject == "file") or (is_data and not is_source and subject == "data"):
            yield Declared(name, Origin(name, 1))


def _of_compliance(stacks: Stacks, subject: Subject, cursor: Cursor, file: str) -> Iterator[Declared]:
    frameworks = stacks.compliance.frameworks
    if subject == "framework":
        yield from (Declared(one.name.text, one.name.origin, one.title) for one in frameworks.values())
        return
    wanted = cursor.path[1] if schema_for(file) == "configcrate" else cursor.keys(2).get("framework")
    for framework in (one for name, one in frameworks.items() if name == wanted):
        yield from (Declared(one.name.text, one.name.origin, one.title) for one in framework.controls.values())


def _takes_a_file(cursor: Cursor, path: Path) -> bool:
    """Return whether a field at a path names a file of the stacks, by the kind that stands beside it."""
    if fits(path, ("resources", None, _ANY)):
        kinds = [resource_kinds().get(cursor.keys(len(_RESOURCE)).get("type", ""))]
    else:
        kinds = list(resource_kinds().values()) if fits(path, ("defaults", _ANY)) else []
    fields = (fields_of(kind).get(path[-1] or "") for kind in kinds if kind is not None)
    return any(field is not None and field.content_field is not None for field in fields)
