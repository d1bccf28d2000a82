"""A plan for a fleet as people read it: what goes is seen first, and what nobody can know yet is said."""

from collections.abc import Iterator
from typing import Final

from vigo.cli.terminal.findings import plural
from vigo.cli.terminal.table import Cell, print_table
from vigo.core.terminal import print_line
from vigo.policy.planning.answer import (
    Action,
    ChangeGroup,
    EntryPlace,
    FieldChange,
    FleetPlan,
    ResourceChange,
    ResourceCount,
)

_MARKS: Final[dict[Action, str]] = {"removed": "-", "moved": ">", "changed": "~", "added": "+"}
_COLOURS: Final[dict[Action, str]] = {"removed": "red", "moved": "cyan", "changed": "yellow", "added": "green"}
_FATES: Final = {
    "left": "left as it is, no longer managed",
    "undone": "no longer managed, and what it changed there is undone (on_remove: revert)",
    "taken_over": "taken over by {by}",
}
_HOSTS: Final = 6
_THINGS: Final = 3
_WIDEST: Final = 48
_NOT_SHOWN: Final = "not shown"


def print_plan(plan: FleetPlan, what: str, *, is_whole: bool) -> None:
    """Print the counts and then group by group. `what` takes the place of what; `is_whole` leaves nothing out."""
    print_counts(plan, what)
    for group in plan.groups:
        print_line()
        _print_group(group, is_whole=is_whole)
    if plan.groups_left_out:
        print_line()
        print_line(f"and {plural(plan.groups_left_out, 'more group')}; --details shows all", colour="yellow")


def print_counts(plan: FleetPlan, what: str) -> None:
    """Print how many envoys change, and by what."""
    envoys = plan.envoys
    if not envoys.total:
        print_line(f"no envoys are enrolled, so nothing changes when {what}")
        return
    if plan.changes:
        verb = "changes" if envoys.changing == 1 else "change"
        print_line(f"{envoys.changing} of {plural(envoys.total, 'envoy')} {verb} when {what}", bold=True)
    else:
        print_line(f"nothing changes for {plural(envoys.total, 'envoy')} when {what}", colour="green")
    counts = {action: getattr(plan, action) for action in _MARKS}
    width = max((len(plural(one.resources, "resource")) for one in counts.values()), default=0)
    for action, one in counts.items():
        if one.resources:
            resources = plural(one.resources, "resource").ljust(width)
            told = f"  {_MARKS[action]} {action:<7}  {resources}  on {plural(one.envoys, 'envoy')}"
            print_line(told, colour=_COLOURS[action], bold=action == "removed")
    for text, colour in _notes(plan):
        print_line(f"  {text}", colour=colour)


def print_resources(plan: FleetPlan) -> None:
    """Print on how many envoys what becomes of each resource."""
    if not plan.resources:
        return
    print_line()
    print_table(("", "RESOURCE", "TYPE", "ENVOYS", ""), [_counted(one) for one in plan.resources])
    if plan.resources_left_out:
        print_line(f"and {plural(plan.resources_left_out, 'more resource')}; --json --details has them all")


def _notes(plan: FleetPlan) -> Iterator[tuple[str, str | None]]:
    envoys = plan.envoys
    if envoys.lost:
        yield f"no longer covered by any entry, nothing on them is managed then: {plural(envoys.lost, 'envoy')}", "red"
    if envoys.gained:
        yield f"covered by an entry, by none before: {plural(envoys.gained, 'envoy')}", None
    if envoys.unknown:
        hosts = _hosts(plan.unknown_hosts, envoys.unknown, _HOSTS)
        yield f"unknown in part until they check in: {plural(envoys.unknown, 'envoy')}: {hosts}", "yellow"
    if envoys.order_only:
        yield f"only the order of the resources changes: {plural(envoys.order_only, 'envoy')}", None
    if envoys.uncovered:
        yield f"covered by no entry, before and after: {plural(envoys.uncovered, 'envoy')}", None


def _counted(one: ResourceCount) -> tuple[Cell | str, ...]:
    words = {"may_apply": "may apply", "unknown": "unknown until they check in"}
    fate = _FATES[one.fate].format(by="another") if one.fate else ""
    return (
        Cell(f"{_MARKS[one.action]} {one.action}", _COLOURS[one.action]),
        Cell(one.id, whole=True),
        one.type,
        str(one.envoys),
        "; ".join(filter(None, (fate, words.get(one.certainty)))),
    )


