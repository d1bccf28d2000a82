from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.catalog.traits.hosts import alpine, debian
from vigo.agent.adoption import adopting
from vigo.agent.adoption.adopting import Adopted, Wanted, adopt
from vigo.agent.adoption.folder import host_and_name
from vigo.agent.adoption.globs import matching
from vigo.agent.engine.engine import Engine
from vigo.catalog.scan import resource_kinds
from vigo.core.errors import InvalidError
from vigo.policy.compiling import Compiler
from vigo.policy.sources import Sources
from vigo.testing.clock import FakeClock
from vigo.testing.fake_accounts import FakeAccounts
from vigo.testing.fake_host import FakeHost, FakeNode
from vigo.testing.fake_services import FakeServices, FakeUnit

FILES: Mapping[str, str | bytes | FakeNode] = {
    "/etc/group": "root:x:0:\nstaff:x:1500:ann\nann:x:1000:\nwww-data:x:33:\n",
    "/etc/shadow": FakeNode(content=b"ann:$6$secret:1:0:99999:7:::\n", mode=0o640),
    "/etc/app/app.conf": FakeNode(content=b"port = 80\n", mode=0o644, uid=33, gid=33),
    "/etc/app/.hidden": FakeNode(content=b"\x00\xff", mode=0o644),
    "/etc/app/key.pem": FakeNode(content=b"a private key", mode=0o600),
    "/etc/app/site.tpl": "{{ not ours }}\n",
    "/etc/app/current": FakeNode.symlink("app.conf"),
    "/etc/app/pipe": FakeNode(kind="other"),
    "/etc/app/deep/er/x.conf": "x\n",
    "/home/ann": FakeNode.directory(0o700, 1000, 1000),
}
PASSWD = (
    "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/var/www:/usr/sbin/nologin\n"
    "ann:x:1000:1000:Ann {{ x }}:/home/ann:/bin/sh\nbob:x:1001:1500:Bob:/home/bob:/bin/sh\n"
)


def machine() -> FakeHost:
    units = {"nginx.service": FakeUnit(running=True, boot="enabled"), "vigo.service": FakeUnit(running=True)}
    return debian({**FILES, "/etc/passwd": PASSWD}, tools=[FakeAccounts(), FakeServices(units)])


def adopted(host: FakeHost, **wanted: Any) -> Adopted:
    return adopt(host, "web-1", Wanted(**wanted), lambda _line: None)


def outcomes(adopted: Adopted, host: FakeHost) -> dict[str, str]:
    """Compile the stacks that were written, apply them, and return how each resource ended."""
    compiled = Compiler().compile(Sources(dict(adopted.files)))
    assert [str(one) for one in compiled.diagnostics] == []
    assert compiled.policy is not None
    (entry,) = compiled.policy.compiled_entries
    results = Engine(host, host.apply, FakeClock(), kinds=resource_kinds()).apply(entry.plan, {}, {})
    return {result.id: result.outcome for result in results}


def test_the_first_run_of_what_was_adopted_changes_nothing() -> None:
    host = machine()
    found = adopted(host, packages=True, users=True, files=("/etc/app/**",))
    assert set(outcomes(found, host).values()) == {"unchanged"}
    assert host.applied == []
    assert found.counts == {"adopted-packages": 2, "adopted-users": 2, "adopted-files": 7}


def test_what_cannot_be_declared_as_it_is_is_told_with_the_reason() -> None:
    left = {one.name: one.reason for one in adopted(machine(), users=True, files=("/etc/app/**", "/nowhere*")).left_out}
    assert left.keys() == {"user ann", "/etc/app/key.pem", "/etc/app/pipe", "/nowhere*"}
    assert "reads like a template" in left["user ann"]
    assert "--private takes it" in left["/etc/app/key.pem"]
    assert "device, socket or pipe" in left["/etc/app/pipe"]


