"""The kind `package`."""

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import ReadHost, Resource, Revertible, Spec, field
from vigo.catalog.formats.names import check_one_line, check_package, shown
from vigo.catalog.formats.packages import InstalledPackage, compare_rpm
from vigo.catalog.ops import Op
from vigo.catalog.resources.packages.apk import APK
from vigo.catalog.resources.packages.apt import APT
from vigo.catalog.resources.packages.former_packages import (
    PackageFootprint,
    PackagePast,
    PackageTrace,
    packages_brought_back,
)
from vigo.catalog.resources.packages.package_tool import Installation, PackageState, PackageTool
from vigo.catalog.resources.packages.pacman import PACMAN
from vigo.catalog.resources.packages.rpm import DNF, ZYPPER
from vigo.core.errors import BlockedError, InvalidError

_TOOLS: dict[str, PackageTool] = {tool.name: tool for tool in (APT, APK, PACMAN, ZYPPER, DNF)}
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+:~^_*-]{0,127}")


class PackageSpec(Spec, frozen=True, kw_only=True):
    """One or several packages of the host's own package tool."""

    package: Annotated[
        str | tuple[str, ...], field("Name of the package, or a list of names.", example=["nginx", "curl"])
    ]
    version: Annotated[
        str | None, field("Version as the tool writes it; with apt `*` stands for any text.", example="1.22.1-9")
    ] = None
    hold: Annotated[bool | None, field("Whether upgrades pass it over (apt); left alone where left out.")] = None
    purge: Annotated[bool, field("With state absent, take its settings away too.")] = False
    allow_downgrade: Annotated[bool, field("Let apt, dnf or zypper go back to an older version.")] = False
    flags: Annotated[tuple[str, ...], field("Options given to the tool.", example=["--no-install-recommends"])] = ()
    state: Annotated[
        Literal["present", "latest", "absent"], field("Whether it shall be installed, and kept at the newest version.")
    ] = "present"


class Package(Resource[PackageSpec, PackageState], Revertible[PackageSpec, PackageFootprint, PackageTrace]):
    """The package database is asked once a run; packages of one resource are installed by one call."""

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
        if spec.hold is not None and spec.state == "absent":
            raise InvalidError("hold: expected no state: absent beside it; a package that is not there cannot be held")

    def observe(self, spec: PackageSpec, host: ReadHost) -> PackageState:
        """Return which of the packages are installed, by the tool that keeps this host's packages."""
        tool = next((tool for tool in _TOOLS.values() if tool.manages(host)), None)
        if tool is None:
            raise BlockedError(
                "expected apt, apk, pacman, zypper or dnf to keep the packages of this host, found none of them"
            )
        everything = tool.installed(host)
        names = _names(spec)
        installed = {name: everything[name] for name in names if name in everything}
        outdated: frozenset[str] = frozenset()
        if spec.state == "latest" and installed:
            outdated = frozenset() if host.is_image() else tool.outdated(host, names, everything)
        return PackageState(
            tool=tool.name,
            installed=installed,
            outdated=outdated,
            needs_index=tool.needs_index(host),
            is_image=host.is_image(),
        )

    def plan(self, spec: PackageSpec, state: PackageState) -> Iterator[Op]:
        """Yield the calls of the package tool."""
        tool = _TOOLS[state.tool]
        if spec.state == "absent":
            doomed = tuple(name for name in _names(spec) if _is_to_go(spec, state.installed.get(name)))
            if doomed:
                yield tool.remove(doomed, spec.flags, purge=spec.purge)
            return
        held = {name for name, package in state.installed.items() if package.held}
        if spec.hold is False and held:
            yield _holding(tool, tuple(sorted(held)), hold=False)
        changed = yield from _installation(spec, state, tool, held)
        # apt lets a held package go when it is told to change it.
        free = tuple(name for name in _names(spec) if name not in held or name in changed)
        if spec.hold and free:
            yield _holding(tool, free, hold=True)
        if spec.state == "latest" and state.is_image:
            raise BlockedError(
                "state: what is missing is installed, but the newest version cannot be asked for in an image;"
                " use present or version"
            )

    def owns(self, spec: PackageSpec) -> tuple[str, ...]:
        """Return each package."""
        return tuple(f"package:{name}" for name in _names(spec))

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
        for tool in _TOOLS.values():
            yield from packages_brought_back(tool, [past for past in pasts if past.now.tool == tool.name])


def _names(spec: PackageSpec) -> tuple[str, ...]:
    return (spec.package,) if isinstance(spec.package, str) else tuple(dict.fromkeys(spec.package))


def _is_to_go(spec: PackageSpec, package: InstalledPackage | None) -> bool:
    return package is not None and (spec.purge or not package.configuration_only)


def _installation(
    spec: PackageSpec, state: PackageState, tool: PackageTool, held: set[str]
) -> Generator[Op, None, list[str]]:
    """Yield the calls that install what is missing or differs, and return the names of it."""
    there = {name: package for name, package in state.installed.items() if not package.configuration_only}
    missing = [name for name in _names(spec) if name not in there]
    version = spec.version
    differing = [name for name in there if version is not None and not _is_version(version, there[name].version)]
    due = [name for name in _names(spec) if name in missing or name in differing or name in state.outdated]
    if not due:
        return due
    if version is not None and not tool.can_choose_version:
        raise BlockedError(f"version: {tool.name} installs only the version of its index; remove version")
    older: frozenset[str] = frozenset()
    if version is not None and tool.name in ("dnf", "zypper"):
        older = frozenset(name for name in differing if compare_rpm(version, there[name].version) < 0)
    if older and not spec.allow_downgrade:
        name = min(older)
        raise InvalidError(
            f"version: expected nothing newer than {version}, found {name} {there[name].version};"
            " set allow_downgrade: true to go back"
        )
    fields = {"state": missing, "version": differing or (spec.state == "latest" and state.outdated)}
    wanted = Installation(
        versions=dict.fromkeys(due, version),
        older=older,
        allow_downgrade=spec.allow_downgrade,
        held=bool(spec.hold and held),
        flags=spec.flags,
        refresh=state.needs_index,
    )
    for call in tool.install(wanted):
        yield _named(call, tuple(name for name, value in fields.items() if value))
    return due


def _is_version(wanted: str, found: str) -> bool:
    """Return whether a version is the wanted one; an epoch or an rpm release that is not written is not compared."""
    bare = found.rpartition(":")[2] if ":" not in wanted else found
    return any(fnmatchcase(version, wanted) for version in (found, bare, bare.partition("-")[0]))


def _holding(tool: PackageTool, names: tuple[str, ...], *, hold: bool) -> Op:
    call = tool.hold(names, hold=hold)
    if call is None:
        raise BlockedError(f"hold: {tool.name} has no hold that Vigo sets; remove hold and pin with version")
    return _named(call, ("hold",))


def _named(op: Op, changes: tuple[str, ...]) -> Op:
    return msgspec.structs.replace(op, changes=changes)
