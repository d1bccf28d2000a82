"""What the fields of a line of /etc/fstab may be. Source: fstab(5)."""

import re

from vigo.catalog.formats.mount_options import options_of
from vigo.catalog.formats.names import check_one_line, check_path, shown
from vigo.catalog.protected import is_protected
from vigo.core.errors import InvalidError

_FSTYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,40}(,[A-Za-z0-9][A-Za-z0-9_.+-]{0,40})*")


def check_mount(path: str, device: str | None, fstype: str | None, options: str | None) -> None:
    """Accept fields that a line can hold and that no program takes for its options.

    Raises:
        InvalidError: with the field, what was found and what to do.
    """
    check_path("path", path)
    if is_protected(path):
        raise InvalidError(f"path: refused: {path} is Vigo's own, which nothing is mounted over; choose another path")
    if device is not None:
        check_one_line("device", device)
        if not device or device.startswith("-") or '"' in device or "\t" in device:
            raise InvalidError(
                f"device: expected a device, UUID=, LABEL=, a server's export or a word such as tmpfs, without"
                f" quotation marks, found {shown(device)}"
            )
        if device.startswith("/") and not device.startswith("//"):
            check_path("device", device)
    if fstype is not None and not _FSTYPE.fullmatch(fstype):
        raise InvalidError(f"fstype: expected the type of a file system such as ext4, found {shown(fstype)}")
    if fstype == "swap":
        raise InvalidError("fstype: expected a file system, found swap; use a swap resource")
    if options is not None:
        check_one_line("options", options)
        if not options or options.startswith("-") or ",".join(options_of(options)) != options:
            raise InvalidError(
                f"options: expected words with one comma between them, such as noatime,nodev, found"
                f" {'nothing' if not options else 'another text'}; correct it, or leave it out"
            )
