"""The kind `package`."""

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Annotated, Final, Literal

import msgspec

from vigo.catalog.api import ReadHost, Resource, Revertible, Spec, field
from vigo.catalog.formats.names import check_one_line, check_package, shown
from vigo.catalog.formats.packages import InstalledPackage, compare_rpm, is_version
from vigo.catalog.ops import Op
from vigo.catalog.resources.packages.former_packages import (
    PackageFootprint,
    PackagePast,
    PackageTrace,
    packages_brought_back,
)
from vigo.catalog.resources.packages.host_tool import TOOLS, tool_of
from vigo.catalog.resources.packages.package_tool import Installation, PackageState, PackageTool, Wanted
from vigo.catalog.resources.packages.rpm_database import DATABASES
from vigo.core.errors import BlockedError, InvalidError

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+:~^_*-]{0,127}")
_DATABASES: Final = (
    "/var/lib/dpkg/status",
    "/lib/apk/db/installed",
    "/usr/lib/apk/db/installed",
    *(f"{folder}/{name}" for folder in DATABASES for name in ("rpmdb.sqlite", "Packages.db", "Packages")),
)


class PackageSpec(Spec, frozen=True, kw_only=True):
    """One or several packages of the host's own package tool."""

    package: Annotated[
        str | tuple[str, ...], field("Name of the package, or a list of names.", example=["nginx", "curl"])
    ]
    version: Annotated[
        str | None, field("Version as the tool writes it; with apt `*` stands for any text.", example="1.22.1-9")
    ] = None
    hold: Annotated[bool | None, field("Whether upgrades pass it over (not pacman; dnf and yum by versionlock).")] = (
        None
    )
    purge: Annotated[bool, field("With state absent, take its settings away too.")] = False
    allow_downgrade: Annotated[bool, field("Let apt, dnf or zypper go back to an older version.")] = False
    flags: Annotated[tuple[str, ...], field("Options given to the tool.", example=["--no-install-recommends"])] = ()
    state: Annotated[
        Literal["present", "latest", "absent"], field("Whether it shall be installed, and kept at the newest version.")
    ] = "present"


