"""Variables of EFI firmware as files. Pure: bytes in, values out. Source: the kernel's filesystems/efivarfs."""

_ATTRIBUTES_BYTES = 4
FOLDER = "/sys/firmware/efi/efivars"
_GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"  # UEFI specification, EFI_GLOBAL_VARIABLE
_SHIM = "605dab50-e046-4300-abb6-3dd810dd8b23"

SECURE_BOOT = f"{FOLDER}/SecureBoot-{_GLOBAL}"
SETUP_MODE = f"{FOLDER}/SetupMode-{_GLOBAL}"
SHIM_UNCHECKED = f"{FOLDER}/MokSBStateRT-{_SHIM}"
"""What shim, the loader that most distributions have first, leaves for the system: 1 where it checked nothing."""


def parse_efi_flag(content: bytes) -> bool | None:
    """Return the one byte behind a variable's attributes as a flag, or None where it is none."""
    value = content[_ATTRIBUTES_BYTES:]
    return value == b"\x01" if value in (b"\x00", b"\x01") else None
