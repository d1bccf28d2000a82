"""The trait set `groups`."""

from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import EVERY_CYCLE, ReadHost, TraitSet, collector, field
from vigo.catalog.formats.accounts import parse_group

_MOST_GROUPS, _MOST_MEMBERS = 500, 100


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One group of accounts."""

    gid: Annotated[int, field("Number of the group.", example=27)]
    members: Annotated[
        tuple[str, ...],
        field("Names of its members, sorted, at most 100; those whose primary group it is are not among them."),
    ]


class GroupsTraits(TraitSet, frozen=True, kw_only=True):
    """The groups of /etc/group; what a directory service adds to them is not told."""

    groups: Annotated[dict[str, Group], field("Groups by name, the first 500 by their number.")]
    count: Annotated[int, field("Number of all groups.", example=52)]


@collector("groups", every=EVERY_CYCLE, timeout=timedelta(seconds=5))
def collect_groups(host: ReadHost) -> GroupsTraits:
    """Report the groups. Source: group(5)."""
    entries = parse_group(host.read_text("/etc/group") or "")
    told = sorted(entries.values(), key=lambda entry: (entry.gid, entry.name))[:_MOST_GROUPS]
    return GroupsTraits(
        groups={
            entry.name: Group(gid=entry.gid, members=tuple(sorted(set(entry.members))[:_MOST_MEMBERS]))
            for entry in sorted(told, key=lambda entry: entry.name)
        },
        count=len(entries),
    )
