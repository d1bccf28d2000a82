"""The packages of a host before a resource had a hand in them, and how they come back."""

from collections.abc import Iterator, Sequence

import msgspec

from vigo.catalog.api import Footprint, Past, Trace
from vigo.catalog.formats.packages import compare_rpm
from vigo.catalog.ops import Op
from vigo.catalog.resources.packages.package_tool import Installation, PackageTool, ToolName
from vigo.core.errors import BlockedError


class PackageFootprint(Footprint, frozen=True, kw_only=True):
    """One package, and whether its version and its hold are the resource's work beside its being there."""

    package: str
    version: bool = False
    hold: bool = False
    flags: tuple[str, ...] = ()


class PackageTrace(Trace, frozen=True, kw_only=True):
    """How a package is, and the tool that keeps it. `needs_index` is of the moment."""

    version: str | None = None
    held: bool | None = None
    tool: ToolName | None = None
    needs_index: bool | None = None

    def kept(self) -> "PackageTrace":
        """Return it without what the next minute may change."""
        return msgspec.structs.replace(self, needs_index=None)


PackagePast = Past[PackageFootprint, PackageTrace]


def packages_brought_back(tool: PackageTool, pasts: Sequence[PackagePast]) -> Iterator[Op]:
    """Yield the calls of one tool; packages with one fate share a call, since they may need each other.

    Raises:
        BlockedError: the tool cannot go back to a version.
    """
    extra = [past for past in pasts if past.before.absent and not past.now.absent]
    missing = [past for past in pasts if past.now.absent and not past.before.absent]
    changed = [past for past in pasts if not past.now.absent and not past.before.absent]
    if extra:
        *checks, removal = (msgspec.structs.replace(call, changes=("state",)) for call in tool.erase(_names(extra)))
        yield from checks
        held = [past for past in extra if past.now.held and "removal" in tool.keeps_held]
        yield from _holding(tool, held, hold=False)
        yield removal
    if missing:
        # The version that was removed is seldom offered any more; the one that is comes with its corrections.
        yield from _installed(tool, missing, dict.fromkeys(_names(missing)), "state")
        yield from _holding(tool, [past for past in missing if past.before.held], hold=True)
    for past in changed:
        yield from _version_and_hold(tool, past)


def _version_and_hold(tool: PackageTool, past: PackagePast) -> Iterator[Op]:
    before, now = past.before, past.now
    differs = now.version is not None and before.version is not None and now.version != before.version
    if differs:
        if not tool.can_choose_version:
            raise BlockedError(
                f"expected {past.footprint.package} to go back from {now.version} to {before.version}, found that"
                f" {tool.name} installs only the version of its index"
            )
        yield from _installed(tool, [past], {past.footprint.package: before.version}, "version")
    if before.held is not None and now.held is not None:
        held = now.held and not (differs and "change" in tool.keeps_held)  # what has to change is let go for it
        if held != before.held:
            yield from _holding(tool, [past], hold=before.held)


def _installed(
    tool: PackageTool, pasts: Sequence[PackagePast], versions: dict[str, str | None], changed: str
) -> Iterator[Op]:
    older = [
        past.footprint.package
        for past in pasts
        if tool.name in ("dnf", "yum", "zypper")
        and past.now.version is not None
        and compare_rpm(past.before.version or "", past.now.version) < 0
    ]
    wanted = Installation(
        versions=versions,
        older=frozenset(older),
        allow_downgrade=changed == "version",
        held=frozenset(past.footprint.package for past in pasts if past.now.held),
        flags=pasts[0].footprint.flags,
        refresh=any(past.now.needs_index for past in pasts),
    )
    for call in tool.install(wanted):
        yield msgspec.structs.replace(call, changes=() if call.only_checks else (changed,))


def _holding(tool: PackageTool, pasts: Sequence[PackagePast], *, hold: bool) -> Iterator[Op]:
    versions = {past.footprint.package: past.before.version if hold else past.now.version for past in pasts}
    for call in tool.hold(versions, hold=hold) if pasts else ():
        yield msgspec.structs.replace(call, changes=("hold",))


def _names(pasts: Sequence[PackagePast]) -> tuple[str, ...]:
    return tuple(past.footprint.package for past in pasts)