class Package(Resource[PackageSpec, PackageState], Revertible[PackageSpec, PackageFootprint, PackageTrace]):
    """The package database is asked once a run; packages of one resource are installed by one call.

    The tool's index is fetched before an installation where it never was, where the repositories changed since, or
    where it is over a day old and lacks what is wanted. Under `latest` it is fetched once a day; what that brings is
    installed by the next run. Another tool that holds the lock is waited for, a minute at most, then the resource is
    blocked and the other one named. An interrupted dpkg is not finished for you: the reason says how.

    A hold is apt-mark's, a lock of zypper, an entry of dnf's or yum's versionlock plugin, and the version in Alpine's
    world file. A package that somebody else held back is neither changed nor removed until `hold: false` lets it go.
    """

    kind, since, spec = "package", "0.1", PackageSpec
    name_field = "package"
    footprint, trace = PackageFootprint, PackageTrace

    def validate(self, spec: PackageSpec) -> None:
        """Accept names that no tool takes for an option or a pattern, and values that fit the state."""
        names = _names(spec)
        if not names:
            raise InvalidError("package: expected the name of a package, found an empty list; add one")
        for name in names:
            check_package("package", name)
        if spec.version is not None:
            if not _VERSION.fullmatch(spec.version):
                raise InvalidError(f"version: expected a version such as 1.22.1-9, found {shown(spec.version)}")
            if spec.state != "present" or len(names) > 1:
                raise InvalidError("version: expected one package and state: present beside it; part the resource")
        for flag in spec.flags:
            check_one_line("flags", flag)
            if not flag.startswith("-") or flag == "--":
                raise InvalidError(f"flags: expected options that begin with `-`, found {shown(flag)}")
        if spec.purge and spec.state != "absent":
            raise InvalidError(f"purge: expected state: absent beside it, found {spec.state}; remove one")
        if spec.hold and spec.state == "absent":
            raise InvalidError(
                "hold: expected no state: absent beside it; a package that is not there cannot be held, only let go"
            )

    def observe(self, spec: PackageSpec, host: ReadHost) -> PackageState:
        """Return which of the packages are installed, by the tool that keeps this host's packages."""
        tool = tool_of(host)
        everything = tool.installed(host)
        names = _names(spec)
        installed = {name: everything[name] for name in names if name in everything}
        outdated: frozenset[str] = frozenset()
        if spec.state == "latest" and installed:
            outdated = frozenset() if host.is_image() else tool.outdated(host, tuple(installed), everything)
        return PackageState(
            tool=tool.name,
            installed=installed,
            outdated=outdated,
            needs_index=_needs_index(spec, tool, host, installed),
            is_image=host.is_image(),
            no_hold=tool.no_hold(host) if spec.hold else "",
        )

    def plan(self, spec: PackageSpec, state: PackageState) -> Iterator[Op]:
        """Yield the calls of the package tool."""
        tool = TOOLS[state.tool]
        held = {name: package.version for name, package in sorted(state.installed.items()) if package.held}
        if spec.state == "absent":
            yield from _removal(spec, state, tool, held)
            return
        if spec.hold is False and held:
            yield from _holding(tool, held, hold=False)
            held = {}
        changed = yield from _installation(spec, state, tool, held)
        # Where a hold keeps a package from changing it was let go for that.
        let_go = changed if "change" in tool.keeps_held else [name for name in changed if name not in held]
        free = {name: _version(spec, state, name) for name in _names(spec) if name not in held or name in let_go}
        if spec.hold and free:
            if state.no_hold:
                raise BlockedError(f"hold: {state.no_hold}")
            yield from _holding(tool, free, hold=True)
        if spec.state == "latest" and state.is_image:
            raise BlockedError(
                "state: what is missing is installed, but the newest version cannot be asked for in an image;"
                " use present or version"
            )

    def settles(self, spec: PackageSpec) -> bool:
        """Return False for the newest version: an index fetched to install one may name updates of another."""
        return spec.state != "latest"

    def acts_each_time(self, spec: PackageSpec) -> bool:
        """Return False: at the newest version there is nothing to do."""
        del spec
        return False

    def owns(self, spec: PackageSpec) -> tuple[str, ...]:
        """Return each package."""
        return tuple(f"package:{name}" for name in _names(spec))

    def watches(self, spec: PackageSpec) -> tuple[str, ...]:
        """Return where package tools write down what is installed; pacman tells it by no file of its own."""
        del spec
        return _DATABASES

    def cannot_undo(self, spec: PackageSpec) -> str:
        """Name what no package tool brings back."""
        if spec.purge:
            return "the settings that purge removes are not brought back"
        return "the versions that state: latest leaves behind are not gone back to" if spec.state == "latest" else ""

    def footprints(self, spec: PackageSpec) -> Mapping[str, PackageFootprint]:
        """Return each package, and whether its version and its hold are declared."""
        return {
            f"package:{name}": PackageFootprint(
                owns=(f"package:{name}",),
                package=name,
                version=spec.version is not None,
                hold=spec.hold is not None,
                flags=spec.flags,
            )
            for name in _names(spec)
        }

    def look(self, footprint: PackageFootprint, host: ReadHost, *, keep: bool = False) -> PackageTrace:
        """Return whether the package is installed, its version and its hold; settings that were left do not count."""
        state = self.observe(PackageSpec(package=footprint.package), host)
        found = state.installed.get(footprint.package)
        needs_index = None if keep else state.needs_index
        if found is None or found.configuration_only:
            return PackageTrace(absent=True, tool=state.tool, needs_index=needs_index)
        return PackageTrace(
            absent=False,
            version=found.version if keep or footprint.version else None,
            held=found.held if keep or footprint.hold or footprint.whole else None,
            tool=state.tool,
            needs_index=needs_index,
        )

    def undo(self, pasts: Sequence[PackagePast]) -> Iterator[Op]:
        """Yield the calls that remove what was not there, install what was, and go back to versions and holds."""
        for tool in TOOLS.values():
            yield from packages_brought_back(tool, [past for past in pasts if past.now.tool == tool.name])


def _names(spec: PackageSpec) -> tuple[str, ...]:
    return (spec.package,) if isinstance(spec.package, str) else tuple(dict.fromkeys(spec.package))


def _is_to_go(spec: PackageSpec, package: InstalledPackage | None) -> bool:
    return package is not None and (spec.purge or not package.configuration_only)


