"""The kind `systemd_unit`."""

from collections.abc import Iterator, Sequence

import msgspec

from vigo.catalog.api import ReadHost, Resource
from vigo.catalog.formats.unit_files import install_settings, parse_settings
from vigo.catalog.formats.unit_properties import is_of, is_outdated
from vigo.catalog.formats.units import parse_install
from vigo.catalog.ops import Op, RemoveDirectory, RemoveFile, Run
from vigo.catalog.ops.reload_units import ReloadUnits
from vigo.catalog.resources.services.image import image_changes, image_state, links_of
from vigo.catalog.resources.services.init_system import TOUCHES, ImageUnit, ServiceState
from vigo.catalog.resources.services.systemd import SYSTEMD, service_state, shown_units
from vigo.catalog.resources.services.systemd_unit_spec import (
    SystemdUnitSpec,
    check_unit_fields,
    is_template,
    unit_harms,
)
from vigo.catalog.resources.services.unit_file import (
    FOLDER,
    UnitFile,
    removed,
    require_replaceable,
    unit_file,
    written,
)
from vigo.core.errors import BlockedError

_ANALYZE = "systemd-analyze"
_VERIFY = (_ANALYZE, "verify", "--man=no", "--", "%")
# The others are judged by their name or together with a unit of a like name, and a file that is not in its place yet
# has another one.
_VERIFIED = (".service", ".timer", ".path", ".target", ".slice")


class SystemdUnitState(msgspec.Struct, frozen=True, kw_only=True):
    """The file, and how systemd has the unit; in an image, of which nobody can be asked, `live` tells of symlinks.

    `is_ours` says that systemd goes by the file of this resource, and `is_outdated` by another version of it;
    `lacks_links`, that a symlink is not there by which the unit shall be started at boot.
    """

    file: UnitFile
    live: ServiceState
    has_failed: bool = False
    is_ours: bool = False
    is_outdated: bool = False
    lacks_links: bool = False
    can_verify: bool = False
    is_folder_shared: bool = False


class SystemdUnit(Resource[SystemdUnitSpec, SystemdUnitState]):
    """The file is compared as text. systemd reads its units anew only where it goes by a former version of this one.

    A unit that runs is not restarted when its file changes: notify a service resource with state: restarted. A drop-in
    leaves it to a service resource whether the unit runs and starts at boot. systemd-analyze refuses a service whose
    program or required unit is not there: put what brings it into depends_on, or set verify: false. It is not asked
    about sockets, mounts, swaps and drop-ins, nor in an image.
    """

    kind, since, spec = "systemd_unit", "0.1", SystemdUnitSpec
    name_field = "unit"

    def validate(self, spec: SystemdUnitSpec) -> None:
        """Accept a unit's name, text, and fields that fit them."""
        check_unit_fields(spec)

    def observe(self, spec: SystemdUnitSpec, host: ReadHost) -> SystemdUnitState:
        """Return the file and how systemd has the unit."""
        path = _path(spec)
        file, is_shared = unit_file(host, path), _is_folder_shared(spec, host)
        if host.is_image():
            return SystemdUnitState(file=file, live=_image(spec, file, host), is_folder_shared=is_shared)
        if not SYSTEMD.runs_on(host):
            raise BlockedError(
                "unit: expected systemd to run this machine, found that it does not; declare its service by another"
                " kind, or give the resource a condition (when)"
            )
        units = shown_units(host, spec.unit, "unit")
        found = {} if is_template(spec.unit) or not units else units[0]
        return SystemdUnitState(
            file=file,
            live=service_state(host, spec.unit, found),
            has_failed=found.get("ActiveState") == "failed",
            is_ours=is_of(found, path),
            is_outdated=is_outdated(units, path if spec.dropin is not None else None, is_there=file.is_there),
            lacks_links=any(host.stat(link) is None for link, _ in _wanted_links(spec)),
            can_verify=spec.verify and spec.dropin is None and host.has_program(_ANALYZE),
            is_folder_shared=is_shared,
        )

    def plan(self, spec: SystemdUnitSpec, state: SystemdUnitState) -> Iterator[Op]:
        """Yield what stops it, its file, the reload that it takes, what it does at boot, and then its start."""
        require_replaceable("unit", state.file)
        if spec.state == "present":
            yield from _present(spec, state)
        elif spec.dropin is None:
            yield from _absent(spec, state)
        else:
            yield from _absent_dropin(spec, state)

    def owns(self, spec: SystemdUnitSpec) -> tuple[str, ...]:
        """Return the file, and the service where it is this resource's to say whether it runs or starts at boot."""
        path = f"path:{_path(spec)}"
        is_declared = spec.state == "absent" or spec.running is not None or spec.enabled is not None
        holds = spec.dropin is None and is_declared
        return (path, f"service:{spec.unit.removesuffix('.service')}") if holds else (path,)

    def harms(self, spec: SystemdUnitSpec) -> tuple[str, ...]:
        """Return the unit where it is stopped or disabled, and those whose name it takes or that its start stops."""
        return unit_harms(spec)


def _path(spec: SystemdUnitSpec) -> str:
    path = f"{FOLDER}/{spec.unit}"
    return path if spec.dropin is None else f"{path}.d/{spec.dropin}.conf"


