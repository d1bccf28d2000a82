import pytest

from tests.catalog.traits.hosts import KERNEL, Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.formats.efi_variables import FOLDER, SECURE_BOOT, SETUP_MODE, SHIM_UNCHECKED
from vigo.catalog.traits.secure_boot import SecureBootTraits, collect_secure_boot
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode

ON, OFF = b"\x06\0\0\0\x01", b"\x06\0\0\0\0"
LOCKDOWN = "/sys/kernel/security/lockdown"
CHECKED: Files = {SECURE_BOOT: ON, SETUP_MODE: OFF, LOCKDOWN: "none [integrity] confidentiality\n"}


def test_a_debian_that_was_checked_locks_its_kernel() -> None:
    assert collect_secure_boot.collect(debian(CHECKED)) == SecureBootTraits(
        efi=True, enabled=True, setup_mode=False, shim_unchecked=False, lockdown="integrity"
    )


def test_red_hat_behind_a_shim_that_checks_nothing_is_told() -> None:
    files: Files = {**CHECKED, SHIM_UNCHECKED: ON, LOCKDOWN: "[none] integrity confidentiality\n"}
    assert collect_secure_boot.collect(redhat(files)) == SecureBootTraits(
        efi=True, enabled=True, setup_mode=False, shim_unchecked=True, lockdown="none"
    )


def test_alpine_on_firmware_in_setup_mode_is_told() -> None:
    assert collect_secure_boot.collect(alpine({SECURE_BOOT: OFF, SETUP_MODE: ON})) == SecureBootTraits(
        efi=True, enabled=False, setup_mode=True, shim_unchecked=False, lockdown=""
    )


def test_firmware_that_is_no_efi_or_knows_no_secure_boot_has_it_off() -> None:
    bios = collect_secure_boot.collect(debian({"/sys/firmware/acpi": FakeNode.directory()}))
    assert bios == SecureBootTraits(efi=False, enabled=False, setup_mode=None, shim_unchecked=False, lockdown="")
    old = collect_secure_boot.collect(debian({f"{FOLDER}/BootOrder-8be4df61": b"\x07\0\0\0\0\0"}))
    assert old == SecureBootTraits(efi=True, enabled=False, setup_mode=None, shim_unchecked=False, lockdown="")


def test_where_the_variables_do_not_show_it_is_not_known() -> None:
    found = collect_secure_boot.collect(debian({FOLDER: FakeNode.directory()}))
    assert found == SecureBootTraits(efi=True, enabled=None, setup_mode=None, shim_unchecked=False, lockdown="")
    damaged = collect_secure_boot.collect(debian({SECURE_BOOT: b"\x06\0\0\0"}))
    assert isinstance(damaged, SecureBootTraits)
    assert damaged.enabled is None


@pytest.mark.parametrize("host", [FakeHost(), debian({"/sys/firmware": FakeNode.directory()})])
def test_where_the_firmware_is_hidden_nothing_is_known(host: FakeHost) -> None:
    assert collect_secure_boot.collect(host) == SecureBootTraits(
        efi=None, enabled=None, setup_mode=None, shim_unchecked=False, lockdown=""
    )


@pytest.mark.parametrize("path", [SECURE_BOOT, LOCKDOWN])
def test_an_unreadable_file_is_told(path: str) -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_secure_boot.collect(debian({**CHECKED, **unreadable(path)}))


def test_an_image_was_not_booted() -> None:
    with pytest.raises(UnavailableError, match="an image was not booted"):
        collect_secure_boot.collect(image({**KERNEL, **CHECKED}))
