import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.crontabs import CronTime, is_crontab_name, parse_crontab

FIELDS = st.from_regex(r"(\*|[0-9]{1,2})(/[0-9]{1,2})?", fullmatch=True)
SCHEDULES = st.lists(FIELDS, min_size=5, max_size=5).map(" ".join) | st.sampled_from(["@daily", "@reboot"])
USERS = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
SECRET = "--password=hunter2"

SYSTEM = f"""\
# /etc/crontab of Debian, of Red Hat and of SUSE
SHELL=/bin/sh
PATH = /usr/sbin:/usr/bin
"MAILTO"="root"
17 *\t* * *\troot    cd / && run-parts --report /etc/cron.hourly {SECRET}
01 * * * * root run-parts /etc/cron.hourly
-*/15 * * * * root   test -x /usr/lib/cron/run-crons && /usr/lib/cron/run-crons >/dev/null 2>&1
@reboot www-data true
0 4 * jan,feb mon-fri dom\\user true
* * * * * /usr/bin/no-user {SECRET}
* * * * * root
* * * * {SECRET} root x
@daily
"""


def test_the_systems_table_names_the_user_behind_the_time() -> None:
    found = parse_crontab(SYSTEM)
    assert found == (
        CronTime("17 * * * *", "root"),
        CronTime("01 * * * *", "root"),
        CronTime("*/15 * * * *", "root"),
        CronTime("@reboot", "www-data"),
        CronTime("0 4 * jan,feb mon-fri", "dom\\user"),
    )
    assert "hunter2" not in repr(found)


def test_a_users_table_names_none() -> None:
    text = f"MAILTO=me\n*/5 * * * * {SECRET}\n@hourly {SECRET}\n* * * * *\n"
    assert parse_crontab(text, "ann") == (CronTime("*/5 * * * *", "ann"), CronTime("@hourly", "ann"))


@pytest.mark.parametrize(
    ("name", "is_read"),
    [("php", True), ("0hourly", True), (".placeholder", False), ("x~", False), ("x.rpmsave", False), ("#x#", False)],
)
def test_copies_and_hidden_files_are_not_read(name: str, is_read: bool) -> None:  # noqa: FBT001 - expected value
    assert is_crontab_name(name) is is_read


@given(st.lists(st.builds(CronTime, SCHEDULES, USERS)))
def test_a_table_is_read_back(jobs: list[CronTime]) -> None:
    text = "".join(f"{job.schedule} {job.user} true % x\n" for job in jobs)
    assert parse_crontab(text) == tuple(jobs)


@given(st.text() | st.text("*/@daily0123 root\t=\n-", max_size=100), st.none() | USERS)
def test_any_text_is_read_without_an_error(text: str, user: str | None) -> None:
    assert len(parse_crontab(text, user)) <= text.count("\n") + 1
