"""The kind `mount`."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import FileStat, ReadHost, Resource, Spec, field
from vigo.catalog.formats.fstab import PATH, FstabEntry, with_entry, without_entries
from vigo.catalog.formats.mount_options import is_bind, options_that_differ
from vigo.catalog.ops import MakeDirectory, Op, Run, WriteFile
from vigo.catalog.ops.mounts import MountPath, UnmountPath
from vigo.catalog.paths import real_path
from vigo.catalog.resources.services.systemd import DAEMON_RELOAD
from vigo.catalog.resources.storage.devices import is_same_device, is_same_folder, is_same_type, path_of_device
from vigo.catalog.resources.storage.mount_fields import check_mount
from vigo.catalog.resources.storage.mount_state import Fstab, LiveState, fstab_of, live_state
from vigo.core.errors import BlockedError, InvalidError

Digit = Annotated[int, msgspec.Meta(ge=0, le=9)]

_RUNS_SYSTEMD = "/run/systemd/system"
# Without these nothing works, unmounting included.
_OF_THE_SYSTEM = frozenset({"/", "/dev", "/etc", "/proc", "/run", "/sys", "/usr"})


class MountSpec(Spec, frozen=True, kw_only=True):
    """A file system, folder or server's export at a path: what the boot mounts there, and what is mounted now."""

    path: Annotated[str, field("Where it is mounted.", example="/srv", is_path=True)]
    device: Annotated[
        str | None,
        field(
            "What is mounted: a device, UUID=, LABEL=, PARTUUID=, SERVER:/EXPORT, tmpfs, or the folder to bind.",
            example="UUID=0a3407de-014b-458b-b5c1-848e92a327a3",
        ),
    ] = None
    fstype: Annotated[
        str | None, field("Type of the file system; where left out what fstab has, else auto.", example="ext4")
    ] = None
    options: Annotated[
        str | None,
        field("Options, separated by commas; where left out what fstab has, else defaults.", example="noatime,nodev"),
    ] = None
    dump: Annotated[Digit | None, field("For dump(8): 1 where it saves it, else 0.", example=0)] = None
    pass_: Annotated[
        Digit | None, field("When fsck checks it at boot: 0 never, 1 first (the root), 2 then.", example=2)
    ] = msgspec.field(default=None, name="pass")
    state: Annotated[
        Literal["mounted", "present", "unmounted", "absent"],
        field(
            "mounted: in fstab and mounted now. present: in fstab; now left as it is. unmounted: not mounted now; fstab"
            " left as it is. absent: neither."
        ),
    ] = "mounted"


class MountState(msgspec.Struct, frozen=True, kw_only=True):
    """What fstab has and what is mounted (None in an image); then how that fits what is declared."""

    fstab: Fstab
    live: LiveState | None
    is_same: bool
    missing: str | None
    """The path of the declared device where nothing is there."""
    source: FileStat | None
    tells_systemd: bool
    has_mount: bool


class Mount(Resource[MountSpec, MountState]):
    """Other lines of fstab stay byte for byte, and fields that are not declared stay as its line has them.

    Nothing is unmounted by force: what is in use is blocked. Where another device is mounted at the path, it is
    unmounted first. Options that the kernel does not tell of (nofail, _netdev, most of a file system's own) hold from
    the next mount on; the others are set by a remount. A mount point that is missing is made, mode 0755.
    """

    kind, since, spec = "mount", "0.1", MountSpec

    def validate(self, spec: MountSpec) -> None:
        """Accept a path, and fields that fstab can hold."""
        check_mount(spec.path, spec.device, spec.fstype, spec.options)
        if spec.state in ("mounted", "present"):
            if spec.device is None:
                raise InvalidError("device: expected what is to be mounted, found nothing; add it")
        elif spec.path in _OF_THE_SYSTEM:
            raise InvalidError(
                f"state: expected mounted or present for {spec.path}, without which the machine does not work, found"
                f" {spec.state}; leave it out of the policy"
            )

    def observe(self, spec: MountSpec, host: ReadHost) -> MountState:
        """Return what fstab has and what is mounted."""
        fstab = fstab_of(host, spec.path, "path")
        live = None if host.is_image() else live_state(host, spec.path)
        entry = _entry(spec, fstab)
        top = live.here[-1] if live is not None and live.here else None
        is_same = top is None or spec.state != "mounted"
        device = path_of_device(entry.device)
        if top is not None and live is not None and not is_same:
            is_same = (
                is_same_folder(host, entry.device, top, live.mounts)
                if is_bind(entry.options)
                else is_same_device(host, entry.device, top) and is_same_type(entry.fstype, top)
            )
        source = None if device is None or host.is_image() else host.stat(real_path(host, device))
        return MountState(
            fstab=fstab,
            live=live,
            is_same=is_same,
            missing=device if source is None else None,
            source=source,
            tells_systemd=not host.is_image() and host.stat(_RUNS_SYSTEMD) is not None,
            has_mount=host.has_program("mount") and host.has_program("umount"),
        )

    def plan(self, spec: MountSpec, state: MountState) -> Iterator[Op]:
        """Yield what unmounts; the line of fstab; then what mounts, or sets other options."""
        if spec.state in ("unmounted", "absent"):
            if state.live is not None:
                yield from _unmount(spec, state, len(state.live.here), ("state",))
            if spec.state == "absent":
                yield from _without_line(spec, state)
            return
        if spec.state == "mounted" and state.live is not None:
            _require_mountable(spec, state)
        yield from _line(spec, state)
        if spec.state == "present":
            return
        if state.live is None:
            raise BlockedError(
                f"path: {spec.path} is not mounted in an image (--root); what the boot mounts is written, the rest is"
                " due once the image has been started"
            )
        yield from _mounted(spec, state, state.live)

    def owns(self, spec: MountSpec) -> tuple[str, ...]:
        """Return the path as a mount point; the folder itself may be another resource's."""
        return (f"mount:{spec.path}",)


