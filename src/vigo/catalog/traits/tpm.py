"""The trait set `tpm`."""

import re
from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.core.errors import UnavailableError

_FOLDER = "/sys/class/tpm"
_LOGS = "/sys/kernel/security"
_NAME = re.compile(r"tpm\d{1,4}")
_BANK = "pcr-"
_VERSIONS = {"1": "1.2", "2": "2.0"}
_MOST, _LONGEST = 8, 200


class Tpm(msgspec.Struct, frozen=True, kw_only=True):
    """A trusted platform module. It is only looked at: no file is read whose answer the module has to give itself."""

    version: Annotated[str, field("Version of the standard: 2.0 or 1.2.", example="2.0")]
    description: Annotated[str, field("What the firmware calls it; empty where it has no name for it.")]
    pcr_banks: Annotated[
        tuple[str, ...],
        field("Digests for which it holds registers, sorted; empty before Linux 5.12 too.", example=["sha1", "sha256"]),
    ]
    measured_boot: Annotated[
        bool, field("Whether the firmware left a log of what it measured; false too where the log is not mounted.")
    ]


class TpmTraits(TraitSet, frozen=True, kw_only=True):
    """The trusted platform modules (TPM) that the kernel drives."""

    present: Annotated[bool, field("Whether there is one.")]
    devices: Annotated[dict[str, Tpm], field("Modules by the kernel's name, at most 8.")]


@collector("tpm", every=timedelta(days=1), timeout=timedelta(seconds=5))
def collect_tpm(host: ReadHost) -> TpmTraits:
    """Report the modules. Source: the kernel's ABI documents, sysfs-class-tpm.

    Raises:
        UnavailableError: this is an image, or a file cannot be read.
    """
    if host.is_image():
        raise UnavailableError("an image has no TPM; it shows on the machine that boots it")
    names = [name for name in host.list_directory(_FOLDER) or () if _NAME.fullmatch(name)]
    return TpmTraits(present=bool(names), devices={name: _device(host, name) for name in names[:_MOST]})


def _device(host: ReadHost, name: str) -> Tpm:
    folder = f"{_FOLDER}/{name}"
    banks = (entry for entry in host.list_directory(folder) or () if entry.startswith(_BANK))
    description = _told(host, f"{folder}/device/firmware_node/description") or _told(
        host, f"{folder}/device/description"
    )
    return Tpm(
        version=_version(host, folder),
        description=description[:_LONGEST],
        pcr_banks=tuple(sorted(bank.removeprefix(_BANK) for bank in banks)),
        measured_boot=host.stat(f"{_LOGS}/{name}/binary_bios_measurements") is not None,
    )


def _version(host: ReadHost, folder: str) -> str:
    """Return the version; before Linux 5.6 only a module of 1.2 shows its registers as one file."""
    told = _VERSIONS.get(_told(host, f"{folder}/tpm_version_major"))
    is_old = any(host.stat(f"{folder}/{pcrs}") is not None for pcrs in ("pcrs", "device/pcrs"))
    return told or ("1.2" if is_old else "2.0")


def _told(host: ReadHost, path: str) -> str:
    return (host.read_text(path) or "").strip()
