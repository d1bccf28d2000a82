"""The fields of the kind `timer`, and what values they accept."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from vigo.catalog.api import Spec, field
from vigo.catalog.formats.calendar_events import check_calendar
from vigo.catalog.formats.names import check_account, check_one_line, shown
from vigo.core.errors import InvalidError

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")
_PROGRAM = re.compile(r"/[A-Za-z0-9/._+-]+|[A-Za-z0-9_][A-Za-z0-9._+-]*")
_LONGEST_DELAY_SECONDS = 7 * 24 * 3600


class TimerSpec(Spec, frozen=True, kw_only=True):
    """A command that systemd runs at certain times: a timer and the service that it starts."""

    timer: Annotated[
        str,
        field("Name of both units: letters, digits, `_`, `-`. They are NAME.timer and NAME.service.", example="backup"),
    ]
    schedule: Annotated[
        str | tuple[str, ...],
        field("When it is due, as OnCalendar= has it, or several such times.", example="Mon..Fri 04:30"),
    ] = ()
    command: Annotated[
        tuple[str, ...],
        field("The program and its arguments; no shell reads them.", example=["/usr/local/bin/backup", "--all"]),
    ] = ()
    user: Annotated[str, field("The user that the command runs as.")] = "root"
    persistent: Annotated[bool, field("Run it at the next start of the machine where one was missed.")] = True
    random_delay: Annotated[
        int, field("Seconds up to which each run is put off by chance.", ge=0, le=_LONGEST_DELAY_SECONDS, example=300)
    ] = 0
    state: Annotated[Literal["present", "absent"], field("Whether there shall be a timer.")] = "present"


def schedules_of(spec: TimerSpec) -> Sequence[str]:
    """Return the times at which it is due."""
    return (spec.schedule,) if isinstance(spec.schedule, str) else spec.schedule


def check_timer_fields(spec: TimerSpec) -> None:
    """Accept a name, times that systemd knows, and a command whose program is one.

    Raises:
        InvalidError: one does not fit, with what to do.
    """
    if not _NAME.fullmatch(spec.timer):
        raise InvalidError(
            f"timer: expected a name of letters, digits, `_` and `-` without .timer, found {shown(spec.timer)}"
        )
    check_account("user", spec.user)
    if spec.state == "absent":
        return
    if not schedules_of(spec):
        raise InvalidError("schedule: expected when it is due, such as daily or Mon..Fri 04:30, found none; add it")
    for schedule in schedules_of(spec):
        check_calendar("schedule", schedule)
    if not spec.command:
        raise InvalidError("command: expected the program to run and its arguments, found none; add it")
    if not _PROGRAM.fullmatch(spec.command[0]):
        raise InvalidError(
            f"command: expected a program such as backup or /usr/local/bin/backup, found {shown(spec.command[0])};"
            " give arguments as further items, or a script as [/bin/sh, -c, ...]"
        )
    for word in spec.command:
        check_one_line("command", word)
