import pytest

from tests.catalog.traits.hosts import KERNEL, Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.dmi import DmiTraits, collect_dmi
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost

FOLDER = "/sys/class/dmi/id"


def firmware(**fields: str) -> dict[str, str]:
    return {f"{FOLDER}/{name}": f"{value}\n" for name, value in fields.items()}


SERVER: Files = firmware(
    sys_vendor="Dell Inc.",
    product_name="PowerEdge R650",
    product_version=" ",
    product_sku="SKU=090E;ModelName=PowerEdge R650",
    product_serial="7XK3J73",
    product_uuid="4c4c4544-0058-4b10-8033-b7c04f4a3733",
    chassis_type="23",
    chassis_vendor="Dell Inc.",
    chassis_serial="7XK3J73",
    chassis_asset_tag="RACK-7",
    board_vendor="Dell Inc.",
    board_name="0PYXKY",
    board_version="A01",
    board_serial=".7XK3J73.CNFCP0012300AB.",
    bios_vendor="Dell Inc.",
    bios_version="1.8.2",
    bios_date="09/14/2022",
)


def collected(host: FakeHost) -> DmiTraits:
    found = collect_dmi.collect(host)
    assert isinstance(found, DmiTraits)
    return found


def test_a_server_under_debian_tells_all_of_itself() -> None:
    assert collected(debian(SERVER)) == DmiTraits(
        present=True,
        vendor="Dell Inc.",
        product="PowerEdge R650",
        product_version="",
        product_family="",
        product_sku="SKU=090E;ModelName=PowerEdge R650",
        product_serial="7XK3J73",
        product_uuid="4c4c4544-0058-4b10-8033-b7c04f4a3733",
        chassis="server",
        chassis_vendor="Dell Inc.",
        chassis_serial="7XK3J73",
        asset_tag="RACK-7",
        board_vendor="Dell Inc.",
        board="0PYXKY",
        board_version="A01",
        board_serial=".7XK3J73.CNFCP0012300AB.",
        bios_vendor="Dell Inc.",
        bios_version="1.8.2",
        bios_date="09/14/2022",
    )


def test_a_guest_under_red_hat_has_no_serial_numbers() -> None:
    guest = firmware(product_serial="Not Specified", chassis_type="1", bios_vendor="SeaBIOS")
    found = collected(redhat(guest))
    assert (found.vendor, found.product, found.bios_vendor) == ("QEMU", "Standard PC", "SeaBIOS")
    assert (found.product_serial, found.chassis) == ("", "")


def test_a_board_without_dmi_under_alpine_is_told_as_such() -> None:
    found = collected(alpine())
    assert not found.present
    assert {value for value in found.as_values().values() if value is not False} == {""}


def test_serial_numbers_are_none_where_only_root_may_read_them() -> None:
    found = collected(debian({**SERVER, **unreadable(f"{FOLDER}/product_serial")}))
    assert found.product_serial is None
    assert found.product == "PowerEdge R650"


def test_another_unreadable_field_is_told() -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collected(debian({**SERVER, **unreadable(f"{FOLDER}/bios_date")}))


def test_an_image_has_no_firmware() -> None:
    with pytest.raises(UnavailableError, match="an image has no firmware"):
        collected(image({**KERNEL, **SERVER}))
