"""A kernel parameter before a resource had a hand in it: its value and its boot file, and how they come back."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec

from vigo.catalog.api import Past, ReadHost, Spec
from vigo.catalog.formats.sysctl_settings import same_value
from vigo.catalog.ops import Op, WriteKernelFile
from vigo.catalog.resources.files.former_entry import EntryFootprint, EntryTrace, RevertiblePath

SpecT = TypeVar("SpecT", bound=Spec)


class SysctlFootprint(EntryFootprint, frozen=True, kw_only=True):
    """The boot file, and where the value is that the resource sets, if it does."""

    live_path: str | None = None


class SysctlTrace(EntryTrace, frozen=True, kw_only=True):
    """The boot file and the value, as the kernel prints it."""

    live: str | None = None


class RevertibleSysctl(RevertiblePath[SpecT]):
    """Undoing for a parameter."""

    footprint, trace = SysctlFootprint, SysctlTrace

    def look(self, footprint: EntryFootprint, host: ReadHost, *, keep: bool = False) -> SysctlTrace:
        """Return the boot file, and the value where there is a running kernel."""
        entry = msgspec.structs.asdict(super().look(footprint, host, keep=keep))
        path = footprint.live_path if isinstance(footprint, SysctlFootprint) else None
        live = None if path is None or host.is_image() else host.read_text(path)
        return SysctlTrace(**entry, live=live)

    def undo(self, pasts: Sequence[Past[EntryFootprint, EntryTrace]]) -> Iterator[Op]:
        """Yield the former value, then the boot file as it was."""
        for footprint, before, now in pasts:
            was = before.live if isinstance(before, SysctlTrace) else None
            found = now.live if isinstance(now, SysctlTrace) else None
            path = footprint.live_path if isinstance(footprint, SysctlFootprint) else None
            if path is not None and was is not None and found is not None and not same_value(was, found):
                yield WriteKernelFile(path=path, content=was)
        yield from super().undo(pasts)