def _print_group(group: ChangeGroup, *, is_whole: bool) -> None:
    hosts = _hosts(group.hosts, group.envoys, group.envoys if is_whole else _HOSTS)
    print_line(f"{plural(group.envoys, 'envoy')}: {hosts}", bold=True)
    for text, colour in _assigned(group):
        print_line(f"  {text}", colour=colour)
    names = min(max((len(one.id) for one in group.resources), default=0), _WIDEST)
    types = max((len(one.type) for one in group.resources), default=0)
    for one in group.resources:
        first = f"  {_MARKS[one.action]} {one.id:<{names}}  {one.type:<{types}}  {_told(one)}"
        print_line(first.rstrip(), colour=_COLOURS[one.action], bold=one.action == "removed")
        for text, colour in _remarks(one):
            print_line(f"      {text}", colour=colour)
        if is_whole or one.action in ("changed", "moved"):
            _print_fields(one)
    if group.resources_left_out:
        print_line(f"  and {plural(group.resources_left_out, 'more resource')}; --details shows all", colour="yellow")


def _assigned(group: ChangeGroup) -> Iterator[tuple[str, str | None]]:
    if group.coverage == "lost":
        yield f"no longer covered by any entry; until now by {_entries(group.entries)}", "red"
    elif group.coverage == "gained":
        yield f"covered by {_entries(group.entries)}, by no entry before", None
    if group.entry is not None:
        yield f"entry: {_entries((group.entry.before,))} -> {_entries((group.entry.after,))}", None
    if group.environment is not None:
        yield f"environment: {group.environment.before or 'none'} -> {group.environment.after or 'none'}", "yellow"
    if group.roles is not None:
        roles = [", ".join(one) or "none" for one in (group.roles.before, group.roles.after)]
        yield f"roles: {' -> '.join(roles)}", "yellow"
    for one in group.settings:
        yield f"{one.name}: {one.before or 'not set'} -> {one.after or 'not set'}", "yellow"


def _told(one: ResourceChange) -> str:
    things = _things(one.manages)
    if one.action == "removed":
        if not things and one.fate == "left":
            return "no longer in the policy"
        fate = _FATES[one.fate or "left"].format(by=one.taken_over_by)
        return f"{things}: {fate}" if things else fate
    if one.action == "moved":
        return f"{things}, until now {one.moved_from}"
    return things


def _remarks(one: ResourceChange) -> Iterator[tuple[str, str | None]]:
    if one.certainty == "may_apply":
        yield f"may apply: {one.reason or 'only the machine can tell'}", "yellow"
    elif one.certainty == "unknown":
        yield "unknown until it checks in" + (f": {one.reason}" if one.reason else ""), "yellow"
    elif one.reason:
        yield one.reason, None
    if one.problem:
        yield f"a run of it would fail: {one.problem}", "red"
    if one.unmanaged and one.action != "removed":
        yield f"{_things(one.unmanaged)}: {_FATES[one.fate or 'left']}", "red"
    elif one.taken_over_by and one.fate != "taken_over":
        yield f"{one.taken_over_by} manages the rest of it", None
    if one.differs_by_envoy:
        yield f"its values differ from envoy to envoy; these are those of {one.shown_for}", None


def _print_fields(change: ResourceChange) -> None:
    width = min(max((len(one.name) for one in change.fields), default=0), _WIDEST)
    for one in change.fields:
        print_line(f"      {one.name:<{width}}  {_values(one, is_added=change.action == 'added')}".rstrip())
        for line in one.diff:
            print_line(f"        {line}", colour={"-": "red", "+": "green", "@": "cyan"}.get(line[:1]))


def _values(one: FieldChange, *, is_added: bool) -> str:
    if one.note.startswith(_NOT_SHOWN):
        return one.note
    values = "" if one.diff else _shown(one.after) if is_added else f"{_shown(one.before)} -> {_shown(one.after)}"
    return "  ".join(filter(None, (values, f"({one.note})" if one.note else "")))


def _shown(value: str | None) -> str:
    return "(not set)" if value is None else value


def _things(manages: tuple[str, ...]) -> str:
    names = [one.partition(":")[2] for one in manages]
    more = f" and {len(names) - _THINGS} more" if len(names) > _THINGS else ""
    return ", ".join(names[:_THINGS]) + more


def _entries(places: tuple[EntryPlace, ...]) -> str:
    return ", ".join(f"{one.place} ({', '.join(one.match)})" for one in places)


def _hosts(hosts: tuple[str, ...], count: int, most: int) -> str:
    shown = hosts[:most]
    more = f" and {count - len(shown)} more" if count > len(shown) else ""
    return ", ".join(shown) + more
