import sys

import pytest

from tests.catalog.traits.hosts import PASSWD, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.users import UsersTraits, collect_users
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost


def _utmp(user: str, pid: int, kind: int = 7) -> bytes:
    head = kind.to_bytes(4, sys.byteorder) + pid.to_bytes(4, sys.byteorder) + bytes(36)
    return (head + user.encode().ljust(32, b"\0")).ljust(384, b"\0")


def test_people_and_system_accounts_are_told_apart_and_cron_jobs_are_no_log_in() -> None:
    assert collect_users.collect(debian()) == UsersTraits(human=("ann",), system=("nobody", "root"), logged_in=("ann",))


def test_the_range_of_peoples_uids_is_the_hosts_own() -> None:
    found = collect_users.collect(redhat())
    assert isinstance(found, UsersTraits)
    assert found.human == ("ann", "old")


def test_without_systemd_the_log_ins_are_those_of_utmp_whose_process_is_there() -> None:
    records = _utmp("ann", 40) + _utmp("bob", 41) + _utmp("ann", 40) + _utmp("cid", 40, kind=8)
    found = collect_users.collect(alpine({"/run/utmp": records, "/proc/40/stat": ""}))
    assert isinstance(found, UsersTraits)
    assert found.logged_in == ("ann",)


def test_a_host_without_accounts_has_none() -> None:
    assert collect_users.collect(FakeHost()) == UsersTraits(human=(), system=(), logged_in=())


def test_an_unreadable_file_is_told() -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_users.collect(debian(unreadable("/etc/passwd")))


def test_an_image_has_accounts_and_nobody_is_in() -> None:
    files = {"/etc/passwd": PASSWD, "/run/systemd/sessions/1": "USER=ann\nCLASS=user\nTYPE=tty\nSTATE=active\n"}
    assert collect_users.collect(image(files)) == UsersTraits(human=("ann",), system=("nobody", "root"), logged_in=())
