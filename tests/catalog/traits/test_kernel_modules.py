import pytest

from tests.catalog.traits.hosts import KERNEL, Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.kernel_modules import KernelModulesTraits, LoadedModule, collect_kernel_modules
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost

ENFORCED = "/sys/module/module/parameters/sig_enforce"
TAINTED = "/proc/sys/kernel/tainted"


def collected(host: FakeHost) -> KernelModulesTraits:
    found = collect_kernel_modules.collect(host)
    assert isinstance(found, KernelModulesTraits)
    return found


def test_a_foreign_module_of_debian_is_told_with_its_taints_and_as_unsigned() -> None:
    files: Files = {
        "/proc/modules": "nf_nat 57344 2 nft_chain_nat,xt_MASQUERADE, Live 0xffffffffc0a5b000\n"
        "vboxdrv 643072 0 - Live 0xffffffffc0b00000 (OE)\n",
        ENFORCED: "N\n",
        TAINTED: "12288\n",
    }
    assert collected(debian(files)) == KernelModulesTraits(
        modules={
            "nf_nat": LoadedModule(
                size_bytes=57_344, used_by=("nft_chain_nat", "xt_MASQUERADE"), signed=True, taints=()
            ),
            "vboxdrv": LoadedModule(
                size_bytes=643_072, used_by=(), signed=False, taints=("out_of_tree_module", "unsigned_module")
            ),
        },
        count=2,
        unsigned=("vboxdrv",),
        signatures_enforced=False,
        locked=False,
        taints=("out_of_tree_module", "unsigned_module"),
    )


def test_red_hat_enforces_signatures_and_takes_no_more_modules() -> None:
    files: Files = {
        "/proc/modules": "xfs 2048000 1 - Live 0x0000000000000000\nnvidia 1 0 - Live 0x0 (PO)\n",
        ENFORCED: "Y\n",
        TAINTED: "4097\n",
        "/proc/sys/kernel/modules_disabled": "1\n",
    }
    found = collected(redhat(files))
    assert (found.signatures_enforced, found.locked, found.unsigned) == (True, True, ())
    assert found.modules["nvidia"] == LoadedModule(
        size_bytes=1, used_by=(), signed=True, taints=("out_of_tree_module", "proprietary_module")
    )


def test_the_kernel_of_alpine_checks_no_signatures() -> None:
    found = collected(alpine({"/proc/modules": "virtio_net 69632 0 - Live 0x0000000000000000\n", TAINTED: "0\n"}))
    assert found.modules["virtio_net"].signed is None
    assert found.signatures_enforced is None


@pytest.mark.parametrize("host", [FakeHost(), debian()])
def test_a_kernel_without_modules_has_none(host: FakeHost) -> None:
    assert collected(host) == KernelModulesTraits(
        modules={}, count=0, unsigned=(), signatures_enforced=None, locked=False, taints=()
    )


def test_of_many_the_first_are_told_and_all_are_counted() -> None:
    users = ",".join(f"u{number:03}" for number in range(150))
    text = "".join(f"m{number:04} 1 0 {users}, Live 0x0 (E)\n" for number in range(700))
    found = collected(debian({"/proc/modules": text}))
    assert (len(found.modules), found.count, len(found.unsigned)) == (500, 700, 100)
    assert len(found.modules["m0000"].used_by) == 100


@pytest.mark.parametrize("path", ["/proc/modules", TAINTED, ENFORCED])
def test_an_unreadable_file_is_told(path: str) -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collected(debian(unreadable(path)))


def test_an_image_runs_no_kernel() -> None:
    with pytest.raises(UnavailableError, match="an image runs no kernel"):
        collected(image({**KERNEL, "/proc/modules": "xfs 1 0 - Live 0x0\n"}))
