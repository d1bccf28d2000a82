"""When cron runs jobs and as whom. Pure: text in, values out; what the jobs do is not told, it may hold secrets.

Source: crontab(5).
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_FIELD = re.compile(r"[0-9A-Za-z*/,~-]{1,100}", re.ASCII)
_NICKNAME = re.compile(r"@[a-z_0-9]{1,20}", re.ASCII)
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@\\-]{0,63}\$?", re.ASCII)
_VARIABLE = re.compile(r"\s*[\"']?[A-Za-z_][A-Za-z0-9_]*[\"']?\s*=")
_STRICT = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_FIELDS = 5
_PASSED_OVER = ("~", ".rpmsave", ".rpmnew", ".rpmorig", ".swp", ".dpkg-old", ".dpkg-new", ".dpkg-dist")


class CronTime(NamedTuple):
    """When a job runs, as written, and as whom."""

    schedule: str
    user: str


def parse_crontab(text: str, user: str | None = None) -> tuple[CronTime, ...]:
    """Return the jobs of a crontab: of that user, or by the name behind the time where the file is the system's.

    A line that is no job is passed over, as cron does, so that no word of a command is taken for a user.
    """
    return tuple(_jobs(text, user))


def is_crontab_name(name: str, *, is_strict: bool = False) -> bool:
    """Return whether cron reads a file of this name in its folder: no hidden file and no copy that a tool left.

    Debian's is strict: it reads those alone whose names are letters, digits, dashes and underscores. Source: cron(8).
    """
    if is_strict and not _STRICT.fullmatch(name):
        return False
    return not name.startswith((".", "#")) and not name.endswith(_PASSED_OVER)


def _jobs(text: str, user: str | None) -> Iterator[CronTime]:
    for raw in text.split("\n"):
        line = raw.strip()
        if line[:1] in ("", "#") or _VARIABLE.match(line):
            continue
        count = 1 if line.startswith("@") else _FIELDS
        # SUSE's and Red Hat's cron write no log of a job whose line begins with a dash.
        words = line.removeprefix("-").split(maxsplit=count + 1)
        told = words[:count]
        if len(words) < count + (2 if user is None else 1) or not _is_schedule(told):
            continue
        owner = words[count] if user is None else user
        if user is not None or _USER.fullmatch(owner):
            yield CronTime(" ".join(told), owner)


def _is_schedule(words: list[str]) -> bool:
    if len(words) == 1:
        return _NICKNAME.fullmatch(words[0]) is not None
    return all(_FIELD.fullmatch(word) for word in words)
