"""Whom a host knows, and when others than its files are asked."""

from collections.abc import Sequence

import pytest

from vigo.catalog.api import CommandResult
from vigo.catalog.resources.accounts.lookup import group_entry, user_entry
from vigo.testing.fake_host import FakeHost

FILES = {"/etc/passwd": "ann:x:1000:1000::/home/ann:/bin/sh\n", "/etc/group": "dev:x:1000:\n"}


class AskedHost(FakeHost):
    def __init__(self, nsswitch: str | None) -> None:
        super().__init__({**FILES, **({} if nsswitch is None else {"/etc/nsswitch.conf": nsswitch})})
        self.asked: list[tuple[str, ...]] = []

    def query(self, argv: Sequence[str]) -> CommandResult | None:
        self.asked.append(tuple(argv))
        return CommandResult(0, {"passwd": "eve:x:7:7::/:/bin/sh\n", "group": "ops:x:7:\n"}[argv[1]])


@pytest.mark.parametrize("nsswitch", [None, "passwd: files systemd\ngroup: files sss\n", "hosts: files\n"])
def test_other_sources_are_asked_for_whom_the_files_do_not_know(nsswitch: str | None) -> None:
    host = AskedHost(nsswitch)
    for name in ("ann", "eve"):
        found = user_entry(host, name)
        assert found is not None
    assert group_entry(host, "dev") is not None
    assert group_entry(host, "ops") is not None
    assert host.asked == [("getent", "passwd", "eve"), ("getent", "group", "ops")]


def test_where_there_are_only_files_nobody_is_asked() -> None:
    host = AskedHost("passwd: files\ngroup:  files # alone\n")
    assert user_entry(host, "eve") is None
    assert group_entry(host, "ops") is None
    assert not host.asked
