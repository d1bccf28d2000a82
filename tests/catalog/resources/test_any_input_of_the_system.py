"""The kinds of kernel, storage and system against any input, on hosts that have what they work on."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.catalog.resources.test_any_input import WORDS, AnyGuard, plan_of
from tests.catalog.way_back import WayBack
from vigo.catalog.api import Revertible
from vigo.catalog.ops import Run
from vigo.catalog.scan import resource_kinds
from vigo.core.errors import VigoError
from vigo.testing.fake_host import FakeHost, FakeNode
from vigo.testing.fake_services import FakeServices
from vigo.testing.tools.hostname import FakeHostname
from vigo.testing.tools.locales import FakeLocales
from vigo.testing.tools.modules import FakeModules
from vigo.testing.tools.mounts import FakeMounts
from vigo.testing.tools.swap import FakeSwap

FIELDS: dict[str, dict[str, list[Any]]] = {
    "sysctl": {
        "key": ["vm.swappiness", "net/ipv4/conf/eth0.5/forwarding", "vm.none"],
        "value": ["10", "1 2", None],
        "persist": [True, False],
        "state": ["present", "absent"],
    },
    "kernel_module": {
        "module": ["floppy", "ext4", "br-netfilter", "bridge"],
        "options": [None, "a=1"],
        "blacklist": [False, True],
        "state": ["loaded", "absent"],
    },
    "mount": {
        "path": ["/srv", "/srv/new", "/mnt/b", "/", "/etc/a"],
        "device": ["/dev/sdb1", "UUID=0a34", "tmpfs", "/etc", "nas:/x", None],
        "fstype": ["ext4", "tmpfs", None],
        "options": [None, "defaults", "bind", "ro,nodev", "size=1M"],
        "pass": [None, 2],
        "state": ["mounted", "present", "unmounted", "absent"],
    },
    "swap": {
        "path": ["/swapfile", "/srv/new", "/dev/sdb1", "/etc/a"],
        "size": [None, "1M", "2M"],
        "priority": [None, 5],
        "state": ["present", "absent"],
    },
    "hostname": {"hostname": ["web1", "a.b"]},
    "timezone": {"timezone": ["UTC", "Europe/Berlin", "Europe", "No/Where"]},
    "locale": {"locale": ["C", "C.UTF-8", "de_DE.UTF-8", "xx_XX"]},
    "limits": {
        "limits": ["web"],
        "domain": ["*", "@web", None],
        "limit_type": ["-", "soft"],
        "item": ["nofile", "nice"],
        "value": ["1", "unlimited", None],
        "state": ["present", "absent"],
    },
    "sudo_rule": {"sudo_rule": ["deploy", "a.b"], "content": ["x", None], "state": ["present", "absent"]},
}


def host_of(*, image: bool) -> FakeHost:
    files: dict[str, str | FakeNode] = {
        "/etc/a": "one\n",
        "/etc/fstab": "# mine\n/dev/sdb1 /srv ext4 noatime 0 0\n/swapfile none swap sw 0 0\n",
        "/etc/os-release": "ID=debian\n",
        "/etc/default": FakeNode.directory(),
        "/etc/modules-load.d/vigo-floppy.conf": "floppy\n",
        "/etc/security": FakeNode.directory(),
        "/etc/sudoers.d/deploy": "y\n",
        "/etc/timezone": "UTC\n",
        "/dev/sdb1": FakeNode(kind="other"),
        "/dev/disk/by-uuid/0a34": FakeNode.symlink("../../sdb1"),
        "/sys/dev/block/8:17": FakeNode.symlink("../../devices/block/sdb/sdb1"),
        "/lib/modules/6.1/modules.builtin": "kernel/fs/ext4/ext4.ko\n",
        "/mnt": FakeNode.directory(),
        "/proc/modules": "bridge 1 1 br_netfilter, Live 0\nbr_netfilter 1 0 - Live 0\nfloppy 1 0 - Live 0\n",
        "/proc/self/mountinfo": "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:17 / /srv rw - ext4 /dev/sdb1 rw\n",
        "/proc/swaps": "Filename Type Size Used Priority\n/swapfile file 1020 0 -2\n",
        "/proc/sys/kernel/hostname": "old\n",
        "/proc/sys/kernel/osrelease": "6.1\n",
        "/proc/sys/net/ipv4/conf/eth0.5/forwarding": "0\n",
        "/proc/sys/vm/swappiness": "60\n",
        "/run/systemd/system": FakeNode.directory(),
        "/srv": FakeNode.directory(),
        "/swapfile": FakeNode(content=b"SWAPSPACE2", mode=0o600),
        "/usr/sbin": FakeNode.directory(),
        "/usr/share/zoneinfo/Europe/Berlin": "TZif",
        "/usr/share/zoneinfo/UTC": "TZif",
    }
    numbers = {"/dev/sdb1": "8:17", "UUID=0a34": "8:17", "/etc": "8:1"}
    mounts = FakeMounts(numbers, {"/etc": "/etc"})
    tools = [mounts, FakeSwap(), FakeModules(), FakeLocales(), FakeHostname(), FakeServices({})]
    return AnyGuard(files, tools=tools, programs=["visudo"], image=image)


def fields_of(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    def likely(values: list[Any]) -> st.SearchStrategy[Any]:
        anything = st.sampled_from(WORDS) | st.text(max_size=6)
        return st.integers(0, 19).flatmap(lambda draw: anything if draw == 0 else st.sampled_from(values))

    return st.fixed_dictionaries({name: likely(values) for name, values in FIELDS[kind].items()})


@pytest.mark.parametrize("kind", FIELDS)
@pytest.mark.parametrize("image", [False, True], ids=["running", "image"])
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_it_plans_or_refuses_what_it_plans_settles_and_can_be_undone(
    kind: str,
    image: bool,  # noqa: FBT001 - a parameter of the test
    data: st.DataObject,
) -> None:
    resource = resource_kinds()[kind]
    try:
        spec = msgspec.convert(data.draw(fields_of(kind)), resource.spec)
        resource.validate(spec)
    except (VigoError, msgspec.ValidationError):
        return
    host = host_of(image=image)
    before = host.snapshot()
    way = WayBack(resource, spec, host) if isinstance(resource, Revertible) else None
    ops, error = plan_of(resource, spec, host)
    assert host.snapshot() == before
    for op in ops:
        host.apply(op)
    again, second_error = plan_of(resource, spec, host)
    assert again == []
    assert (type(second_error), str(second_error)) == (type(error), str(error))
    if way is not None and ops:
        way.done()
        undone, blocked = way.back()
        assert blocked is None
        for op in undone:
            host.apply(op)
        assert way.is_back()


@pytest.mark.parametrize("kind", FIELDS)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_no_text_of_a_policy_becomes_an_option_of_a_tool(kind: str, data: st.DataObject) -> None:
    resource = resource_kinds()[kind]
    try:
        spec = msgspec.convert(data.draw(fields_of(kind)), resource.spec)
        resource.validate(spec)
    except (VigoError, msgspec.ValidationError):
        return
    ops, _ = plan_of(resource, spec, host_of(image=False))
    for run in (op for op in ops if isinstance(op, Run) and len(op.argv) > 1 and op.argv[0] != "systemctl"):
        assert run.argv[-2] == "--"
        assert not run.argv[-1].startswith("-")
