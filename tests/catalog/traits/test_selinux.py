import pytest

from tests.catalog.traits.hosts import Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.selinux import SelinuxTraits, collect_selinux
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost

CONFIG = "# x\nSELINUX=enforcing\nSELINUXTYPE=targeted\n"


def collected(host: FakeHost) -> SelinuxTraits:
    found = collect_selinux.collect(host)
    assert isinstance(found, SelinuxTraits)
    return found


def test_red_hat_enforces_now_and_at_boot() -> None:
    files: Files = {
        "/sys/fs/selinux/enforce": "1",
        "/sys/fs/selinux/policyvers": "33",
        "/etc/selinux/config": CONFIG,
        "/proc/cmdline": "BOOT_IMAGE=(hd0,gpt2)/vmlinuz ro crashkernel=1G\n",
    }
    assert collected(redhat(files)) == SelinuxTraits(
        present=True, mode="enforcing", boot_mode="enforcing", policy="targeted", policy_version=33, kernel_options=()
    )


def test_opensuse_says_on_the_command_line_what_overrules_the_file() -> None:
    files: Files = {
        "/sys/fs/selinux/enforce": "0",
        "/sys/fs/selinux/policyvers": "33\n",
        "/etc/selinux/config": CONFIG,
        "/proc/cmdline": "root=UUID=1 splash=silent security=selinux selinux=1 enforcing=0\n",
    }
    found = collected(FakeHost(files))
    assert (found.mode, found.boot_mode) == ("permissive", "enforcing")
    assert found.kernel_options == ("security=selinux", "selinux=1", "enforcing=0")


def test_a_debian_with_the_settings_alone_waits_for_a_boot() -> None:
    found = collected(debian({"/etc/selinux/config": CONFIG}))
    assert (found.present, found.mode, found.boot_mode, found.policy_version) == (True, "disabled", "enforcing", None)


@pytest.mark.parametrize("host", [FakeHost(), debian(), alpine()])
def test_without_selinux_it_is_disabled(host: FakeHost) -> None:
    assert collected(host) == SelinuxTraits(
        present=False, mode="disabled", boot_mode="", policy="", policy_version=None, kernel_options=()
    )


def test_an_image_has_its_settings_and_no_mode_of_the_machine() -> None:
    found = collected(image({"/etc/selinux/config": CONFIG, "/sys/fs/selinux/enforce": "1"}))
    assert (found.present, found.mode, found.boot_mode) == (True, "", "enforcing")
    assert not collected(image()).present


@pytest.mark.parametrize("path", ["/etc/selinux/config", "/sys/fs/selinux/enforce"])
def test_an_unreadable_file_is_told(path: str) -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_selinux.collect(redhat(unreadable(path)))
