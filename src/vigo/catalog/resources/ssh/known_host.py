"""The kind `known_host`."""

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import FileStat, ReadHost, Resource, Spec, field
from vigo.catalog.formats.names import check_path, shown
from vigo.catalog.formats.ssh_lines import (
    KnownHost,
    PublicKey,
    parse_key,
    parse_known,
    with_line_instead,
    without_lines_meant,
)
from vigo.catalog.ops import Op, WriteFile
from vigo.catalog.resources.files.attributes import require_one_name, require_parent
from vigo.core.errors import InvalidError

_MODE = 0o644
# A name, an address, or either in brackets with a port. Source: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.
_NAME = re.compile(r"(?!-)[A-Za-z0-9._:%-]{1,253}|\[(?!-)[A-Za-z0-9._:%-]{1,253}\]:[1-9][0-9]{0,4}")


class KnownHostSpec(Spec, frozen=True, kw_only=True):
    """The key by which SSH clients of this machine know a host."""

    host: Annotated[
        str, field("Name or address of the host, `[NAME]:PORT` for another port.", example="git.example.com")
    ]
    key: Annotated[
        str | None,
        field("Its public key: type and base64, or base64 alone beside type.", example="ssh-ed25519 AAAAC3Nz..."),
    ] = None
    key_type: Annotated[
        str | None,
        field("Type of the key where `key` does not say it. With state absent only that type goes.", example="ssh-rsa"),
    ] = None
    aliases: Annotated[
        tuple[str, ...], field("All other names of the host in the same line.", example=["192.0.2.7"])
    ] = ()
    path: Annotated[str, field("The file of known hosts.", is_path=True)] = "/etc/ssh/ssh_known_hosts"
    state: Annotated[Literal["present", "absent"], field("Whether the host is known.")] = "present"


class KnownHostState(msgspec.Struct, frozen=True):
    """The file of known hosts; none where there is no file."""

    stat: FileStat | None
    text: str | None


class KnownHostLine(Resource[KnownHostSpec, KnownHostState]):
    """A host has one key of each type. Hashed names are recognised, and replaced by plain ones; marked lines stay."""

    kind, since, spec = "known_host", "0.1", KnownHostSpec
    name_field = "host"

    def validate(self, spec: KnownHostSpec) -> None:
        """Accept names and a public key."""
        check_path("path", spec.path)
        for name, value in (("host", spec.host), *(("aliases", alias) for alias in spec.aliases)):
            if not _NAME.fullmatch(value):
                raise InvalidError(
                    f"{name}: expected a host name, an address or [NAME]:PORT, found {shown(value)}; correct it"
                )
        if spec.key is not None:
            _key(spec)
        elif spec.state == "present":
            raise InvalidError("key: expected the public key of the host, found none; `ssh-keyscan` shows it, check it")

    def observe(self, spec: KnownHostSpec, host: ReadHost) -> KnownHostState:
        """Return the file."""
        stat = host.stat(spec.path)
        if stat is None and spec.state == "present":
            require_parent(host, spec.path)
        if stat is not None and stat.kind != "file":
            raise InvalidError(f"path: expected a regular file at {spec.path}, found a {stat.kind}; name that path")
        content = None if stat is None else host.read_bytes(spec.path)
        return KnownHostState(stat, None if content is None else content.decode(errors="surrogateescape"))

    def plan(self, spec: KnownHostSpec, state: KnownHostState) -> Iterator[Op]:
        """Yield the file anew where the host's line differs."""
        before = state.text or ""
        changes: tuple[str, ...] = ("state",)
        if spec.state == "absent":
            after = without_lines_meant(before, _meant(spec, _type_alone(spec)))
        else:
            key = _key(spec)
            line = f"{','.join((spec.host, *spec.aliases))} {key.type} {key.blob}"
            after, changes = with_line_instead(before, line, _meant(spec, key.type)), _changes(spec, before)
        if after != before:
            require_one_name(spec.path, state.stat)
            mode = _MODE if state.stat is None else None
            yield WriteFile(path=spec.path, content=after.encode(errors="surrogateescape"), mode=mode, changes=changes)

    def owns(self, spec: KnownHostSpec) -> tuple[str, ...]:
        """Return the host's key of this type in this file."""
        type_ = _key(spec).type if spec.key is not None else _type_alone(spec) or ""
        return (f"known_host:{spec.path}:{spec.host.lower()}:{type_}",)

    def watches(self, spec: KnownHostSpec) -> tuple[str, ...]:
        """Return the file."""
        return (spec.path,)


def _type_alone(spec: KnownHostSpec) -> str | None:
    return spec.key_type if spec.key is None or spec.key_type is not None else _key(spec).type


def _key(spec: KnownHostSpec) -> PublicKey:
    text = spec.key or ""
    if spec.key_type is not None and not text.startswith(f"{spec.key_type} "):
        text = f"{spec.key_type} {text}"
    return parse_key("key", text)


def _meant(spec: KnownHostSpec, type_: str | None) -> Callable[[str], bool]:
    def is_meant(line: str) -> bool:
        found = parse_known(line)
        return found is not None and found.names_host(spec.host) and type_ in (None, found.key.type)

    return is_meant


def _changes(spec: KnownHostSpec, before: str) -> tuple[str, ...]:
    key = _key(spec)
    parsed = [found for line in before.split("\n") if (found := parse_known(line)) is not None]
    mine = [found for found in parsed if found.names_host(spec.host) and found.key.type == key.type]
    if len(mine) != 1:
        return ("state",)
    wanted = KnownHost((spec.host, *spec.aliases), key)
    differs = {"key": mine[0].key.blob != key.blob, "aliases": mine[0].names != wanted.names}
    return tuple(name for name, value in differs.items() if value) or ("state",)
