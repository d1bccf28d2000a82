import msgspec

from tests.host.booted_debian import BootedDebian
from tests.host.debian_root import PYTHON
from tests.host.tell_traits import traits_of

_LISTEN = """
import os, signal, socket
open("/proc/self/comm", "w").write("listener")
held = [socket.socket(family, kind) for family, kind in (
    (socket.AF_INET, socket.SOCK_STREAM), (socket.AF_INET6, socket.SOCK_STREAM), (socket.AF_INET, socket.SOCK_DGRAM),
)]
held[1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
for one, place in zip(held, (("127.0.0.1", 8080), ("::1", 8081), ("0.0.0.0", 5353))):
    one.bind(place)
held[0].listen(), held[1].listen()
if not os.fork():
    signal.pause()
"""
_LEAVE_ZOMBIES = """
import os, signal
told, tell = os.pipe()
if os.fork():
    os.close(tell)
    os.read(told, 1)
else:
    open("/proc/self/comm", "w").write("careless")
    for child in [os.fork() or os._exit(0) for _ in range(7)]:
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    os.close(tell)
    signal.pause()
"""
# Such a unit has started once its first process has ended, and by then the rest is there.
_START = ("systemd-run", "--quiet", "-p", "Type=forking", "--", str(PYTHON), "-c")
_LIMITED = (
    *("systemd-run", "--quiet", "--wait", "--pipe", "--unit=limited", "-p", "TasksMax=123"),
    *("-p", "MemoryMax=300M", "-p", "Type=exec"),
)


def test_ports_are_those_that_ss_lists(ssh_server: BootedDebian) -> None:
    ssh_server.run(*_START, _LISTEN)
    ssh_server.run("systemctl", "start", "ssh.service")
    told = traits_of(ssh_server, "ports")["ports"]
    found = {(one["protocol"], one["address"], one["port"], one["process"]) for one in told["listening"]}
    listed = set()
    for line in ssh_server.tell("ss", "-H", "-l", "-t", "-u", "-n", "-p").splitlines():
        protocol, _, _, _, place, _, users = [*line.split(), ""][:7]
        address, _, port = place.rpartition(":")
        listed.add(
            (protocol, address.strip("[]").partition("%")[0], int(port), users.partition('"')[2].partition('"')[0])
        )
    assert found == {(protocol, address.replace("*", "::"), port, name) for protocol, address, port, name in listed}
    assert found >= {
        ("tcp", "127.0.0.1", 8080, "listener"),
        ("tcp", "::1", 8081, "listener"),
        ("udp", "0.0.0.0", 5353, "listener"),  # noqa: S104 - what it tells
        ("tcp", "0.0.0.0", 22, "sshd"),  # noqa: S104 - what it tells
    }
    assert told["count"] == len(found)


def test_processes_are_as_ps_lists_them(debian: BootedDebian) -> None:
    debian.run(*_START, _LEAVE_ZOMBIES)
    told = traits_of(debian, "processes")["processes"]
    rows = [line.split() for line in debian.tell("ps", "-eo", "stat=,nlwp=,comm=").splitlines()]
    # ps counts itself, and the traits what told them.
    assert (told["count"], told["threads"]) == (len(rows), sum(int(row[1]) for row in rows))
    assert told["zombies"] == sum(row[0].startswith("Z") for row in rows) == 7
    assert told["stopped"] == sum(row[0][0] in "Tt" for row in rows)
    assert told["zombie_parents"] == ["careless"]


def test_the_kernel_is_as_procps_and_kmod_tell_it(debian: BootedDebian) -> None:
    debian.run("sysctl", "-w", "net.ipv4.ip_forward=1")
    told = traits_of(debian, "sysctl", "kernel_modules", "host_limits", "pressure")
    values = told["sysctl"]["values"]
    assert values["net.ipv4.ip_forward"] == "1"
    assert len(values) > 40
    for key, value in values.items():
        assert " ".join(debian.tell("sysctl", "-n", key).split()) == value, key
    assert told["sysctl"]["unreadable"] == []
    lines = debian.run("lsmod", check=False).stdout.splitlines()[1:]
    sizes = {words[0]: int(words[1]) for words in map(str.split, lines)}
    assert {name: one["size_bytes"] for name, one in told["kernel_modules"]["modules"].items()} == sizes
    assert bool(told["kernel_modules"]["taints"]) == (debian.tell("sysctl", "-n", "kernel.tainted") != "0")
    limits = told["host_limits"]
    most = int(debian.tell("sysctl", "-n", "fs.file-max"))
    assert limits["descriptors_max"] == (most if most < 2**62 else None)
    pids = [int(debian.tell("sysctl", "-n", f"kernel.{name}")) for name in ("pid_max", "threads-max")]
    assert limits["pids_max"] == min(pids)
    kills = debian.tell("awk", '$1 == "oom_kill" {print $2}', "/proc/vmstat")
    assert limits["oom_kills"] == (int(kills) if kills else None)
    measured = debian.run("ls", "/proc/pressure", check=False).stdout.split()
    assert sorted(told["pressure"]["resources"]) == sorted(set(measured) & {"cpu", "io", "memory"})


