"""What starts at the boot of an image: symlinks, made by hand.

`systemctl --root` would do, but not every machine that builds an image has it, and the symlinks say in a dry run what
changes. Source: systemctl(1) enable, systemd.unit(5) [Install], rc-update(8), runsvdir(8).
"""

from collections.abc import Iterator

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.units import InstallSection, parse_install
from vigo.catalog.ops import MakeDirectory, MakeSymlink, Op, RemoveFile
from vigo.catalog.resources.services.init_system import ImageUnit, Init, ServiceState
from vigo.catalog.resources.services.openrc import RUNLEVELS
from vigo.catalog.resources.services.runit import definition_of
from vigo.catalog.resources.services.systemd import unit_name
from vigo.core.errors import BlockedError

VENDOR_FOLDERS = ("/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
"""Where the units of packages are."""

_UNIT_FOLDERS = ("/etc/systemd/system", *VENDOR_FOLDERS)
_ENABLED_IN = "/etc/systemd/system"
_RUNIT_FOLDERS = ("/etc/runit/runsvdir/default", "/etc/service")
"""What runsvdir will look through; the name by which it does so leads to /run in Void's images."""

_CHANGES = ("enabled",)


def observe_image(host: ReadHost, service: str) -> ServiceState:
    """Return whether the image's service starts at boot, and by which symlinks."""
    unit = unit_name(service)
    # A unit of a template (`getty@tty1`) has the template's file.
    name, at, rest = unit.partition("@")
    instance, dot, kind = rest.rpartition(".")
    file_name = f"{name}@.{kind}" if at and instance and dot else unit
    for folder in _UNIT_FOLDERS:
        stat = host.stat(f"{folder}/{file_name}")
        if stat is not None and host.read_link(f"{folder}/{file_name}") != "/dev/null":
            section = parse_install(host.read_text(f"{folder}/{file_name}") or "")
            return image_state(host, "systemd", links_of(section, unit, f"{folder}/{file_name}", instance))
        if stat is not None:
            return ServiceState(init="systemd", known=True, masked=True, image=ImageUnit())
    if host.stat(f"/etc/init.d/{service}") is not None and host.stat(RUNLEVELS) is not None:
        return image_state(host, "openrc", ((f"{RUNLEVELS}/default/{service}", f"/etc/init.d/{service}"),))
    definition = definition_of(host, service)
    runit = next((folder for folder in _RUNIT_FOLDERS if host.list_directory(folder) is not None), None)
    if definition is not None and runit is not None:
        return image_state(host, "runit", ((f"{runit}/{service}", definition),))
    return ServiceState(init="systemd", known=False, image=ImageUnit())


def image_changes(enabled: bool | None, service: str, state: ServiceState) -> Iterator[Op]:  # noqa: FBT001 - the field
    """Yield the symlinks to make or remove; none for a unit that only others start (without an [Install] section).

    Raises:
        BlockedError: the image has no such service, or it is masked.
    """
    if enabled is None or state.image is None:
        return
    if not enabled:
        for path in state.image.present:
            yield RemoveFile(path=path, changes=_CHANGES)
        return
    if not state.known:
        raise BlockedError(
            f"service: {service} does not exist in the image yet; add the resource that installs it and put it in"
            " depends_on, or correct the name"
        )
    if state.masked:
        raise BlockedError(
            f"enabled: {service} is masked in the image; remove its symlink to /dev/null if it shall start"
        )
    missing = [(path, target) for path, target in state.image.links if path not in state.image.present]
    if missing:
        for folder in state.image.missing_directories:
            yield MakeDirectory(path=folder, changes=_CHANGES)
    for path, target in missing:
        yield MakeSymlink(path=path, to=target, changes=_CHANGES)


def links_of(section: InstallSection, unit: str, path: str, instance: str = "") -> tuple[tuple[str, str], ...]:
    """Return the symlinks that enable a unit, as path to target."""
    found = [(f"{_ENABLED_IN}/{name}.wants/{unit}", path) for name in _expanded(section.wanted_by, instance)]
    found += [(f"{_ENABLED_IN}/{name}.requires/{unit}", path) for name in _expanded(section.required_by, instance)]
    found += [(f"{_ENABLED_IN}/{name}", path) for name in _expanded(section.alias, instance)]
    return tuple(found)


def _expanded(names: tuple[str, ...], instance: str) -> list[str]:
    """Return the names with a template's instance put in.

    A unit file is the image's own data: a name in it that would leave the folder is passed over.
    """
    expanded = [name.replace("%i", instance).replace("%I", instance) for name in names]
    return [name for name in expanded if "/" not in name and "%" not in name and not name.startswith(".")]


def image_state(host: ReadHost, init: Init, links: tuple[tuple[str, str], ...]) -> ServiceState:
    """Return how a service is that these symlinks enable."""
    present = tuple(path for path, _ in links if host.stat(path) is not None)
    folders = dict.fromkeys(folder for path, _ in links for folder in folders_of(path))
    missing = tuple(folder for folder in folders if host.stat(folder) is None)
    return ServiceState(
        init=init,
        known=True,
        enabled=len(present) == len(links) if links else None,
        image=ImageUnit(links, present, missing),
    )


def folders_of(path: str) -> list[str]:
    """Return the directories above a path, the topmost first."""
    parts = path.split("/")[1:-1]
    return ["/" + "/".join(parts[: count + 1]) for count in range(len(parts))]
