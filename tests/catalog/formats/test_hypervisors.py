import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.hypervisors import (
    MachineSigns,
    container_by_group,
    container_by_manager,
    hypervisor_name,
    is_wsl,
)

GUEST = "processor\t: 0\nflags\t\t: fpu vme hypervisor lahf_lm\n"
BARE = "processor\t: 0\nflags\t\t: fpu vme lahf_lm\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd\n"
TEXTS = st.text(max_size=40) | st.sampled_from([GUEST, BARE, ARM, "xen", "kvm-clock tsc", "linux,kvm", "Xen", "QEMU"])


@pytest.mark.parametrize(
    ("signs", "name"),
    [
        (MachineSigns(), ""),
        (MachineSigns(firmware=("PowerEdge R650", "Dell Inc."), cpuinfo=BARE, clocks="tsc hpet"), ""),
        (MachineSigns(cpuinfo=GUEST, clocks="tsc kvm-clock acpi_pm"), "kvm"),
        (MachineSigns(firmware=("Standard PC (Q35 + ICH9, 2009)", "QEMU"), cpuinfo=GUEST, clocks="kvm-clock"), "kvm"),
        (MachineSigns(firmware=("Standard PC (Q35 + ICH9, 2009)", "QEMU"), cpuinfo=GUEST, clocks="tsc"), "qemu"),
        (MachineSigns(firmware=("VMware Virtual Platform", "VMware, Inc."), cpuinfo=GUEST), "vmware"),
        (MachineSigns(firmware=("Virtual Machine", "Microsoft Corporation"), cpuinfo=GUEST), "microsoft"),
        (MachineSigns(firmware=("Surface Pro", "Microsoft Corporation"), cpuinfo=BARE), ""),
        (MachineSigns(firmware=("VirtualBox", "innotek GmbH"), cpuinfo=BARE), "oracle"),
        (MachineSigns(firmware=("m7i.large", "Amazon EC2"), cpuinfo=GUEST, clocks="kvm-clock"), "amazon"),
        (MachineSigns(firmware=("m7i.metal-24xl", "Amazon EC2"), cpuinfo=BARE), ""),
        (MachineSigns(firmware=("m7g.large", "Amazon EC2"), cpuinfo=ARM), "amazon"),
        (MachineSigns(hypervisor_type="xen\n", cpuinfo=GUEST), "xen"),
        (MachineSigns(hypervisor_type="xen\n", xen_capabilities="control_d\n", cpuinfo=GUEST, clocks="xen"), ""),
        (MachineSigns(cpuinfo=ARM, device_tree="linux,kvm"), "kvm"),
        (MachineSigns(sysinfo="Type: 3931\nVM00 Control Program: z/VM    7.3.0\n"), "zvm"),
        (MachineSigns(sysinfo="VM00 Control Program: KVM/Linux\n"), "kvm"),
        (MachineSigns(cpuinfo="vendor_id\t: User Mode Linux\n"), "uml"),
        (MachineSigns(cpuinfo=GUEST, clocks="tsc"), "vm-other"),
    ],
)
def test_a_hypervisor_is_told_by_what_it_shows(signs: MachineSigns, name: str) -> None:
    assert hypervisor_name(signs) == name


def test_a_manager_tells_its_container() -> None:
    assert container_by_manager("systemd-nspawn\n") == "systemd-nspawn"
    assert container_by_manager("oci") == "container-other"
    assert container_by_manager("") == ""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("12:memory:/docker/0123abcd\n1:name=systemd:/docker/0123abcd\n", "docker"),
        ("0::/system.slice/docker-0123abcd.scope\n", "docker"),
        ("0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-1.scope\n", "kubernetes"),
        ("0::/machine.slice/libpod-0123abcd.scope\n", "podman"),
        ("4:pids:/lxc.payload.web\n", "lxc"),
        ("0::/init.scope\n", ""),
        ("0::/\n", ""),
    ],
)
def test_a_group_tells_its_container(text: str, name: str) -> None:
    assert container_by_group(text) == name


def test_windows_has_kernels_of_its_own() -> None:
    assert is_wsl("5.15.153.1-microsoft-standard-WSL2")
    assert not is_wsl("6.1.0-18-amd64")


@given(
    st.builds(
        MachineSigns,
        firmware=st.lists(TEXTS, max_size=5),
        cpuinfo=TEXTS,
        hypervisor_type=TEXTS,
        xen_capabilities=TEXTS,
        clocks=TEXTS,
        device_tree=TEXTS,
        sysinfo=TEXTS,
    )
)
def test_any_signs_lead_to_a_short_name(signs: MachineSigns) -> None:
    assert len(hypervisor_name(signs)) <= 20


@given(st.text())
def test_any_text_of_a_manager_or_group_leads_to_a_short_name(text: str) -> None:
    assert len(container_by_manager(text)) <= 20
    assert len(container_by_group(text)) <= 20