def test_the_machine_is_as_systemd_and_the_kernels_folders_tell_it(debian: BootedDebian) -> None:
    told = traits_of(debian, "virtualisation", "dmi", "tpm", "secure_boot")
    for field, option in (("container", "--container"), ("hypervisor", "--vm")):
        name = debian.run("systemd-detect-virt", option, check=False).stdout.strip()
        assert told["virtualisation"][field] == name.replace("none", ""), option
    assert told["virtualisation"]["kind"] == "container"
    for name, path in (("dmi", "/sys/class/dmi/id/*"), ("tpm", "/sys/class/tpm/tpm*")):
        assert told[name]["present"] == bool(debian.tell("sh", "-c", f"echo {path}").replace(path, "")), name
    vendor = debian.run("cat", "/sys/class/dmi/id/sys_vendor", check=False).stdout.strip()
    assert told["dmi"]["vendor"] in ("", vendor)
    is_efi = debian.run("test", "-d", "/sys/firmware/efi", check=False).returncode == 0
    assert told["secure_boot"]["efi"] in ((True,) if is_efi else (False, None))


def test_limits_of_a_unit_are_those_that_systemd_set(debian: BootedDebian) -> None:
    environment = [f"--setenv={name}={value}" for name, value in debian.python_environment().items()]
    limited = debian.run(*_LIMITED, *environment, str(PYTHON), "-m", "tests.host.tell_traits", "cgroups")
    told = msgspec.json.decode(limited.stdout)["cgroups"]
    plain = traits_of(debian, "cgroups")["cgroups"]
    assert told["version"] == (2 if debian.tell("stat", "-f", "-c", "%T", "/sys/fs/cgroup") == "cgroup2fs" else 1)
    listed = debian.tell("awk", "$2 != 0 && $4 == 1 {print $1}", "/proc/cgroups").split()
    if told["version"] == 2:
        listed = debian.tell("cat", "/sys/fs/cgroup/cgroup.controllers").split()
    assert told["controllers"] == plain["controllers"] == sorted(listed)
    folders = debian.tell("sh", "-c", "ls -d /sys/fs/cgroup/*/system.slice /sys/fs/cgroup/system.slice || true")
    has = {name: f"/{name}/" in folders or told["version"] == 2 for name in ("memory", "pids")}
    if has["pids"]:
        assert told["agent"]["pids"] == 123
    if has["memory"]:
        assert told["agent"]["path"].endswith("/system.slice/limited.service")
        assert told["agent"]["memory_bytes"] == 300 * 1024 * 1024
    assert told["root"]["pids"] is None or told["root"]["pids"] >= 123


def test_containers_are_counted_by_their_folders(debian: BootedDebian) -> None:
    assert traits_of(debian, "containers")["containers"] == {"runtimes": {}}
    debian.write("/usr/bin/podman", "#!/bin/sh\n", "0755")
    storage = "/var/lib/containers/storage/overlay-containers"
    debian.run("sh", "-c", f"for n in 1 2 3; do mkdir -p {storage}/$(echo $n | sha256sum | cut -c1-64); done")
    debian.run("sh", "-c", f"mkdir -p /run/crun && cp -r {storage}/$(echo 2 | sha256sum | cut -c1-64) /run/crun/")
    told = traits_of(debian, "containers")["containers"]["runtimes"]
    counts = [int(debian.tell("sh", "-c", f"ls {folder} | wc -l")) for folder in (storage, "/run/crun")]
    assert told == {"podman": {"containers": counts[0], "running": counts[1]}}
    assert counts == [3, 1]
