"""What undoing keeps and gives back where no case can say it: hard links, large contents, what others do meanwhile."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from tests.catalog.way_back import WayBack
from tests.gates.tree import ROOT
from vigo.agent.engine.keeping import MAX_FORMER_BYTES_IN_ALL
from vigo.agent.engine.traces import completed, strange
from vigo.catalog.api import MAX_FORMER_BYTES, Revertible, Spec
from vigo.catalog.ops import MakeHardLink, Op, RemoveFile, SetMode, WriteFile
from vigo.catalog.resources.files.former_entry import EntryTrace
from vigo.catalog.scan import resource_kinds
from vigo.testing.fake_accounts import FakeAccounts
from vigo.testing.fake_host import FakeHost, FakeNode
from vigo.testing.fake_packages import FakePackages
from vigo.testing.fake_services import FakeServices, FakeUnit

PASSWD = "root:x:0:0::/root:/bin/sh\n"


def declared(kind: str, /, **fields: Any) -> Spec:
    spec = msgspec.convert(fields, resource_kinds()[kind].spec)
    resource_kinds()[kind].validate(spec)
    return spec


def applied(host: FakeHost, kind: str, /, **fields: Any) -> WayBack:
    """Apply a resource and return its way back."""
    spec, resource = declared(kind, **fields), resource_kinds()[kind]
    way = WayBack(resource, spec, host)
    for op in list(resource.plan(spec, resource.observe(spec, host))):
        host.apply(op)
    way.done()
    return way


def undone(host: FakeHost, way: WayBack) -> list[str]:
    ops, blocked = way.back()
    assert blocked is None
    for op in ops:
        host.apply(op)
    assert way.is_back()
    return [op.summary() for op in ops]


def accounts_host(**files: str | FakeNode) -> FakeHost:
    given: Mapping[str, str | FakeNode] = {
        "/etc/passwd": PASSWD,
        "/etc/group": "root:x:0:\n",
        "/etc/shadow": "",
        "/home": FakeNode.directory(),
    }
    return FakeHost({**given, **files}, tools=[FakeAccounts()])


def test_a_hard_link_that_was_removed_is_one_again() -> None:
    host = FakeHost({"/srv/a": "x"})
    host.apply(MakeHardLink(path="/srv/b", to="/srv/a"))
    way = applied(host, "symlink", path="/srv/b", to="/srv/a", kind="hard", state="absent")
    assert host.stat("/srv/b") is None
    assert undone(host, way) == ["hard link /srv/b = /srv/a"]
    a, b = host.stat("/srv/a"), host.stat("/srv/b")
    assert a is not None
    assert b is not None
    assert a.inode == b.inode


def test_content_over_the_limit_is_not_kept_and_the_way_back_says_so() -> None:
    host = FakeHost({"/a": "x" * (MAX_FORMER_BYTES + 1), "/b": "x" * MAX_FORMER_BYTES})
    ops, blocked = applied(host, "file", path="/a", content="new").back()
    assert ops == []
    assert (
        blocked == f"its former content of {MAX_FORMER_BYTES + 1} bytes was not kept: {MAX_FORMER_BYTES} are the most"
    )
    assert undone(host, applied(host, "file", path="/b", content="new")) == ["write /b"]
    assert len(host.read_bytes("/b") or b"") == MAX_FORMER_BYTES


def test_a_large_file_whose_content_is_not_declared_is_not_even_read() -> None:
    host = FakeHost({"/var/log/app": FakeNode(content=b"x", mode=0o666, unreadable="it would take minutes")})
    assert undone(host, applied(host, "file", path="/var/log/app", mode="0640")) == ["chmod 0666 /var/log/app"]


def test_what_is_not_declared_may_change_and_stays_as_it_is() -> None:
    host = FakeHost({"/a": FakeNode(content=b"old", mode=0o644, uid=5)})
    way = applied(host, "file", path="/a", content="new")
    host.apply(SetMode(path="/a", mode=0o600))
    assert way.changed_since() == {}
    undone(host, way)
    assert host.snapshot()["/a"] == FakeNode(content=b"old", mode=0o600, uid=5)


@pytest.mark.parametrize(
    ("drift", "word"),
    [
        (WriteFile(path="/a", content=b"mine"), "content"),
        (SetMode(path="/a", mode=0o600), "mode"),
        (RemoveFile(path="/a"), "presence"),
    ],
    ids=["content", "mode", "gone"],
)
def test_what_somebody_changed_since_is_named(drift: Op, word: str) -> None:
    host = FakeHost({"/a": "old"})
    way = applied(host, "file", path="/a", content="new", mode="0644")
    host.apply(drift)
    assert word in way.changed_since()["path:/a"]


def test_of_a_file_that_was_not_there_all_counts_declared_or_not() -> None:
    host = FakeHost()
    way = applied(host, "file", path="/flag")
    host.apply(WriteFile(path="/flag", content=b"an application wrote here"))
    assert way.changed_since() == {"path:/flag": ("content",)}


def test_a_directory_that_others_use_stays() -> None:
    host = FakeHost()
    way = applied(host, "directory", path="/srv")
    host.apply(WriteFile(path="/srv/mine", content=b""))
    ops, blocked = way.back()
    assert ops == []
    assert "found something in it that this resource did not put there" in (blocked or "")


def test_a_line_goes_while_the_rest_of_the_file_stays_as_others_made_it() -> None:
    host = FakeHost({"/etc/hosts": "one\n"})
    way = applied(host, "file_line", path="/etc/hosts", line="two")
    host.apply(WriteFile(path="/etc/hosts", content=b"zero\none\ntwo\nthree\n"))
    assert undone(host, way) == ["write /etc/hosts"]
    assert host.read_text("/etc/hosts") == "zero\none\nthree\n"


def test_lines_that_were_taken_out_come_back_between_the_lines_where_they_stood() -> None:
    host = FakeHost({"/a": "one\nbad\ntwo\n"})
    way = applied(host, "file_line", path="/a", line="bad", state="absent")
    host.apply(WriteFile(path="/a", content=b"zero\none\ntwo\nthree\n"))
    undone(host, way)
    assert host.read_text("/a") == "zero\none\nbad\ntwo\nthree\n"


@pytest.mark.parametrize("content", ["one\nother\ntwo\n", "x\none\ntwo\none\ntwo\n", "two\n"])
def test_lines_whose_place_nobody_knows_any_more_do_not_come_back(content: str) -> None:
    host = FakeHost({"/a": "zero\nnone\none\nbad\ntwo\n"})
    way = applied(host, "file_line", path="/a", line="bad", state="absent")
    host.apply(WriteFile(path="/a", content=content.encode()))
    ops, blocked = way.back()
    assert ops == []
    assert "expected the lines around the place of 'bad' as they were" in (blocked or "")


def test_a_file_that_a_line_made_goes_only_when_nothing_else_is_in_it() -> None:
    host = FakeHost()
    first = applied(host, "file_line", path="/a", line="one", create=True)
    second = applied(host, "file_line", path="/a", line="two", create=True)
    assert undone(host, first) == ["write /a"]
    assert host.read_text("/a") == "two\n"
    assert undone(host, second) == ["write /a"]
    assert host.read_text("/a") == ""


def test_packages_of_one_resource_go_by_one_call_since_they_may_need_each_other() -> None:
    tool = FakePackages("apt", {"curl": "1"}, {"nginx": "1", "vim": "1", "curl": "1"})
    host = FakeHost(tools=[tool])
    way = applied(host, "package", package=["nginx", "curl", "vim"])
    assert undone(host, way) == ["run dpkg --no-act --remove -- nginx vim", "run dpkg --remove -- nginx vim"]
    assert tool.installed == {"curl": "1"}


def test_a_package_that_somebody_holds_is_no_longer_the_resources() -> None:
    tool = FakePackages("apt", {}, {"nginx": "1"})
    host = FakeHost(tools=[tool])
    way = applied(host, "package", package="nginx")
    tool._held.add("nginx")
    assert way.changed_since() == {"package:nginx": ("held",)}


def test_an_upgrade_by_others_does_not_make_a_package_theirs() -> None:
    tool = FakePackages("apt", {}, {"nginx": "1"})
    host = FakeHost(tools=[tool])
    way = applied(host, "package", package="nginx")
    tool.installed["nginx"] = "2"
    assert way.changed_since() == {}
    assert undone(host, way) == ["run dpkg --no-act --remove -- nginx", "run dpkg --remove -- nginx"]


def test_a_service_that_is_gone_cannot_be_started_again() -> None:
    services = FakeServices({"web.service": FakeUnit(running=True)})
    host = FakeHost({"/run/systemd/system": FakeNode.directory()}, tools=[services])
    way = applied(host, "service", service="web", state="stopped")
    services.units.clear()
    ops, blocked = way.back()
    assert ops == []
    assert "found that it is not any more" in (blocked or "")


def test_a_group_that_became_a_users_own_stays() -> None:
    host = accounts_host()
    way = applied(host, "group", group="web")
    host.apply(WriteFile(path="/etc/passwd", content=(PASSWD + "ada:x:1001:1000::/:/bin/sh\n").encode()))
    ops, blocked = way.back()
    assert ops == []
    assert "found user ada" in (blocked or "")


def test_a_group_that_others_joined_is_no_longer_the_resources() -> None:
    host = accounts_host()
    way = applied(host, "group", group="web")
    host.apply(WriteFile(path="/etc/group", content=b"root:x:0:\nweb:x:1000:root\n"))
    assert way.changed_since() == {"group:web": ("members",)}


def test_a_home_that_was_used_keeps_its_account() -> None:
    host = accounts_host()
    way = applied(host, "user", user="ada", manage_home=True)
    host.apply(WriteFile(path="/home/ada/thesis", content=b"three years of work"))
    assert way.changed_since() == {"user:ada": ("home content",)}


def test_a_user_may_change_the_own_shell_and_password_and_the_account_still_goes() -> None:
    host = accounts_host()
    way = applied(host, "user", user="ada")
    line = (host.read_text("/etc/passwd") or "").replace("/home/ada:/bin/sh", "/home/ada:/bin/zsh")
    host.apply(WriteFile(path="/etc/passwd", content=line.encode()))
    host.apply(WriteFile(path="/etc/shadow", content=b"ada:$6$mine::::::\n"))
    assert way.changed_since() == {}
    assert undone(host, way) == ["run userdel -- ada", "run groupdel -- ada"]


def test_the_group_of_an_account_stays_when_others_are_in_it() -> None:
    host = accounts_host()
    way = applied(host, "user", user="ada")
    host.apply(WriteFile(path="/etc/group", content=b"root:x:0:\nada:x:1000:root\n"))
    ops, blocked = way.back()
    assert ops == []
    assert "found root" in (blocked or "")


def test_keys_that_somebody_added_by_hand_are_not_lost() -> None:
    host = accounts_host(**{"/etc/passwd": PASSWD + "ada:x:1001:0::/home/ada:/bin/sh\n", "/home/ada/x": ""})
    way = applied(host, "user", user="ada", authorized_keys=["ssh-ed25519 A"])
    host.apply(WriteFile(path="/home/ada/.ssh/authorized_keys", content=b"ssh-ed25519 B\n"))
    assert way.changed_since() == {"user:ada": ("content",)}


def test_what_was_before_is_completed_and_never_replaced() -> None:
    first = EntryTrace(absent=False, kind="file", mode=0o600)
    seen = EntryTrace(absent=False, kind="file", mode=0o644, content="x", former=b"x")
    assert completed(first, seen) == EntryTrace(absent=False, kind="file", mode=0o600, content="x", former=b"x")
    assert completed(EntryTrace(absent=True), seen).former is None


def test_a_state_between_before_and_made_is_the_work_of_an_undoing_that_was_cut() -> None:
    before = EntryTrace(absent=False, kind="file", content="old", mode=0o644)
    made = EntryTrace(absent=False, kind="file", content="new", mode=0o600)
    between = EntryTrace(absent=False, kind="file", content="old", mode=0o600)
    assert strange(between, before, made) == ()
    assert strange(EntryTrace(absent=False, kind="file", content="else", mode=0o600), before, made) == ("content",)


def test_kinds_that_own_things_of_one_sort_share_their_traces() -> None:
    specs = {
        "file": {"path": "/a"},
        "directory": {"path": "/a"},
        "symlink": {"path": "/a", "to": "/b"},
        "cron": {"cron": "a", "command": "x", "schedule": "@daily"},
        "file_line": {"path": "/a", "line": "x"},
        "package": {"package": "a"},
        "package_file": {"package": "a", "path": "/a.deb"},
        "json_file": {"path": "/a", "pointer": "/b", "value": 1},
        "yaml_file": {"path": "/a", "pointer": "/b", "value": 1},
        "toml_file": {"path": "/a", "pointer": "/b", "value": 1},
        "repository": {"repository": "a", "uri": "https://a/b"},
        "service": {"service": "a"},
        "user": {"user": "a"},
        "group": {"group": "a"},
        "sysctl": {"key": "vm.swappiness", "value": "1"},
        "limits": {"limits": "a", "domain": "*", "item": "nofile", "value": "1"},
        "sudo_rule": {"sudo_rule": "a", "content": "x ALL=(ALL) ALL"},
        "block_in_file": {"path": "/a", "block": "x", "label": "l"},
        "ini": {"path": "/a", "option": "x", "value": "y"},
        "download": {"path": "/a", "url": "https://a/b", "sha256": "a" * 64},
        "archive": {"path": "/a", "source": "/a.tar"},
    }
    revertible = {name for name, kind in resource_kinds().items() if isinstance(kind, Revertible)}
    assert revertible == set(specs), "add what the kind owns, so that it can be handed over"
    traces: dict[str, type] = {}
    for name in sorted(revertible):
        kind = resource_kinds()[name]
        for owned in kind.owns(declared(name, **specs[name])):
            assert isinstance(kind, Revertible)
            assert traces.setdefault(owned.partition(":")[0], kind.trace) is kind.trace


def test_the_guide_says_of_every_kind_what_comes_back_and_the_limits() -> None:
    page = (ROOT / "docs/guide/removal.md").read_text()
    table = page.partition("## What comes back")[2].partition("\n\n")[2].partition("\n\n")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    named = [name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(resource_kinds())
    limits = re.findall(r"^\| .* \| (\d+) MiB \|$", page, re.MULTILINE)
    assert [int(one) << 20 for one in limits] == [MAX_FORMER_BYTES, MAX_FORMER_BYTES_IN_ALL]
