"""The kind `timer`."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import ReadHost, Resource, Spec, field
from vigo.catalog.formats.calendar_events import check_calendar
from vigo.catalog.formats.names import check_account, check_one_line, shown
from vigo.catalog.formats.unit_files import job_text, timer_text
from vigo.catalog.formats.unit_properties import is_outdated
from vigo.catalog.ops import MakeDirectory, Op, RemoveFile, Run
from vigo.catalog.ops.reload_units import ReloadUnits
from vigo.catalog.resources.services.image import image_changes, image_state
from vigo.catalog.resources.services.init_system import TOUCHES, ServiceState
from vigo.catalog.resources.services.systemd import SYSTEMD, service_state, shown_units
from vigo.catalog.resources.services.unit_file import (
    FOLDER,
    UnitFile,
    removed,
    require_replaceable,
    unit_file,
    written,
)
from vigo.core.errors import BlockedError, InvalidError

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


class TimerState(msgspec.Struct, frozen=True, kw_only=True):
    """Both files, and how systemd has the timer; in an image `live` tells of the symlink that starts it."""

    timer: UnitFile
    job: UnitFile
    live: ServiceState
    is_outdated: bool = False


class Timer(Resource[TimerSpec, TimerState]):
    """The timer starts at boot and runs at once; when its schedule changes it is started anew, and the command is not.

    A run that is still going on when the next one is due is not started again. systemd keeps what the command prints:
    `journalctl -u NAME`. On a machine without systemd use cron.
    """

    kind, since, spec = "timer", "0.1", TimerSpec
    name_field = "timer"

    def validate(self, spec: TimerSpec) -> None:
        """Accept a name, times that systemd knows, and a command whose program is one."""
        if not _NAME.fullmatch(spec.timer):
            raise InvalidError(
                f"timer: expected a name of letters, digits, `_` and `-` without .timer, found {shown(spec.timer)}"
            )
        check_account("user", spec.user)
        if spec.state == "absent":
            return
        if not _schedules(spec):
            raise InvalidError("schedule: expected when it is due, such as daily or Mon..Fri 04:30, found none; add it")
        for schedule in _schedules(spec):
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

    def observe(self, spec: TimerSpec, host: ReadHost) -> TimerState:
        """Return both files and how systemd has the timer."""
        timer, job = (unit_file(host, f"{FOLDER}/{spec.timer}.{suffix}") for suffix in ("timer", "service"))
        if host.is_image():
            link = (f"{FOLDER}/timers.target.wants/{spec.timer}.timer", timer.path)
            return TimerState(timer=timer, job=job, live=image_state(host, "systemd", (link,)))
        if not SYSTEMD.runs_on(host):
            raise BlockedError(
                "timer: expected systemd to run this machine, found that it does not; use a cron resource, or give this"
                " one a condition (when)"
            )
        units = [unit for one in (timer, job) for unit in shown_units(host, _unit(one), "timer")]
        return TimerState(
            timer=timer,
            job=job,
            live=service_state(host, _unit(timer), units[0] if units else {}),
            is_outdated=is_outdated(units, None, is_there=True),
        )

    def plan(self, spec: TimerSpec, state: TimerState) -> Iterator[Op]:
        """Yield both files and what starts the timer, or what stops it and their removal."""
        for file in (state.timer, state.job):
            require_replaceable("timer", file)
        if spec.state == "absent":
            yield from _absent(spec, state)
        else:
            yield from _present(spec, state)

    def owns(self, spec: TimerSpec) -> tuple[str, ...]:
        """Return both files and units."""
        name = spec.timer
        return (
            f"path:{FOLDER}/{name}.timer",
            f"path:{FOLDER}/{name}.service",
            f"service:{name}.timer",
            f"service:{name}",
        )

    def watches(self, spec: TimerSpec) -> tuple[str, ...]:
        """Return both files."""
        return f"{FOLDER}/{spec.timer}.timer", f"{FOLDER}/{spec.timer}.service"


def _schedules(spec: TimerSpec) -> tuple[str, ...]:
    return (spec.schedule,) if isinstance(spec.schedule, str) else spec.schedule


def _unit(file: UnitFile) -> str:
    return file.path.rpartition("/")[2]


def _present(spec: TimerSpec, state: TimerState) -> Iterator[Op]:
    live = state.live
    if live.masked:
        raise BlockedError(
            f"timer: {spec.timer}.timer is masked: somebody forbade it to start; run `systemctl unmask"
            f" {spec.timer}.timer` if it shall"
        )
    description = f"{spec.timer} (Vigo)"
    job = job_text(description, spec.command, spec.user)
    timer = timer_text(
        description, _schedules(spec), persistent=spec.persistent, random_delay_seconds=spec.random_delay
    )
    yield from written(state.job, job, changes=("command",))
    for op in written(state.timer, timer, changes=("schedule",)):
        if not isinstance(op, MakeDirectory) or state.job.is_there:
            yield op  # else the folder was made for the other file
    if live.image is not None:
        left = tuple(folder for folder in live.image.missing_directories if folder not in state.job.missing_folders)
        image = msgspec.structs.replace(live.image, missing_directories=left)
        for op in image_changes(True, f"{spec.timer}.timer", msgspec.structs.replace(live, image=image)):  # noqa: FBT003
            yield msgspec.structs.replace(op, changes=("state",))
        return
    is_new_schedule = state.timer.text != timer
    if state.is_outdated or is_new_schedule or state.job.text != job:
        yield ReloadUnits(units=(f"{spec.timer}.service", f"{spec.timer}.timer"), changes=("state",))
    if live.enabled is not True:
        yield _systemctl("enable", spec)
    if not live.running:
        yield _systemctl("start", spec)
    elif is_new_schedule:
        yield msgspec.structs.replace(_systemctl("restart", spec), changes=("schedule",))


def _absent(spec: TimerSpec, state: TimerState) -> Iterator[Op]:
    live = state.live
    if live.image is not None:
        for path in live.image.present if state.timer.is_there else ():
            yield RemoveFile(path=path)
    elif state.timer.is_there:
        # What an operator removed by hand may run on.
        if live.running:
            yield _systemctl("stop", spec)
        if live.enabled is True:
            yield _systemctl("disable", spec)
    for file in (state.timer, state.job):
        yield from removed(file)
    if live.image is None and (state.timer.is_there or state.job.is_there):
        yield ReloadUnits(units=(f"{spec.timer}.service", f"{spec.timer}.timer"), is_there=False)


def _systemctl(verb: str, spec: TimerSpec) -> Run:
    return Run(argv=("systemctl", verb, "--", f"{spec.timer}.timer"), touches=TOUCHES)