def _needs_index(
    spec: PackageSpec, tool: PackageTool, host: ReadHost, installed: Mapping[str, InstalledPackage]
) -> bool:
    """Return whether what is wanted has to be looked for in an index that is to be fetched first."""
    if spec.state == "absent":
        return False
    there = {name: package.version for name, package in installed.items() if not package.configuration_only}
    due = tuple(
        name
        for name in _names(spec)
        if name not in there or (spec.version is not None and not is_version(spec.version, there[name]))
    )
    latest = spec.state == "latest" and not host.is_image()
    return bool(due or latest) and tool.needs_index(host, Wanted(names=due, version=spec.version, latest=latest))


def _removal(spec: PackageSpec, state: PackageState, tool: PackageTool, held: Mapping[str, str]) -> Iterator[Op]:
    doomed = tuple(name for name in _names(spec) if _is_to_go(spec, state.installed.get(name)))
    kept = {name: held[name] for name in doomed if name in held}
    if kept and "removal" in tool.keeps_held:
        if spec.hold is None:
            raise _held_back(min(kept), "removed")
        yield from _holding(tool, kept, hold=False)
    if doomed:
        yield tool.remove(doomed, spec.flags, purge=spec.purge)


def _installation(
    spec: PackageSpec, state: PackageState, tool: PackageTool, held: Mapping[str, str]
) -> Generator[Op, None, list[str]]:
    """Yield the calls that install what is missing or differs, and return the names of it."""
    there = {name: package for name, package in state.installed.items() if not package.configuration_only}
    missing = [name for name in _names(spec) if name not in there]
    version = spec.version
    differing = [name for name in there if version is not None and not is_version(version, there[name].version)]
    due = [name for name in _names(spec) if name in missing or name in differing or name in state.outdated]
    if not due:
        yield from _refreshing(spec, state, tool)
        return due
    if version is not None and not tool.can_choose_version:
        raise BlockedError(f"version: {tool.name} installs only the version of its index; remove version")
    kept = [name for name in due if name in held and "change" in tool.keeps_held]
    if kept and not spec.hold:
        raise _held_back(kept[0], "changed")
    fields = {"state": missing, "version": differing or (spec.state == "latest" and state.outdated)}
    wanted = Installation(
        versions=dict.fromkeys(due, version),
        older=_older(spec, tool, {name: there[name].version for name in differing}),
        allow_downgrade=spec.allow_downgrade,
        held=frozenset(kept),
        flags=spec.flags,
        refresh=state.needs_index,
    )
    for call in tool.install(wanted):
        yield _named(call, () if call.only_checks else tuple(name for name, value in fields.items() if value))
    return due


def _refreshing(spec: PackageSpec, state: PackageState, tool: PackageTool) -> Iterator[Op]:
    """Yield the call that fetches the index, once it is too old to tell what is the newest."""
    call = tool.refresh() if spec.state == "latest" and state.needs_index and not state.is_image else None
    if call is not None:
        yield _named(call, ())


def _older(spec: PackageSpec, tool: PackageTool, differing: Mapping[str, str]) -> frozenset[str]:
    """Return what would go back, for the tools that have to be told so.

    Raises:
        InvalidError: that is not allowed.
    """
    version = spec.version
    if version is None or tool.name not in ("dnf", "yum", "zypper"):
        return frozenset()
    older = frozenset(name for name, found in differing.items() if compare_rpm(version, found) < 0)
    if older and not spec.allow_downgrade:
        name = min(older)
        raise InvalidError(
            f"version: expected nothing newer than {version}, found {name} {differing[name]};"
            " set allow_downgrade: true to go back"
        )
    return older


def _version(spec: PackageSpec, state: PackageState, name: str) -> str | None:
    """Return the version that a package has once all is done, as far as that is known before."""
    if spec.version is not None and "*" not in spec.version:
        return spec.version
    package = state.installed.get(name)
    is_kept = package is not None and not package.configuration_only and name not in state.outdated
    return package.version if is_kept and package is not None and spec.version is None else None


def _held_back(name: str, done: str) -> BlockedError:
    return BlockedError(
        f"hold: {name} would have to be {done}, and somebody holds it back on this host; `hold: false` lets it go,"
        " `hold: true` keeps it held at the declared version"
    )


def _holding(tool: PackageTool, versions: Mapping[str, str | None], *, hold: bool) -> Iterator[Op]:
    for call in tool.hold(versions, hold=hold):
        yield _named(call, ("hold",))


def _named(op: Op, changes: tuple[str, ...]) -> Op:
    return msgspec.structs.replace(op, changes=changes)
