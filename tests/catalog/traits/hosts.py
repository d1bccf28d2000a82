"""Machines of three families as their files and programs show them, and an image."""

from collections.abc import Mapping
from typing import Any

from vigo.catalog.api import CommandResult
from vigo.catalog.formats.packages import DPKG_QUERY_FORMAT, RPM_QUERY_FORMAT
from vigo.testing.fake_host import FakeHost, FakeNode

Files = Mapping[str, str | bytes | FakeNode]

IP_ADDRESSES = """[
{"ifname": "lo", "flags": ["LOOPBACK", "UP"], "mtu": 65536, "operstate": "UNKNOWN", "address": "00:00:00:00:00:00",
 "addr_info": [{"family": "inet", "local": "127.0.0.1", "prefixlen": 8, "scope": "host"}]},
{"ifname": "eth0", "flags": ["BROADCAST", "UP", "LOWER_UP"], "mtu": 1500, "operstate": "UP",
 "address": "52:54:00:12:34:56", "addr_info": [
  {"family": "inet", "local": "192.0.2.7", "prefixlen": 24, "scope": "global"},
  {"family": "inet6", "local": "2001:db8::7", "prefixlen": 64, "scope": "global"},
  {"family": "inet6", "local": "2001:db8::abcd", "prefixlen": 64, "scope": "global", "temporary": true},
  {"family": "inet6", "local": "fe80::1", "prefixlen": 64, "scope": "link"}]},
{"ifname": "eth1", "flags": ["BROADCAST"], "mtu": 1500, "operstate": "DOWN", "address": "52:54:00:12:34:57"}]"""

KERNEL: dict[str, str | bytes | FakeNode] = {
    "/proc/cpuinfo": "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu vme\n\nprocessor\t: 1\n",
    "/proc/meminfo": "MemTotal:  1000 kB\nMemFree: 100 kB\nMemAvailable: 400 kB\nSwapTotal: 200 kB\nSwapFree: 50 kB\n",
    "/proc/stat": "cpu 1 2 3\nbtime 1900000030\n",
    "/proc/uptime": "172801.52 99999.00\n",
    "/proc/mounts": "/dev/vda1 / ext4 rw,relatime 0 0\ntmpfs /run tmpfs rw 0 0\n/dev/vdb /srv/a\\040b xfs ro 0 0\n",
    "/proc/sys/kernel/hostname": "web-1\n",
    "/proc/sys/kernel/osrelease": "6.1.0-18-amd64\n",
    "/proc/sys/kernel/arch": "x86_64\n",
    "/proc/sys/kernel/random/boot_id": "11111111-2222-4333-8444-555555555555\n",
    "/proc/self/status": "Name:\tvigo\nVmRSS:\t 30000 kB\n",
    "/proc/self/stat": "7 (vigo (x)) S 1 7 7 0 -1 4194560 1 2 3 4 150 75 0 0 20 0 1 0 5 6 7\n",
}
DF = (
    "Filesystem 1024-blocks Used Available Capacity Mounted on\n"
    "/dev/vda1 1000 600 200 75% /\ntmpfs 500 1 499 1% /run\n/dev/vdb 2000 0 2000 0% /srv/a b\n"
)
PASSWD = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534:::\nann:x:1000:1000::/home/ann:/bin/sh\n"
DPKG_QUERY = f"dpkg-query -W -f '{DPKG_QUERY_FORMAT}'"
RPM_QUERY = f"rpm -qa --queryformat '{RPM_QUERY_FORMAT}'"


def debian(files: Files | None = None, **more: Any) -> FakeHost:
    """Return Debian with systemd and ip(8)."""
    own: Files = {
        "/etc/os-release": 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
        "/etc/passwd": PASSWD,
        "/etc/hosts": "127.0.0.1 localhost\n127.0.1.1 web-1.example.com web-1\n",
        "/etc/hostname": "other\n",
        "/etc/resolv.conf": "search example.com\nnameserver 192.0.2.53\n",
        "/etc/localtime": FakeNode.symlink("/usr/share/zoneinfo/Europe/Berlin"),
        "/run/systemd/system": FakeNode.directory(),
        "/run/systemd/timesync/synchronized": "",
        "/run/systemd/sessions/1": "USER=ann\nCLASS=user\nTYPE=tty\nSTATE=active\n",
        "/run/systemd/sessions/2": "USER=bob\nCLASS=user\nTYPE=unspecified\nSTATE=active\n",
        "/run/systemd/sessions/3": "USER=cid\nCLASS=user\nTYPE=tty\nSTATE=closing\n",
        "/run/systemd/sessions/1.ref": FakeNode(kind="other"),
        "/proc/net/route": "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
        "eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0\neth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0\n",
    }
    answers: dict[str, str | CommandResult] = {
        "ip -j addr": IP_ADDRESSES,
        "df -P -k -l": DF,
        DPKG_QUERY: "ii \tcurl\tamd64\t8.5-2\nrc \told\tamd64\t1\nii \tlibc6\ti386\t2\nii \tlibc6\tamd64\t2\n",
    }
    answers |= more.pop("answers", {})
    return FakeHost(
        {**KERNEL, **own, **(files or {})}, answers=answers, programs=more.pop("programs", ("apt-get",)), **more
    )


