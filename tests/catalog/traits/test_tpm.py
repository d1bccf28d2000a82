import pytest

from tests.catalog.traits.hosts import KERNEL, Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.tpm import Tpm, TpmTraits, collect_tpm
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode

FOLDER = "/sys/class/tpm/tpm0"
LOG = "/sys/kernel/security/tpm0/binary_bios_measurements"
NEW: Files = {
    f"{FOLDER}/tpm_version_major": "2\n",
    f"{FOLDER}/device/firmware_node/description": "TPM 2.0 Device\n",
    f"{FOLDER}/pcr-sha256/0": FakeNode(unreadable="it would ask the chip"),
    f"{FOLDER}/pcr-sha1/0": FakeNode(unreadable="it would ask the chip"),
    LOG: b"\0",
}


def test_a_module_of_a_new_debian_is_told_with_its_banks() -> None:
    assert collect_tpm.collect(debian(NEW)) == TpmTraits(
        present=True,
        devices={
            "tpm0": Tpm(version="2.0", description="TPM 2.0 Device", pcr_banks=("sha1", "sha256"), measured_boot=True)
        },
    )


def test_an_old_module_under_red_hat_shows_its_registers_as_one_file() -> None:
    files: Files = {
        f"{FOLDER}/pcrs": FakeNode(unreadable="it would ask the chip"),
        f"{FOLDER}/caps": FakeNode(unreadable="it would ask the chip"),
        f"{FOLDER}/device/description": "Trusted Platform Module\n",
    }
    assert collect_tpm.collect(redhat(files)) == TpmTraits(
        present=True,
        devices={"tpm0": Tpm(version="1.2", description="Trusted Platform Module", pcr_banks=(), measured_boot=False)},
    )


def test_an_old_kernel_of_alpine_tells_nothing_of_a_new_module_and_it_is_known_by_that() -> None:
    files: Files = {f"{FOLDER}/dev": "10:224\n", "/sys/class/tpm/other": FakeNode.directory()}
    found = collect_tpm.collect(alpine(files))
    assert isinstance(found, TpmTraits)
    assert {name: one.version for name, one in found.devices.items()} == {"tpm0": "2.0"}


@pytest.mark.parametrize("host", [FakeHost(), debian({"/sys/class/tpm": FakeNode.directory()})])
def test_a_host_without_one_has_none(host: FakeHost) -> None:
    assert collect_tpm.collect(host) == TpmTraits(present=False, devices={})


def test_an_unreadable_file_is_told() -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_tpm.collect(debian({**NEW, **unreadable(f"{FOLDER}/tpm_version_major")}))


def test_an_image_has_none() -> None:
    with pytest.raises(UnavailableError, match="an image has no TPM"):
        collect_tpm.collect(image({**KERNEL, **NEW}))
