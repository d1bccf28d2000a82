"""What a machine has that a policy could declare, as resources to be judged."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.accounts import parse_group, parse_passwd
from vigo.catalog.formats.logins import parse_human_ids
from vigo.catalog.formats.package_origins import parse_extended_states
from vigo.catalog.scan import collectors_on_demand
from vigo.core.errors import VigoError

# A word of it is a name, with a version or a tag of a repository behind it. Source: apk-world(5).
_WORLD_NAME = re.compile(r"[=<>~@]")


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One resource: its name, its kind and its fields, as the kind's schema has them.

    `source` is the file's place below `files/` of the stacks where its content goes into one.
    """

    name: str
    type: str
    fields: dict[str, Any]
    source: str | None = None


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """What is not adopted, and why."""

    name: str
    reason: str


def content_bytes(candidate: Candidate) -> int:
    """Return how large the content of a file is; of all else 0."""
    return len(candidate.fields.get("content_base64", "")) // 4 * 3


Found = Candidate | LeftOut


def packages(host: ReadHost) -> Iterator[Found]:
    """Yield the packages that somebody asked for; where the tool does not tell, all that are installed."""
    try:
        traits = msgspec.to_builtins(collectors_on_demand()["packages"].collect(host))
    except VigoError as error:
        yield LeftOut(name="packages", reason=str(error))
        return
    asked = _asked_for(str(traits["tool"]), traits["installed"], host)
    for name in sorted(asked):
        yield Candidate(name=name, type="package", fields={"package": name})


def _asked_for(tool: str, installed: Mapping[str, str], host: ReadHost) -> Sequence[str]:
    if tool == "apt":
        automatic = parse_extended_states(host.read_text("/var/lib/apt/extended_states") or "")
        return [name for name in installed if name.partition(":")[0] not in automatic]
    if tool == "apk":
        world = (host.read_text("/etc/apk/world") or "").split()
        asked = {_WORLD_NAME.split(word, maxsplit=1)[0] for word in world}
        return [name for name in installed if name in asked]
    return list(installed)


def users(host: ReadHost) -> Iterator[Found]:
    """Yield people's groups and accounts. Passwords stay where they are: no hash goes into the stacks."""
    range_ = parse_human_ids(host.read_text("/etc/login.defs") or "")
    accounts = parse_passwd(host.read_text("/etc/passwd") or "")
    groups = parse_group(host.read_text("/etc/group") or "")
    names = {group.gid: name for name, group in groups.items()}
    people = {name: one for name, one in accounts.items() if range_.lowest <= one.uid <= range_.highest}
    own = {name for name, one in people.items() if name in groups and groups[name].gid == one.gid}
    for name, group in sorted(groups.items()):
        if range_.lowest <= group.gid <= range_.highest and name not in own:
            yield Candidate(name=f"group {name}", type="group", fields={"group": name, "gid": group.gid})
    for name, one in sorted(people.items()):
        fields: dict[str, Any] = {"user": name, "uid": one.uid}
        if name not in own and one.gid in names:
            fields["gid"] = names[one.gid]
        member_of = sorted(other for other, group in groups.items() if name in group.members)
        fields |= {"groups": member_of} if member_of else {}
        texts = {"comment": one.comment, "home": one.home, "shell": one.shell}
        yield Candidate(
            name=f"user {name}", type="user", fields=fields | {key: text for key, text in texts.items() if text}
        )


def services(host: ReadHost) -> Iterator[Found]:
    """Yield the services that run or start at boot."""
    try:
        traits = msgspec.to_builtins(collectors_on_demand()["services"].collect(host))
    except (VigoError, KeyError) as error:
        yield LeftOut(name="services", reason=str(error))
        return
    for name, service in sorted(traits["services"].items()):
        if not (service.get("running") or service.get("enabled")):
            continue
        fields: dict[str, Any] = {"service": name, "state": "running" if service.get("running") else "stopped"}
        if service.get("enabled") is not None:
            fields["enabled"] = service["enabled"]
        yield Candidate(name=name, type="service", fields=fields)
