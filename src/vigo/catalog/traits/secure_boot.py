"""The trait set `secure_boot`."""

import re
from datetime import timedelta
from typing import Annotated

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.efi_variables import FOLDER, SECURE_BOOT, SETUP_MODE, SHIM_UNCHECKED, parse_efi_flag
from vigo.core.errors import UnavailableError

_FIRMWARE = "/sys/firmware"
_LOCKDOWN = "/sys/kernel/security/lockdown"
_CHOSEN = re.compile(r"\[([a-z]{1,30})\]")


class SecureBootTraits(TraitSet, frozen=True, kw_only=True):
    """Whether the firmware checked what it booted. Only EFI is looked at."""

    efi: Annotated[
        bool | None, field("Whether EFI firmware booted the host; none where that is hidden, as in most containers.")
    ]
    enabled: Annotated[
        bool | None,
        field("Whether Secure Boot is on; false for other firmware, none where the variables of EFI do not show."),
    ]
    setup_mode: Annotated[
        bool | None, field("Whether the firmware takes new keys from anybody; none where it does not tell.")
    ]
    shim_unchecked: Annotated[
        bool, field("Whether shim, the loader that the firmware checked, was told to check nothing itself.")
    ]
    lockdown: Annotated[
        str,
        field(
            "How the kernel guards itself against root: none, integrity or confidentiality; empty where it does not"
            " tell.",
            example="integrity",
        ),
    ]


@collector("secure_boot", every=timedelta(days=1), timeout=timedelta(seconds=5))
def collect_secure_boot(host: ReadHost) -> SecureBootTraits:
    """Report Secure Boot. Source: the UEFI specification, "Globally Defined Variables"; kernel_lockdown(7).

    Raises:
        UnavailableError: this is an image, or a variable cannot be read.
    """
    if host.is_image():
        raise UnavailableError("an image was not booted; it shows on the machine that boots it")
    # A kernel that sees its firmware has something here on every machine; containers hide it behind an empty folder.
    firmware = host.list_directory(_FIRMWARE) or ()
    efi = "efi" in firmware if firmware else None
    chosen = _CHOSEN.search(host.read_text(_LOCKDOWN) or "")
    return SecureBootTraits(
        efi=efi,
        enabled=_enabled(host) if efi else efi,
        setup_mode=_flag(host, SETUP_MODE) if efi else None,
        shim_unchecked=efi is True and _flag(host, SHIM_UNCHECKED) is True,
        lockdown="" if chosen is None else chosen[1],
    )


def _enabled(host: ReadHost) -> bool | None:
    found = _flag(host, SECURE_BOOT)
    if found is None and host.stat(SECURE_BOOT) is None and host.list_directory(FOLDER):
        return False  # firmware that has variables and not this one does not know of Secure Boot
    return found


def _flag(host: ReadHost, path: str) -> bool | None:
    content = host.read_bytes(path)
    return None if content is None else parse_efi_flag(content)