def test_no_secret_of_an_account_or_a_private_file_goes_into_the_stacks() -> None:
    found = adopted(machine(), users=True, packages=True, files=("/etc/**",))
    assert not any(b"$6$secret" in content or b"a private key" in content for content in found.files.values())
    with_private = adopted(machine(), files=("/etc/app/key.pem",), private=True)
    assert with_private.files["files/etc/app/key.pem"] == b"a private key"


def test_contents_are_copied_as_they_are_also_from_names_that_the_stacks_pass_over() -> None:
    found = adopted(machine(), files=("/etc/app/*",))
    assert found.files["files/etc/app/dot.hidden"] == b"\x00\xff"
    assert found.files["files/etc/app/site.tpl"] == b"{{ not ours }}\n"


def test_no_two_files_share_a_place_in_the_stacks() -> None:
    host = debian({"/etc/x/.a": "1", "/etc/x/dot.a": "2", "/etc/x/dotdot.a": "3"})
    contents = adopted(host, files=("/etc/x/*",)).files
    assert [contents[f"files/etc/x/{name}"] for name in ("dot.a", "dotdot.a", "dotdotdot.a")] == [b"1", b"2", b"3"]


def test_names_that_are_no_text_are_left_out_and_told() -> None:
    name = b"/etc/x/caf\xe9".decode(errors="surrogateescape")
    (left,) = adopted(debian({name: "1"}), files=("/etc/x/*",)).left_out
    assert (left.name, "no UTF-8" in left.reason) == ("/etc/x/caf\\xe9", True)


def test_what_has_no_room_in_a_policy_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adopting, "MOST_CONTENT_BYTES", 9)
    found = adopted(debian({"/etc/x/a": "123456", "/etc/x/b": "123456", "/etc/x/c": "123"}), files=("/etc/x/?",))
    assert {one.name for one in found.left_out} == {"/etc/x/b"}
    assert "0 MiB of files in all" in found.left_out[0].reason


@pytest.mark.parametrize("name", ["web 1", "-web", "", "wéb", "a/../b"])
def test_the_machines_name_is_a_hostname(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="--hostname"):
        host_and_name(tmp_path, name)


def test_the_name_of_an_image_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hostname").write_text("Web-1.example\n")
    assert host_and_name(tmp_path, None)[1] == "web-1.example"


def test_packages_that_came_along_with_others_are_left_to_the_tool() -> None:
    states = "Package: libc6\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: x\nAuto-Installed: 0\n"
    host = debian({"/var/lib/apt/extended_states": states})
    assert adopted(host, packages=True).counts == {"adopted-packages": 1}
    world = alpine({"/etc/apk/world": "busybox>1.2\n"})
    assert adopted(world, packages=True).counts == {"adopted-packages": 1}
    longer = alpine({"/etc/apk/world": "busybox-extras\nbusybox2@edge\n"})
    assert adopted(longer, packages=True).counts == {}


def test_a_machine_without_what_is_asked_for_gives_no_stacks() -> None:
    found = adopt(FakeHost({}), "bare", Wanted(packages=True, services=True), lambda _line: None)
    assert (found.files, found.counts) == ({}, {})
    assert "expected one of apt" in found.left_out[0].reason


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("/etc/app/*.conf", ["/etc/app/app.conf"]),
        ("/etc/app/**.conf", ["/etc/app/app.conf", "/etc/app/deep/er/x.conf"]),
        ("/etc/app/deep/?r", ["/etc/app/deep/er"]),
        ("/etc/app/current", ["/etc/app/current"]),
        ("/etc/app/[a-z]*", []),
        ("/gone/*", []),
    ],
)
def test_a_pattern_finds(pattern: str, paths: list[str]) -> None:
    assert list(matching(FakeHost(FILES), pattern)) == paths


def test_a_pattern_is_absolute() -> None:
    with pytest.raises(InvalidError, match="absolute pattern"):
        list(matching(FakeHost(FILES), "etc/*"))