def _entry(spec: MountSpec, fstab: Fstab) -> FstabEntry:
    """Return the line as it shall be: what is declared, then what is there, then what is usual."""
    options = spec.options or (fstab.entry.options if fstab.entry is not None else "defaults")
    usual = FstabEntry(device="", path=spec.path, fstype="none" if is_bind(options) else "auto")
    there = usual if fstab.entry is None else fstab.entry
    return FstabEntry(
        device=there.device if spec.device is None else spec.device,
        path=spec.path,
        fstype=spec.fstype or there.fstype,
        options=options,
        dump=there.dump if spec.dump is None else spec.dump,
        pass_=there.pass_ if spec.pass_ is None else spec.pass_,
    )


def _line(spec: MountSpec, state: MountState) -> Iterator[Op]:
    found, wanted = state.fstab.entry, _entry(spec, state.fstab)
    if found == wanted:
        return
    names = {"device": "device", "fstype": "fstype", "options": "options", "dump": "dump", "pass_": "pass"}
    changed = [names[one] for one in names if found is not None and getattr(found, one) != getattr(wanted, one)]
    text = with_entry(state.fstab.text or "", wanted, lambda entry: _is_of(entry, spec.path))
    yield from _written(text, state, tuple(changed) or ("state",))


def _without_line(spec: MountSpec, state: MountState) -> Iterator[Op]:
    if state.fstab.entry is not None:
        text = without_entries(state.fstab.text or "", lambda entry: _is_of(entry, spec.path))
        yield from _written(text, state, ("state",))


def _is_of(entry: FstabEntry, path: str) -> bool:
    return entry.path == path and entry.fstype != "swap"


def _written(text: str, state: MountState, changes: tuple[str, ...]) -> Iterator[Op]:
    # Its diff shows the changed line alone, and fstab is readable by all on every distribution.
    yield WriteFile(path=PATH, content=text.encode(errors="surrogateescape"), changes=changes)
    if state.tells_systemd:
        # It makes units from fstab; by an old one it may unmount at once what is mounted by hand.
        yield Run(argv=DAEMON_RELOAD, touches=("services",), changes=changes)


def _require_mountable(spec: MountSpec, state: MountState) -> None:
    if state.live is not None and state.live.here and state.is_same:
        return
    if not state.has_mount:
        raise BlockedError("path: expected the programs mount and umount, found none; install them")
    if state.missing is not None:
        # Nothing is written: a device in fstab that is not there keeps the machine from booting.
        raise BlockedError(
            f"device: expected {state.missing} for {spec.device}, found nothing there; attach or make it first, or"
            " correct the name (`lsblk --fs` lists what there is)"
        )
    entry = _entry(spec, state.fstab)
    is_device = not entry.device.startswith("/") or (state.source is not None and state.source.kind == "other")
    if is_bind(entry.options) and is_device:
        raise InvalidError(
            f"options: expected a folder or file to bind, found the device {entry.device}; declare options without"
            " bind, so that its file system is mounted"
        )
    if state.live is not None and state.live.here and spec.path in _OF_THE_SYSTEM:
        top = state.live.here[-1]
        raise BlockedError(
            f"device: expected {spec.device} at {spec.path}, found {top.source} ({top.fstype}), which is not unmounted"
            " while the machine runs; correct the device, or boot with another"
        )


def _mounted(spec: MountSpec, state: MountState, live: LiveState) -> Iterator[Op]:
    options = _entry(spec, state.fstab).options
    if not live.here:
        yield from _mount_point(spec, state, live)
        yield MountPath(argv=("mount", "--", spec.path), path=spec.path)
    elif not state.is_same:
        yield from _unmount(spec, state, 1, ("device",))
        yield MountPath(argv=("mount", "--", spec.path), path=spec.path, changes=("device",))
    elif spec.options is not None:
        differing = options_that_differ(spec.options, live.here[-1])
        if differing:
            # Without `bind` a remount would change every mount of the same file system.
            words = ",".join(("remount", *(("bind",) if is_bind(options) else ()), *differing))
            argv = ("mount", "-o", words, "--", spec.path)
            yield MountPath(argv=argv, path=spec.path, is_remount=True, changes=("options",))


def _mount_point(spec: MountSpec, state: MountState, live: LiveState) -> Iterator[Op]:
    if live.point is None:
        if state.source is not None and state.source.kind == "file" and is_bind(_entry(spec, state.fstab).options):
            raise BlockedError(
                f"path: expected a file at {spec.path} to mount the file {spec.device} on, found none; add a file"
                " resource for it and put it in depends_on"
            )
        yield MakeDirectory(path=spec.path)
    elif live.point.kind == "file" and state.source is not None and state.source.kind == "file":
        return
    elif live.point.kind != "directory":
        raise InvalidError(
            f"path: expected a directory at {spec.path} to mount on, found a {live.point.kind}; remove it, or choose"
            " another path"
        )


def _unmount(spec: MountSpec, state: MountState, count: int, changes: tuple[str, ...]) -> Iterator[Op]:
    if not count or state.live is None:
        return
    if state.live.beneath:
        raise BlockedError(
            f"path: expected nothing to be mounted inside {spec.path}, found {', '.join(state.live.beneath[:5])};"
            " unmount that first"
        )
    if not state.has_mount:
        raise BlockedError("path: expected the programs mount and umount, found none; install them")
    for _ in range(count):
        yield UnmountPath(argv=("umount", "--", spec.path), path=spec.path, changes=changes)