def _text(spec: SystemdUnitSpec) -> str:
    text = spec.content or ""
    return text if text.endswith("\n") else f"{text}\n"


def _is_folder_shared(spec: SystemdUnitSpec, host: ReadHost) -> bool:
    """Return whether others have drop-ins beside this one."""
    names = () if spec.dropin is None else host.list_directory(f"{FOLDER}/{spec.unit}.d") or ()
    return any(name != f"{spec.dropin}.conf" for name in names)


def _wanted_links(spec: SystemdUnitSpec) -> Sequence[tuple[str, str]]:
    """Return the symlinks by which the unit shall start at boot, as path to target."""
    return links_of(parse_install(_text(spec)), spec.unit, f"{FOLDER}/{spec.unit}") if spec.enabled else ()


def _image(spec: SystemdUnitSpec, file: UnitFile, host: ReadHost) -> ServiceState:
    """Return by which symlinks the unit starts at the boot of an image: those to make, or all that may be there."""
    texts = (_text(spec),) if spec.enabled else (file.text or "", _text(spec))
    links = [link for text in texts for link in links_of(parse_install(text), spec.unit, f"{FOLDER}/{spec.unit}")]
    return image_state(host, "systemd", tuple(dict.fromkeys(links)))


def _present(spec: SystemdUnitSpec, state: SystemdUnitState) -> Iterator[Op]:
    live = state.live
    if live.masked:
        raise BlockedError(
            f"unit: {spec.unit} is masked: somebody forbade it to start; run `systemctl unmask {spec.unit}` if it shall"
        )
    if spec.running is False and live.running:
        yield _systemctl("stop", spec, "running")
    validate = _VERIFY if state.can_verify and spec.unit.endswith(_VERIFIED) else ()
    yield from written(state.file, _text(spec), changes=("content",), validate=validate)
    if live.image is not None:
        yield from _booted_image(spec, state, live.image)
        return
    if state.is_outdated or state.file.text != _text(spec):
        yield _reload(spec, state)
    yield from _at_boot(spec, state)
    if spec.running and not live.running:
        yield _systemctl("start", spec, "running")


def _at_boot(spec: SystemdUnitSpec, state: SystemdUnitState) -> Iterator[Op]:
    """Yield what enables or disables it; where other units shall start it than before, it is enabled anew."""
    is_enabled = state.live.enabled is True
    if spec.enabled is False and is_enabled:
        yield _systemctl("disable", spec, "enabled")
    if spec.enabled is True and not is_enabled:
        yield _systemctl("enable", spec, "enabled")
    if spec.enabled is True and is_enabled:
        before, after = (install_settings(parse_settings(text)) for text in (state.file.text or "", _text(spec)))
        # systemctl calls a unit enabled that has one of its symlinks.
        if before != after or state.lacks_links:
            yield _systemctl("reenable", spec, "enabled")


def _absent(spec: SystemdUnitSpec, state: SystemdUnitState) -> Iterator[Op]:
    live, file = state.live, state.file
    if live.image is not None:
        for path in live.image.present if file.is_there else ():
            yield RemoveFile(path=path)
        yield from removed(file)
        return
    # What an operator removed by hand may run on.
    is_here = file.is_there or state.is_ours
    if is_here and live.running:
        yield _systemctl("stop", spec, "state")
    if is_here and live.enabled is True:
        yield _systemctl("disable", spec, "state")
    yield from removed(file)
    if file.is_there or (state.is_ours and state.is_outdated):
        yield _reload(spec, state)
    if is_here and (state.has_failed or live.running):
        # A stop may end as a failure; where it did not, there is nothing to reset and systemctl says so.
        yield msgspec.structs.replace(_systemctl("reset-failed", spec, "state"), returns=(0, 1))


def _absent_dropin(spec: SystemdUnitSpec, state: SystemdUnitState) -> Iterator[Op]:
    yield from removed(state.file)
    if state.file.is_there and not state.is_folder_shared:
        yield RemoveDirectory(path=state.file.path.rpartition("/")[0])
    if state.live.image is None and (state.file.is_there or state.is_outdated):
        yield _reload(spec, state)


def _booted_image(spec: SystemdUnitSpec, state: SystemdUnitState, image: ImageUnit) -> Iterator[Op]:
    """Yield the symlinks that the boot of an image goes by.

    Raises:
        BlockedError: it shall run.
    """
    left = tuple(folder for folder in image.missing_directories if folder not in state.file.missing_folders)
    image = msgspec.structs.replace(image, missing_directories=left)
    yield from image_changes(spec.enabled, spec.unit, msgspec.structs.replace(state.live, image=image))
    if spec.running:
        raise BlockedError(
            f"running: {spec.unit} cannot be started in an image (--root): nothing runs there; its file is in place,"
            " the rest is due once the image has been started"
        )


def _reload(spec: SystemdUnitSpec, state: SystemdUnitState) -> ReloadUnits:
    is_present = spec.state == "present"
    return ReloadUnits(
        units=(spec.unit,),
        dropin=state.file.path if spec.dropin is not None else None,
        is_there=is_present,
        changes=("content",) if is_present else ("state",),
    )


def _systemctl(verb: str, spec: SystemdUnitSpec, field: str) -> Run:
    return Run(argv=("systemctl", verb, "--", spec.unit), touches=TOUCHES, changes=(field,))
