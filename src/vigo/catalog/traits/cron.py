"""The trait set `cron`."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.crontabs import CronTime, is_crontab_name, parse_crontab

_SYSTEM = "/etc/crontab"
_SYSTEM_FOLDER = "/etc/cron.d"
_DEBIAN = "/etc/debian_version"
_SPOOLS = ("/var/spool/cron/crontabs", "/var/spool/cron/tabs", "/var/spool/cron", "/etc/crontabs")
"""Of Debian and Alpine, of SUSE, of Red Hat and Arch, and where Alpine really keeps them. The first one there counts:
the third is also the folder above the first two."""
_PERIODS = {
    "15min": ("/etc/periodic/15min",),
    "hourly": ("/etc/cron.hourly", "/etc/periodic/hourly"),
    "daily": ("/etc/cron.daily", "/etc/periodic/daily"),
    "weekly": ("/etc/cron.weekly", "/etc/periodic/weekly"),
    "monthly": ("/etc/cron.monthly", "/etc/periodic/monthly"),
    "yearly": ("/etc/cron.yearly",),
}
_MOST_JOBS, _MOST_SCRIPTS = 200, 100
_NOT_FOR_CRON = frozenset({"placeholder", "cron.update"})


class CronJob(msgspec.Struct, frozen=True, kw_only=True):
    """When a job runs. What it runs is not told: command lines hold secrets."""

    schedule: Annotated[str, field("Five fields or a name, as written; see crontab(5).", example="*/5 * * * *")]
    user: Annotated[str, field("User that it runs as.", example="www-data")]
    file: Annotated[str, field("File that holds it.", example="/etc/cron.d/php")]


class CronTraits(TraitSet, frozen=True, kw_only=True):
    """The jobs of cron; timers of systemd are none. Without cron there are no jobs."""

    jobs: Annotated[tuple[CronJob, ...], field("Jobs in the order of the files and in them, at most 200.")]
    count: Annotated[int, field("Number of all jobs.", example=4)]
    scripts: Annotated[
        dict[str, tuple[str, ...]],
        field("Names of the scripts that run every 15min, hourly, daily, weekly, monthly or yearly, at most 100 each."),
    ]


@collector("cron", every=timedelta(hours=1), timeout=timedelta(seconds=5))
def collect_cron(host: ReadHost) -> CronTraits:
    """Report when cron runs what. Source: crontab(5), cron(8), run-parts(8).

    Raises:
        UnavailableError: a file or the spool cannot be read.
    """
    jobs = [
        CronJob(schedule=job.schedule, user=job.user, file=path)
        for path, found in (*_system_files(host), *_spool_files(host))
        for job in found
    ]
    scripts = {period: _scripts(host, folders) for period, folders in _PERIODS.items()}
    return CronTraits(
        jobs=tuple(jobs[:_MOST_JOBS]),
        count=len(jobs),
        scripts={period: names for period, names in scripts.items() if names},
    )


def _system_files(host: ReadHost) -> Iterator[tuple[str, tuple[CronTime, ...]]]:
    is_strict = host.stat(_DEBIAN) is not None
    names = [name for name in host.list_directory(_SYSTEM_FOLDER) or () if is_crontab_name(name, is_strict=is_strict)]
    for path in (_SYSTEM, *(f"{_SYSTEM_FOLDER}/{name}" for name in names)):
        text = _text(host, path)
        if text is not None:
            yield path, parse_crontab(text)


def _spool_files(host: ReadHost) -> Iterator[tuple[str, tuple[CronTime, ...]]]:
    spool = next((folder for folder in _SPOOLS if host.list_directory(folder) is not None), None)
    if spool is None:
        return
    for name in host.list_directory(spool) or ():
        text = _text(host, f"{spool}/{name}") if is_crontab_name(name) and name not in _NOT_FOR_CRON else None
        if text is not None:
            yield f"{spool}/{name}", parse_crontab(text, name)


def _scripts(host: ReadHost, folders: tuple[str, ...]) -> tuple[str, ...]:
    found = {
        name
        for folder in folders
        for name in host.list_directory(folder) or ()
        if is_crontab_name(name) and name not in _NOT_FOR_CRON
    }
    return tuple(sorted(found)[:_MOST_SCRIPTS])


def _text(host: ReadHost, path: str) -> str | None:
    """Return a crontab's text, or None for a folder, pipe or the like, which cron does not read either."""
    found = host.stat(path)
    return None if found is None or found.kind not in ("file", "symlink") else host.read_text(path)
