"""The kind `swap`."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import ReadHost, Resource, Spec, field
from vigo.catalog.formats.fstab import PATH, FstabEntry, with_entry, without_entries
from vigo.catalog.formats.mount_options import options_of
from vigo.catalog.formats.names import check_path, shown
from vigo.catalog.formats.numbers import whole_number
from vigo.catalog.ops import Op, RemoveFile, Run, SetMode, WriteFile
from vigo.catalog.ops.swap import MakeSwapFile
from vigo.catalog.protected import is_protected
from vigo.catalog.resources.storage.swap_state import LiveSwap, SwapState, swap_state
from vigo.core.errors import BlockedError, InvalidError

_SIZE = re.compile(r"([1-9][0-9]{0,12})([KMGT]?)")
_SMALLEST_BYTES = 1024 * 1024
_PRIVATE = 0o600

Priority = Annotated[int, msgspec.Meta(ge=0, le=32767)]
"""Which area is used first. Source: swapon(2)."""


class SwapSpec(Spec, frozen=True, kw_only=True):
    """A swap file or a swap partition: in use now and after a boot."""

    path: Annotated[str, field("The file, or the device of the partition.", example="/swapfile", is_path=True)]
    size: Annotated[
        str | None,
        field("Size of the file, in bytes or with K, M, G or T (powers of 1024); none for a partition.", example="2G"),
    ] = None
    priority: Annotated[
        Priority | None, field("Which is used first: the higher. Left to the kernel where left out.", example=10)
    ] = None
    state: Annotated[
        Literal["present", "absent"], field("With absent a swap file is removed, and a partition only left alone.")
    ] = "present"


class Swap(Resource[SwapSpec, SwapState]):
    """A file is made whole beside its place, mode 0600, and takes it at once; one of another size is replaced so too.

    Nothing but a swap area is ever overwritten: a file that is none is left and said to be blocked, and a partition is
    only made one where nothing on it is known to blkid. Switching a full area off takes time and memory.
    """

    kind, since, spec = "swap", "0.1", SwapSpec

    def validate(self, spec: SwapSpec) -> None:
        """Accept a path and a size."""
        check_path("path", spec.path)
        if spec.path == "/" or is_protected(spec.path):
            raise InvalidError(f"path: expected a file or device of its own, found {spec.path}; choose another path")
        size = _size_bytes(spec)
        if size is not None and size < _SMALLEST_BYTES:
            raise InvalidError(f"size: expected at least 1M, found {shown(spec.size or '')}; make it larger")
        if size is not None and size % 4096:
            raise InvalidError(f"size: expected a multiple of 4K, found {shown(spec.size or '')}; round it")
        if spec.path.startswith("/dev/") and spec.size is not None:
            raise InvalidError("size: expected none for a device, whose size is its own, found one; remove it")

    def observe(self, spec: SwapSpec, host: ReadHost) -> SwapState:
        """Return what is at the path, whether it is in use, and the line of fstab."""
        return swap_state(host, spec.path)

    def plan(self, spec: SwapSpec, state: SwapState) -> Iterator[Op]:
        """Yield what makes the area; the line of fstab; then what switches it on; or all that the other way round."""
        if spec.state == "absent":
            yield from _absent(spec, state)
            return
        live = state.live
        makes = [] if live is None else list(_area(spec, live))
        yield from makes
        yield from _line(spec, state)
        if live is None:
            raise BlockedError(
                f"path: {spec.path} is not made or used in an image (--root); what the boot uses is written, the"
                " rest is due once the image has been started"
            )
        replaced = any(isinstance(op, MakeSwapFile) for op in makes)
        differs = spec.priority is not None and live.priority not in (None, spec.priority)
        if live.priority is not None and differs and not replaced:
            yield Run(argv=("swapoff", "--", live.path), changes=("priority",))
        if live.priority is None or differs or replaced:
            priority = () if spec.priority is None else ("-p", str(spec.priority))
            changes = ("priority",) if differs and not replaced else ("state",)
            yield Run(argv=("swapon", *priority, "--", live.path), changes=changes)

    def owns(self, spec: SwapSpec) -> tuple[str, ...]:
        """Return the file or device."""
        return f"swap:{spec.path}", f"path:{spec.path}"


def _area(spec: SwapSpec, live: LiveSwap) -> Iterator[Op]:
    """Yield what makes a swap area of what is at the path."""
    _require_tools(live)
    size, is_on, stat = _size_bytes(spec), live.priority is not None, live.stat
    if stat is None:
        if spec.path.startswith("/dev/"):
            raise BlockedError(f"path: expected the device {spec.path}, found none; attach or make it first")
        if not live.has_folder:
            raise BlockedError(
                f"path: expected the directory that holds {spec.path}, found none; add a directory resource for it and"
                " put it in depends_on"
            )
        if size is None:
            raise InvalidError("size: expected how large the file shall be, found nothing; add it, say 2G")
        yield MakeSwapFile(path=spec.path, size_bytes=size)
        return
    if stat.kind == "directory":
        raise InvalidError(f"path: expected a file or device at {spec.path}, found a directory; choose another path")
    if not is_on and live.content != "swap":
        if stat.kind == "file" or live.content is not None:
            raise BlockedError(
                f"path: expected a swap area at {spec.path}, found {live.content or 'something else'}, which is not"
                " overwritten; move it away, or choose another path"
            )
        yield Run(argv=("mkswap", "--", live.path))
    if stat.kind == "file" and size is not None and stat.size_bytes != size:
        yield MakeSwapFile(path=spec.path, size_bytes=size, replaces=True, is_on=is_on, changes=("size",))
    elif stat.kind == "file" and stat.mode & 0o077:
        yield SetMode(path=spec.path, mode=_PRIVATE, changes=("state",))


def _absent(spec: SwapSpec, state: SwapState) -> Iterator[Op]:
    live = state.live
    if live is not None and live.priority is not None:
        _require_tools(live)
        yield Run(argv=("swapoff", "--", live.path))
    if state.entry is not None:
        text = without_entries(state.fstab or "", lambda entry: _is_of(entry, spec.path))
        yield WriteFile(path=PATH, content=text.encode(errors="surrogateescape"), changes=("state",))
    stat = None if live is None else live.stat
    if live is None or stat is None or stat.kind != "file":
        return
    if live.priority is None and live.content != "swap":
        raise BlockedError(
            f"path: expected a swap file at {spec.path}, found {live.content or 'something else'}, which is not"
            " removed; remove it by hand if it is to go"
        )
    yield RemoveFile(path=spec.path)


def _line(spec: SwapSpec, state: SwapState) -> Iterator[Op]:
    there = state.entry or FstabEntry(device=spec.path, path="none", fstype="swap")
    options = there.options
    if spec.priority is not None and _priority_in(options) != spec.priority:
        others = [one for one in options_of(options) if not one.startswith("pri=")]
        options = ",".join((*others, f"pri={spec.priority}"))
    wanted = msgspec.structs.replace(there, options=options)
    if wanted != state.entry:
        text = with_entry(state.fstab or "", wanted, lambda entry: _is_of(entry, spec.path))
        changes = ("state",) if state.entry is None else ("priority",)
        yield WriteFile(path=PATH, content=text.encode(errors="surrogateescape"), changes=changes)


def _is_of(entry: FstabEntry, path: str) -> bool:
    return entry.fstype == "swap" and entry.device == path


def _priority_in(options: str) -> int | None:
    found = [one.removeprefix("pri=") for one in options_of(options) if one.startswith("pri=")]
    return whole_number(found[-1]) if found else None


def _require_tools(live: LiveSwap) -> None:
    if live.missing_tools:
        raise BlockedError(
            f"path: expected the programs {', '.join(live.missing_tools)}, found none; install util-linux"
        )


def _size_bytes(spec: SwapSpec) -> int | None:
    if spec.size is None:
        return None
    found = _SIZE.fullmatch(spec.size)
    if found is None:
        raise InvalidError(f"size: expected a number with K, M, G or T, such as 2G, found {shown(spec.size)}")
    return int(found[1]) << 10 * " KMGT".index(found[2] or " ")
