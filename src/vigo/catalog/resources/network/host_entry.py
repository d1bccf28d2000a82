"""The kind `host_entry`."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import FileStat, ReadHost, Resource, Spec, field
from vigo.catalog.formats.hosts import entries_of, family_of, with_host, without_host
from vigo.catalog.formats.names import shown
from vigo.catalog.ops import Op, WriteFile
from vigo.core.errors import InvalidError

_TABLE = "/etc/hosts"
_MODE = 0o644
_LONGEST = 253
_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*")


class HostEntrySpec(Spec, frozen=True, kw_only=True):
    """One host in `/etc/hosts`."""

    host: Annotated[str, field("Canonical name of the host.", example="db-1.example.com")]
    ip: Annotated[
        str | None,
        field("Its address, IPv4 or IPv6. With state absent only that family's entry goes.", example="192.0.2.7"),
    ] = None
    aliases: Annotated[tuple[str, ...], field("All other names of its entry, in this order.", example=["db-1"])] = ()
    state: Annotated[Literal["present", "absent"], field("Whether the entry shall be there.")] = "present"


class HostEntryState(msgspec.Struct, frozen=True):
    """The table of host names; none where there is no file."""

    stat: FileStat | None
    text: str | None


class HostEntry(Resource[HostEntrySpec, HostEntryState]):
    """A host has one entry for IPv4 and one for IPv6, which are two resources.

    In another entry of the same family its name is taken away, so that it leads nowhere else; all other lines of the
    file, comments too, stay byte for byte.
    """

    kind, since, spec = "host_entry", "0.1", HostEntrySpec
    name_field = "host"

    def validate(self, spec: HostEntrySpec) -> None:
        """Accept names and an address as hosts(5) takes them."""
        for name, value in (("host", spec.host), *(("aliases", alias) for alias in spec.aliases)):
            if not _NAME.fullmatch(value) or len(value) > _LONGEST:
                raise InvalidError(
                    f"{name}: expected a host name of letters, digits, `-` and dots, found {shown(value)}; correct it"
                )
        if spec.ip is None and spec.state == "present":
            raise InvalidError("ip: expected the address of the host, found none; add it")
        if spec.ip is not None and not family_of(spec.ip):
            raise InvalidError(f"ip: expected an IPv4 or IPv6 address, found {shown(spec.ip)}; correct it")
        if spec.host in spec.aliases or len(set(spec.aliases)) != len(spec.aliases):
            raise InvalidError("aliases: expected each name once, and not the host itself; remove the repeated one")

    def observe(self, spec: HostEntrySpec, host: ReadHost) -> HostEntryState:
        """Return the table."""
        del spec
        stat = host.stat(_TABLE)
        if stat is not None and stat.kind != "file":
            raise InvalidError(f"host: expected a regular file at {_TABLE}, found a {stat.kind}; make it one")
        content = host.read_bytes(_TABLE) if stat is not None else None
        return HostEntryState(stat, None if content is None else content.decode(errors="surrogateescape"))

    def plan(self, spec: HostEntrySpec, state: HostEntryState) -> Iterator[Op]:
        """Yield the table anew where the entry differs."""
        before = state.text or ""
        family = None if spec.ip is None else family_of(spec.ip)
        if spec.state == "absent":
            after = without_host(before, spec.host, family)
        else:
            after = with_host(before, spec.host, spec.ip or "", spec.aliases)
        if after != before:
            yield WriteFile(
                path=_TABLE,
                content=after.encode(errors="surrogateescape"),
                mode=_MODE if state.stat is None else None,
                changes=_changes(spec, before, family),
            )

    def owns(self, spec: HostEntrySpec) -> tuple[str, ...]:
        """Return the host in the family of its address; without one in both."""
        families = (4, 6) if spec.ip is None else (family_of(spec.ip),)
        return tuple(f"host:{spec.host.lower()}:ipv{family}" for family in families)

    def watches(self, spec: HostEntrySpec) -> tuple[str, ...]:
        """Return the table."""
        del spec
        return (_TABLE,)


def _changes(spec: HostEntrySpec, before: str, family: int | None) -> tuple[str, ...]:
    found = entries_of(before, spec.host, family or 0)
    if spec.state == "absent" or len(found) != 1 or found[0].names[0] != spec.host:
        return ("state",)
    differs = {"ip": found[0].ip != spec.ip, "aliases": found[0].names[1:] != spec.aliases}
    return tuple(name for name, value in differs.items() if value) or ("state",)
