import pytest

from tests.catalog.traits.hosts import Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.cron import CronJob, CronTraits, collect_cron
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode

SECRET = "hunter2"


def collected(host: FakeHost) -> CronTraits:
    found = collect_cron.collect(host)
    assert isinstance(found, CronTraits)
    return found


def job(schedule: str, user: str, file: str) -> CronJob:
    return CronJob(schedule=schedule, user=user, file=file)


def test_the_tables_of_debian_are_told_and_no_command_is() -> None:
    files: Files = {
        "/etc/crontab": f"SHELL=/bin/sh\nPASSWORD={SECRET}\n17 *\t* * *\troot\tcd / && run-parts --{SECRET}\n",
        "/etc/debian_version": "12.5\n",
        "/etc/cron.d/.placeholder": "* * * * * root no\n",
        "/etc/cron.d/php.bak": "* * * * * root no\n",
        "/etc/cron.d/php": f"09,39 *     * * *     www-data   [ -x /x ] --token {SECRET}\n",
        "/etc/cron.d/subfolder/x": "* * * * * root no\n",
        "/etc/cron.daily/dpkg": "",
        "/etc/cron.daily/.placeholder": "",
        "/etc/cron.weekly/man-db": "",
        "/etc/cron.monthly": FakeNode.directory(),
        "/var/spool/cron/crontabs/ann": f"@daily backup {SECRET}\n",
        "/var/spool/cron/atjobs/a0001": "* * * * * no\n",
    }
    found = collected(debian(files))
    assert found == CronTraits(
        jobs=(
            job("17 * * * *", "root", "/etc/crontab"),
            job("09,39 * * * *", "www-data", "/etc/cron.d/php"),
            job("@daily", "ann", "/var/spool/cron/crontabs/ann"),
        ),
        count=3,
        scripts={"daily": ("dpkg",), "weekly": ("man-db",)},
    )
    assert SECRET not in repr(found)


def test_red_hat_keeps_the_tables_of_users_right_in_the_spool() -> None:
    files: Files = {
        "/etc/cron.d/0hourly": "SHELL=/bin/bash\nMAILTO=root\n01 * * * * root run-parts /etc/cron.hourly\n",
        "/etc/cron.d/with.dot": "2 * * * * root true\n",
        "/etc/cron.d/x.rpmsave": "* * * * * root no\n",
        "/etc/cron.hourly/0anacron": "",
        "/var/spool/cron/ann": "*/5 * * * * true\n",
    }
    assert collected(redhat(files)) == CronTraits(
        jobs=(
            job("01 * * * *", "root", "/etc/cron.d/0hourly"),
            job("2 * * * *", "root", "/etc/cron.d/with.dot"),
            job("*/5 * * * *", "ann", "/var/spool/cron/ann"),
        ),
        count=3,
        scripts={"hourly": ("0anacron",)},
    )


def test_suse_keeps_them_in_a_folder_of_another_name() -> None:
    files: Files = {
        "/etc/crontab": "-*/15 * * * * root  test -x /usr/lib/cron/run-crons\n",
        "/var/spool/cron/tabs/ann": "0 4 * * mon true\n",
        "/var/spool/cron/lastrun": FakeNode.directory(),
    }
    assert collected(FakeHost(files)).jobs == (
        job("*/15 * * * *", "root", "/etc/crontab"),
        job("0 4 * * mon", "ann", "/var/spool/cron/tabs/ann"),
    )


def test_alpine_has_periods_of_its_own() -> None:
    files: Files = {
        "/etc/crontabs/root": "*/15\t*\t*\t*\t*\trun-parts /etc/periodic/15min\n",
        "/etc/crontabs/cron.update": "root\n",
        "/var/spool/cron/crontabs": FakeNode.symlink("/etc/crontabs"),
        "/etc/periodic/15min/x": "",
    }
    assert collected(alpine(files)) == CronTraits(
        jobs=(job("*/15 * * * *", "root", "/var/spool/cron/crontabs/root"),), count=1, scripts={"15min": ("x",)}
    )


@pytest.mark.parametrize("host", [FakeHost(), image()])
def test_a_host_without_cron_has_no_jobs(host: FakeHost) -> None:
    assert collected(host) == CronTraits(jobs=(), count=0, scripts={})


def test_an_image_has_its_jobs() -> None:
    assert collected(image({"/etc/cron.d/x": "@reboot root true\n"})).jobs == (job("@reboot", "root", "/etc/cron.d/x"),)


def test_of_many_the_first_are_told_and_all_are_counted() -> None:
    files: Files = {
        "/etc/crontab": "* * * * * root true\n" * 300,
        **{f"/etc/cron.daily/s{number:03}": "" for number in range(150)},
    }
    found = collected(debian(files))
    assert (len(found.jobs), found.count, len(found.scripts["daily"])) == (200, 300, 100)


@pytest.mark.parametrize("path", ["/etc/crontab", "/etc/cron.d/x", "/var/spool/cron/crontabs/ann"])
def test_an_unreadable_table_is_told(path: str) -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_cron.collect(debian(unreadable(path)))