def redhat(files: Files | None = None) -> FakeHost:
    """Return Rocky Linux, which keeps rpm packages and runs chrony."""
    own: Files = {
        "/usr/lib/os-release": 'ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.3"\n',
        "/etc/login.defs": "# people\nUID_MIN 500\nUID_MAX 60000\n",
        "/etc/passwd": PASSWD + "old:x:500:500:::\n",
        "/etc/localtime": FakeNode.symlink("../usr/share/zoneinfo/UTC"),
        "/run/systemd/system": FakeNode.directory(),
        "/run/chrony/chronyd.pid": "9\n",
        "/sys/class/dmi/id/sys_vendor": "QEMU\n",
        "/sys/class/dmi/id/product_name": "Standard PC\n",
    }
    rpm = "curl\tx86_64\t7.76-1\npython3\tx86_64\t3.11-1\npython3.11\tx86_64\t3.11-1\n"
    return FakeHost(
        {**KERNEL, **own, **(files or {})},
        answers={RPM_QUERY: rpm, "df -P -k -l": CommandResult(1, DF, "df: /x: denied")},
        programs=("dnf",),
    )


def alpine(files: Files | None = None) -> FakeHost:
    """Return Alpine with OpenRC and BusyBox, whose ip has no JSON and whose df has no -l."""
    own: Files = {
        "/etc/os-release": "ID=alpine\nVERSION_ID=3.19.1\nPRETTY_NAME='Alpine Linux v3.19'\n",
        "/etc/passwd": PASSWD,
        "/etc/timezone": "Asia/Tokyo\n",
        "/etc/localtime": b"TZif2",
        "/run/openrc": FakeNode.directory(),
        "/lib/apk/db/installed": "P:busybox\nV:1.36.1-r15\n\nP:musl\nV:1.2.4-r2\n",
        "/sys/class/net/lo/mtu": "65536\n",
        "/sys/class/net/lo/address": "00:00:00:00:00:00\n",
        "/sys/class/net/lo/operstate": "unknown\n",
        "/sys/class/net/eth0/mtu": "1500\n",
        "/sys/class/net/eth0/address": "52:54:00:12:34:56\n",
        "/sys/class/net/eth0/operstate": "up\n",
        "/sys/class/net/bonding_masters": "\n",
        "/proc/net/fib_trie": "Local:\n  |-- 127.0.0.1\n     /32 host LOCAL\n  |-- 192.0.2.7\n     /32 host LOCAL\n"
        "  |-- 192.0.2.255\n     /32 link BROADCAST\n",
        "/proc/net/route": "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
        "eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0\neth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0\n",
        "/proc/net/if_inet6": "00000000000000000000000000000001 01 80 10 80 lo\n"
        "20010db8000000000000000000000007 02 40 00 00 eth0\n20010db800000000000000000000abcd 02 40 00 01 eth0\n",
    }
    kernel = {path: node for path, node in KERNEL.items() if path != "/proc/sys/kernel/arch"}
    return FakeHost(
        {**kernel, **own, **(files or {})},
        answers={
            "ip -j addr": CommandResult(1, stderr="ip: invalid argument '-j'"),
            "df -P -k -l": CommandResult(1, stderr="df: unrecognized option: l"),
            "df -P -k": DF,
            "uname -m": "aarch64\n",
        },
    )


def image(files: Files | None = None) -> FakeHost:
    """Return a file tree in which nothing runs; empty unless files are given."""
    return FakeHost(files or {}, image=True)


def unreadable(path: str) -> dict[str, str | bytes | FakeNode]:
    """Return a file that is there and cannot be read."""
    return {path: FakeNode(unreadable="permission denied")}
