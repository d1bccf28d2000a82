import pytest

from tests.catalog.traits.hosts import Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.reboot_required import RebootRequiredTraits, collect_reboot_required
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode

RUNNING = "6.1.0-18-amd64"


def kernels(*releases: str, running: str | None = None) -> dict[str, str | bytes | FakeNode]:
    files: dict[str, str | bytes | FakeNode] = {f"/lib/modules/{release}/modules.builtin": "" for release in releases}
    return files if running is None else {**files, "/proc/sys/kernel/osrelease": f"{running}\n"}


def collected(host: FakeHost) -> RebootRequiredTraits:
    found = collect_reboot_required.collect(host)
    assert isinstance(found, RebootRequiredTraits)
    return found


def test_the_mark_of_debian_comes_with_the_packages_that_ask() -> None:
    files: Files = {
        "/run/reboot-required": "*** System restart required ***\n",
        "/run/reboot-required.pkgs": "linux-image-6.1.0-21-amd64\ndbus\ndbus\n",
        "/var/run": FakeNode.symlink("/run"),
        **kernels(RUNNING, "6.1.0-9-amd64", "6.1.0-22-rt-amd64"),
    }
    assert collected(debian(files)) == RebootRequiredTraits(
        required=True,
        reasons=("/run/reboot-required",),
        packages=("dbus", "linux-image-6.1.0-21-amd64"),
        running_kernel=RUNNING,
        newest_kernel=RUNNING,
    )


@pytest.mark.parametrize("path", ["/var/run/reboot-required", "/run/reboot-needed", "/run/ostree/staged-deployment"])
def test_marks_of_others_count_too(path: str) -> None:
    found = collected(debian({path: ""}))
    assert (found.required, found.reasons, found.packages) == (True, (path,), ())


def test_a_newer_kernel_of_red_hat_is_a_reason() -> None:
    running = "5.14.0-362.24.1.el9_3.x86_64"
    found = collected(redhat(kernels(running, "5.14.0-427.13.1.el9_4.x86_64", running=running)))
    assert (found.required, found.reasons) == (True, ("kernel",))
    assert found.newest_kernel == "5.14.0-427.13.1.el9_4.x86_64"


@pytest.mark.parametrize("next_one", ["6.6.32-0-lts", "6.6.30-0-lts"], ids=["newer", "taken-back"])
def test_a_kernel_of_alpine_that_was_replaced_is_a_reason(next_one: str) -> None:
    assert collected(alpine(kernels(next_one, running="6.6.31-0-lts"))).reasons == ("kernel",)


def test_a_kernel_from_outside_waits_for_no_kernel_of_the_distribution() -> None:
    found = collected(debian(kernels("6.1.0-21-amd64", running="6.18.44-fc")))
    assert (found.required, found.newest_kernel) == (False, "")


def test_modules_that_a_removed_kernel_left_are_no_kernel() -> None:
    files: Files = {**kernels(RUNNING), "/lib/modules/6.1.0-21-amd64/modules.dep": ""}
    assert not collected(debian(files)).required


@pytest.mark.parametrize("mark", ["/run/systemd/container", "/.dockerenv", "/run/.containerenv"])
def test_a_container_does_not_choose_its_kernel(mark: str) -> None:
    found = collected(debian({mark: "", **kernels("6.1.0-21-amd64")}))
    assert (found.required, found.newest_kernel) == (False, "")


def test_a_host_that_tells_nothing_waits_for_nothing() -> None:
    nothing = RebootRequiredTraits(required=False, reasons=(), packages=(), running_kernel="", newest_kernel="")
    assert collected(FakeHost(kernels(RUNNING))) == nothing


def test_an_image_waits_for_no_reboot() -> None:
    assert not collected(image({"/run/reboot-required": "", **kernels(RUNNING, running="1")})).required


def test_an_unreadable_list_of_packages_is_told() -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_reboot_required.collect(debian(unreadable("/run/reboot-required.pkgs")))
