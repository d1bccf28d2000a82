"""What stands in the `.git` folder of a checkout, and what a remote says of its refs. Pure: text in, values out.

The texts may be a hostile user's: nothing of them is taken over but names and ids that are ones.
"""

import re
from collections.abc import Mapping

import msgspec

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REF = re.compile(r"refs/[A-Za-z0-9_][^\x00-\x20\x7f~^:?*\[\\]{0,250}")
_SYMBOLIC = "ref: "
_SECTION = re.compile(r"[ \t]*\[[ \t]*([A-Za-z0-9.-]+)(?:[ \t]+\"((?:[^\"\\\n]|\\.)*)\")?[ \t]*\]")
_SETTING = re.compile(r"[ \t]*([A-Za-z][A-Za-z0-9-]*)[ \t]*(?:=[ \t]*(.*))?")
_PEELED = "^{}"
_MAX_NAME_PARTS = 50


class Pointer(msgspec.Struct, frozen=True):
    """What a ref's file says: an id, or the name of another ref."""

    id: str | None = None
    ref: str | None = None


class RemoteRefs(msgspec.Struct, frozen=True, kw_only=True):
    """What a remote says of its refs: ref -> id, of tags that of their commit; and which ref its `HEAD` names."""

    ids: Mapping[str, str]
    head: str | None = None


def parse_pointer(text: str | None) -> Pointer:
    """Return what a ref's file or `HEAD` says; nothing where it is not there or is damaged.

    Source: gitrepository-layout(5).
    """
    line = (text or "").strip()
    if _ID.fullmatch(line):
        return Pointer(id=line)
    name = line.removeprefix(_SYMBOLIC).strip()
    return Pointer(ref=name) if line.startswith(_SYMBOLIC) and is_ref(name) else Pointer()


def is_ref(name: str) -> bool:
    """Return whether this is the whole name of a ref, which as a path leads nowhere but beneath `.git/refs`."""
    parts = name.split("/")
    return (
        _REF.fullmatch(name) is not None
        and len(parts) <= _MAX_NAME_PARTS
        and all(part and not part.startswith(".") and not part.endswith(".lock") for part in parts)
    )


def parse_packed_refs(text: str | None) -> Mapping[str, str]:
    """Return ref -> id of its commit, of an annotated tag that of what it names. Source: git-pack-refs(1).

    A tag of which the file does not say what it names is left out.
    """
    lines = (text or "").splitlines()
    is_peeled = bool(lines) and lines[0].startswith("#") and {"peeled", "fully-peeled"} & set(lines[0].split())
    found: dict[str, str] = {}
    last = ""
    for line in lines:
        if line.startswith("^"):
            if last and _ID.fullmatch(line[1:]):
                found[last] = line[1:]
            continue
        id_, _, last = line.partition(" ")
        if _ID.fullmatch(id_) and is_ref(last) and (is_peeled or not last.startswith("refs/tags/")):
            found[last] = id_
        elif not (_ID.fullmatch(id_) and is_ref(last)):
            last = ""
    return found


def was_fetched(text: str | None, commit: str) -> bool:
    """Return whether the last fetch found something at a commit, as `FETCH_HEAD` says. Source: git-fetch(1)."""
    return any(line.startswith(f"{commit}\t") for line in (text or "").splitlines())


def origin_address(text: str | None) -> str | None:
    """Return the address of the remote `origin`; None where there is none, or several. Source: git-config(1)."""
    section: tuple[str, str | None] = ("", None)
    found: list[str] = []
    for line in (text or "").replace("\\\n", "").split("\n"):
        rest = line
        while (header := _SECTION.match(rest)) is not None:
            section, rest = (header[1].lower(), header[2]), rest[header.end() :]
        setting = _SETTING.match(rest)
        if section == ("remote", "origin") and setting is not None and setting[1].lower() == "url":
            found.append(_value(setting[2] or ""))
    return found[0] if len(found) == 1 else None


def _value(text: str) -> str:
    """Return a value without its quotes, its comment and the blanks around it."""
    value, is_quoted, characters = "", False, iter(text)
    for character in characters:
        if character == '"':
            is_quoted = not is_quoted
        elif character == "\\":
            value += next(characters, "")
        elif character in "#;" and not is_quoted:
            break
        else:
            value += character
    return value.strip()


def parse_remote_refs(text: str) -> RemoteRefs:
    """Return what `git ls-remote --symref` printed. Source: git-ls-remote(1)."""
    ids: dict[str, str] = {}
    peeled: dict[str, str] = {}
    head = None
    for line in text.splitlines():
        first, _, name = line.partition("\t")
        if name == "HEAD" and first.startswith(_SYMBOLIC):
            named = first.removeprefix(_SYMBOLIC).strip()
            head = named if is_ref(named) else head
        elif _ID.fullmatch(first) and name.endswith(_PEELED):
            peeled[name.removesuffix(_PEELED)] = first
        elif _ID.fullmatch(first) and (name == "HEAD" or is_ref(name)):
            ids[name] = first
    return RemoteRefs(ids=ids | {name: id_ for name, id_ in peeled.items() if name in ids}, head=head)
