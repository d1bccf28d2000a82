from tests.host.booted_debian import BootedDebian, declared
from vigo.catalog.resources.kernel.module_files import boot_files_of
from vigo.core.plan import PlannedResource
from vigo.testing.fake_host import FakeHost

FORWARD = "net.ipv4.ip_forward"
BOOT_FILE = f"/etc/sysctl.d/90-vigo-{FORWARD}.conf"
AT_BOOT = "/usr/lib/systemd/systemd-sysctl"


def forward(**fields: object) -> PlannedResource:
    return declared("sysctl", "forward", key=FORWARD, **fields)


def now(debian: BootedDebian, key: str) -> str:
    return debian.tell("sysctl", "--values", key)


def test_a_parameter_holds_now_and_after_what_a_boot_does(debian: BootedDebian) -> None:
    debian.run("sysctl", "--write", f"{FORWARD}=0")
    debian.changes(forward(value="1"))
    assert now(debian, FORWARD) == "1"
    debian.run("sysctl", "--write", f"{FORWARD}=0")
    debian.run(AT_BOOT)
    assert now(debian, FORWARD) == "1"
    debian.run("sysctl", "--write", f"{FORWARD}=0")
    debian.run("sysctl", "--system", check=False)  # a container may not set all that there is
    assert now(debian, FORWARD) == "1"


def test_a_parameter_that_was_changed_by_hand_is_healed(debian: BootedDebian) -> None:
    debian.changes(forward(value="1"))
    debian.run("sysctl", "--write", f"{FORWARD}=0")
    debian.changes(forward(value="1"))
    assert now(debian, FORWARD) == "1"


def test_columns_are_the_same_however_they_are_written(debian: BootedDebian) -> None:
    memory = declared("sysctl", "memory", key="net.ipv4.tcp_rmem", value="4096 65536 4194304")
    debian.changes(memory)
    assert now(debian, "net.ipv4.tcp_rmem") == "4096\t65536\t4194304"
    debian.run(AT_BOOT)
    debian.keeps(memory)


def test_an_interface_with_a_dot_in_its_name_is_set_now_and_at_boot(debian: BootedDebian) -> None:
    debian.run("ip", "link", "add", "name", "probe.5", "type", "bridge")
    path = "/proc/sys/net/ipv4/conf/probe.5/forwarding"
    key = "net/ipv4/conf/probe.5/forwarding"
    debian.run("sh", "-c", f"echo 0 > {path}")
    debian.changes(declared("sysctl", "interface", key=key, value="1"))
    assert debian.tell("cat", path) == "1"
    debian.run("sh", "-c", f"echo 0 > {path}")
    debian.run(AT_BOOT)
    assert debian.tell("cat", path) == "1"


def test_a_parameter_that_does_not_persist_or_is_absent_has_no_boot_file(debian: BootedDebian) -> None:
    debian.changes(forward(value="1"))
    debian.changes(forward(value="1", persist=False))
    assert debian.run("test", "-e", BOOT_FILE, check=False).returncode == 1
    debian.changes(forward(value="1"))
    debian.changes(forward(state="absent"))
    assert debian.run("test", "-e", BOOT_FILE, check=False).returncode == 1
    assert now(debian, FORWARD) == "1"


def test_another_file_that_has_the_last_word_at_boot_is_named(debian: BootedDebian) -> None:
    debian.write("/etc/sysctl.conf", f"{FORWARD} = 0\n")
    result = debian.apply(forward(value="1"))["forward"]
    assert result.outcome == "blocked"
    assert f"expected /etc/sysctl.d/99-sysctl.conf not to set {FORWARD}" in result.reason
    assert now(debian, FORWARD) == "1"
    debian.run(AT_BOOT)
    assert now(debian, FORWARD) == "0"


def test_what_the_kernel_refuses_or_does_not_have_is_told_and_nothing_is_written(debian: BootedDebian) -> None:
    refused = debian.apply(forward(value="many"))["forward"]
    assert refused.outcome == "failed"
    assert "does not take this value" in refused.reason
    unknown = debian.apply(declared("sysctl", "unknown", key="net.ipv4.nosuch", value="1"))["unknown"]
    assert unknown.outcome == "blocked"
    assert debian.tell("ls", "/etc/sysctl.d").split() == ["99-sysctl.conf", "README.sysctl"]


def test_modprobe_understands_what_is_written_though_no_module_can_be_loaded_here(debian: BootedDebian) -> None:
    image = FakeHost(image=True)
    written = [
        *boot_files_of(image, "kvm-intel", loads=True, options="nested=1 ept=0", blacklist=False),
        *boot_files_of(image, "usb-storage", loads=False, options=None, blacklist=True),
    ]
    for file in written:
        if file.wanted is not None:
            debian.write(file.path, file.wanted.decode())
    told = debian.tell("modprobe", "--showconfig").splitlines()
    assert "options kvm_intel nested=1 ept=0" in told
    assert "blacklist usb_storage" in told
    assert "install usb_storage /bin/false" in told


def test_a_kernel_that_takes_no_modules_is_an_obstacle_that_is_named(debian: BootedDebian) -> None:
    result = debian.apply(declared("kernel_module", "module", module="nosuch"))["module"]
    assert result.outcome in ("blocked", "failed")
    assert "module" in result.reason
    assert debian.tell("ls", "/etc/modules-load.d") == "modules.conf"
