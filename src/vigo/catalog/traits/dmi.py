"""The trait set `dmi`."""

from datetime import timedelta
from typing import Annotated

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.firmware_tables import chassis_kind, told_text
from vigo.core.errors import UnavailableError

_FOLDER = "/sys/class/dmi/id"


class DmiTraits(TraitSet, frozen=True, kw_only=True):
    """What the firmware says of the machine. Fields that it does not have, or that nobody filled in, are empty texts.

    Serial numbers are for root alone: none where the agent may not read them.
    """

    present: Annotated[bool, field("Whether the firmware has such tables; most machines with a device tree have none.")]
    vendor: Annotated[str, field("Maker of the machine.", example="Dell Inc.")]
    product: Annotated[str, field("Name of the product.", example="PowerEdge R650")]
    product_version: Annotated[str, field("Version of the product; of some makers its readable name.")]
    product_family: Annotated[str, field("Family of products.", example="ThinkPad T14 Gen 3")]
    product_sku: Annotated[str, field("Number by which the maker sells it.")]
    product_serial: Annotated[str | None, field("Serial number of the machine.", example="7XK3J73")]
    product_uuid: Annotated[str | None, field("UUID of the machine.")]
    chassis: Annotated[
        str, field("Kind of its case: server, blade, desktop, laptop, tablet, other and so on.", example="server")
    ]
    chassis_vendor: Annotated[str, field("Maker of the case.")]
    chassis_serial: Annotated[str | None, field("Serial number of the case.")]
    asset_tag: Annotated[str, field("Tag that its owner put into the firmware for the case.")]
    board_vendor: Annotated[str, field("Maker of the main board.")]
    board: Annotated[str, field("Name of the main board.", example="0PYXKY")]
    board_version: Annotated[str, field("Version of the main board.", example="A01")]
    board_serial: Annotated[str | None, field("Serial number of the main board.")]
    bios_vendor: Annotated[str, field("Maker of the firmware.", example="Dell Inc.")]
    bios_version: Annotated[str, field("Version of the firmware.", example="1.8.2")]
    bios_date: Annotated[str, field("Day of the firmware as it writes it, the month first.", example="09/14/2022")]


@collector("dmi", every=timedelta(days=1), timeout=timedelta(seconds=5))
def collect_dmi(host: ReadHost) -> DmiTraits:
    """Report the firmware's tables. Source: the kernel's ABI documents, sysfs-firmware-dmi-entries; dmidecode(8).

    Raises:
        UnavailableError: this is an image, or a file for everybody cannot be read.
    """
    if host.is_image():
        raise UnavailableError("an image has no firmware; it shows on the machine that boots it")
    return DmiTraits(
        present=bool(host.list_directory(_FOLDER)),
        vendor=_told(host, "sys_vendor"),
        product=_told(host, "product_name"),
        product_version=_told(host, "product_version"),
        product_family=_told(host, "product_family"),
        product_sku=_told(host, "product_sku"),
        product_serial=_for_root(host, "product_serial"),
        product_uuid=_for_root(host, "product_uuid"),
        chassis=chassis_kind(host.read_text(f"{_FOLDER}/chassis_type") or ""),
        chassis_vendor=_told(host, "chassis_vendor"),
        chassis_serial=_for_root(host, "chassis_serial"),
        asset_tag=_told(host, "chassis_asset_tag"),
        board_vendor=_told(host, "board_vendor"),
        board=_told(host, "board_name"),
        board_version=_told(host, "board_version"),
        board_serial=_for_root(host, "board_serial"),
        bios_vendor=_told(host, "bios_vendor"),
        bios_version=_told(host, "bios_version"),
        bios_date=_told(host, "bios_date"),
    )


def _told(host: ReadHost, name: str) -> str:
    return told_text(host.read_text(f"{_FOLDER}/{name}") or "")


def _for_root(host: ReadHost, name: str) -> str | None:
    """Return a field that the kernel shows to root alone, or None for an agent that is not root."""
    try:
        return _told(host, name)
    except UnavailableError:
        return None
