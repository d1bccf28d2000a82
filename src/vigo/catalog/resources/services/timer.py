"""The kind `timer`."""

from collections.abc import Iterator

import msgspec

from vigo.catalog.api import ReadHost, Resource
from vigo.catalog.formats.calendar_events import zone_in
from vigo.catalog.formats.unit_files import job_text, timer_text
from vigo.catalog.formats.unit_properties import is_of, is_outdated
from vigo.catalog.host_clock import zone_of
from vigo.catalog.ops import MakeDirectory, Op, RemoveFile, Run
from vigo.catalog.ops.reload_units import ReloadUnits
from vigo.catalog.protected import harmed_by
from vigo.catalog.resources.accounts.lookup import user_entry
from vigo.catalog.resources.services.image import VENDOR_FOLDERS, image_changes, image_state
from vigo.catalog.resources.services.init_system import TOUCHES, ImageUnit, ServiceState
from vigo.catalog.resources.services.systemd import SYSTEMD, service_state, shown_units
from vigo.catalog.resources.services.timer_spec import TimerSpec, check_timer_fields, schedules_of
from vigo.catalog.resources.services.unit_file import (
    FOLDER,
    UnitFile,
    removed,
    require_replaceable,
    unit_file,
    written,
)
from vigo.core.errors import BlockedError, InvalidError


class TimerState(msgspec.Struct, frozen=True, kw_only=True):
    """Both files, and how systemd has the timer; in an image `live` tells of the symlink that starts it.

    `is_ours` says that systemd goes by the file of this timer, `is_linked` that the symlink leads to it, `has_stamp`
    that it is written down when the timer was last due; `other` is a unit of the same name that others brought.
    """

    timer: UnitFile
    job: UnitFile
    live: ServiceState
    is_outdated: bool = False
    is_ours: bool = False
    is_linked: bool = False
    has_stamp: bool = False
    other: str = ""


class Timer(Resource[TimerSpec, TimerState]):
    """The timer starts at boot and runs at once; when its schedule changes it is started anew, and the command is not.

    A run that is still going on when the next one is due is not started again. systemd keeps what the command prints:
    `journalctl -u NAME`. On a machine without systemd use cron.
    """

    kind, since, spec = "timer", "0.1", TimerSpec
    name_field = "timer"

    def validate(self, spec: TimerSpec) -> None:
        """Accept a name, times that systemd knows, and a command whose program is one."""
        check_timer_fields(spec)

    def observe(self, spec: TimerSpec, host: ReadHost) -> TimerState:
        """Return both files and how systemd has the timer.

        Raises:
            BlockedError: there is no systemd, or the machine lacks the user or a time zone.
        """
        if not host.is_image() and not SYSTEMD.runs_on(host):
            raise BlockedError(
                "timer: expected systemd to run this machine, found that it does not; use a cron resource, or give this"
                " one a condition (when)"
            )
        if spec.state == "present":
            _require_known(spec, host)
        timer, job = (unit_file(host, f"{FOLDER}/{spec.timer}.{suffix}") for suffix in ("timer", "service"))
        link = f"{FOLDER}/timers.target.wants/{spec.timer}.timer"
        found = TimerState(
            timer=timer,
            job=job,
            live=image_state(host, "systemd", ((link, timer.path),)),
            is_linked=host.read_link(link) in (timer.path, f"../{spec.timer}.timer"),
            has_stamp=host.stat(_stamp(spec)) is not None,
            other=_other(spec, host),
        )
        if host.is_image():
            return found
        timers, jobs = (shown_units(host, _unit(one), "timer") for one in (timer, job))
        shown = timers[0] if timers else {}
        return msgspec.structs.replace(
            found,
            live=service_state(host, _unit(timer), shown),
            is_outdated=is_outdated((*timers, *jobs), None, is_there=True),
            is_ours=is_of(shown, timer.path),
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

    def harms(self, spec: TimerSpec) -> tuple[str, ...]:
        """Return what of Vigo's own the command would stop or remove."""
        return harmed_by(spec.command)


def _require_known(spec: TimerSpec, host: ReadHost) -> None:
    """Accept a user and time zones that the machine has: systemd starts the timer without them all the same."""
    if spec.user != "root" and user_entry(host, spec.user) is None:
        raise BlockedError(
            f"user: user {spec.user} does not exist yet; add a user resource for it and put it in depends_on"
        )
    for schedule in schedules_of(spec):
        zone_of(host, zone_in(schedule) or "UTC", "schedule")


def _other(spec: TimerSpec, host: ReadHost) -> str:
    """Return where a unit of one of the two names comes from that is none of ours, or an empty text."""
    names = (f"{spec.timer}.service", f"{spec.timer}.timer")
    paths = [f"/etc/init.d/{spec.timer}", *(f"{folder}/{name}" for folder in VENDOR_FOLDERS for name in names)]
    return next((path for path in paths if host.stat(path) is not None), "")


def _stamp(spec: TimerSpec) -> str:
    """Return the file whose time says when the timer was last due. Source: systemd.timer(5), Persistent=."""
    return f"/var/lib/systemd/timers/stamp-{spec.timer}.timer"


def _unit(file: UnitFile) -> str:
    return file.path.rpartition("/")[2]


def _present(spec: TimerSpec, state: TimerState) -> Iterator[Op]:
    if state.other:
        raise InvalidError(
            f"timer: expected a name that no other unit has, found {state.other}, which it would replace; choose"
            " another name, or change that unit with a systemd_unit resource that has a dropin"
        )
    if state.live.masked:
        raise BlockedError(
            f"timer: {spec.timer}.timer is masked: somebody forbade it to start; run `systemctl unmask"
            f" {spec.timer}.timer` if it shall"
        )
    description = f"{spec.timer} (Vigo)"
    job = job_text(description, spec.command, spec.user)
    timer = timer_text(
        description, schedules_of(spec), persistent=spec.persistent, random_delay_seconds=spec.random_delay
    )
    yield from written(state.job, job, changes=("command",))
    for op in written(state.timer, timer, changes=("schedule",)):
        if not isinstance(op, MakeDirectory) or state.job.is_there:
            yield op  # else the folder was made for the other file
    if state.live.image is not None:
        yield from _booted_image(spec, state, state.live.image)
    else:
        is_new_schedule = state.timer.text != timer
        yield from _started(spec, state, is_new_schedule=is_new_schedule, is_new_job=state.job.text != job)


def _booted_image(spec: TimerSpec, state: TimerState, image: ImageUnit) -> Iterator[Op]:
    """Yield the symlink that the boot of an image goes by."""
    left = tuple(folder for folder in image.missing_directories if folder not in state.job.missing_folders)
    image = msgspec.structs.replace(image, missing_directories=left)
    for op in image_changes(True, f"{spec.timer}.timer", msgspec.structs.replace(state.live, image=image)):  # noqa: FBT003
        yield msgspec.structs.replace(op, changes=("state",))


def _started(spec: TimerSpec, state: TimerState, *, is_new_schedule: bool, is_new_job: bool) -> Iterator[Op]:
    """Yield what has systemd go by the files that were written."""
    live = state.live
    if is_new_schedule and live.running:
        yield _systemctl("stop", spec, "schedule")
    if state.is_outdated or is_new_schedule or is_new_job:
        yield ReloadUnits(units=(f"{spec.timer}.service", f"{spec.timer}.timer"), changes=("state",))
    if live.enabled is not True:
        yield _systemctl("enable", spec)
    if is_new_schedule and state.has_stamp:
        # By the new schedule it may have been due since: systemd would take that for missed and run the command.
        yield RemoveFile(path=_stamp(spec), changes=("schedule",))
    if is_new_schedule or not live.running:
        yield _systemctl("start", spec, "schedule" if live.running else "state")


def _absent(spec: TimerSpec, state: TimerState) -> Iterator[Op]:
    live = state.live
    is_live = live.image is None
    # What an operator removed by hand may run on.
    is_here = state.timer.is_there or state.is_ours
    if is_live and is_here and live.running:
        yield _systemctl("stop", spec)
    if is_live and is_here and live.enabled is True:
        yield _systemctl("disable", spec)
    elif state.is_linked:
        yield RemoveFile(path=f"{FOLDER}/timers.target.wants/{spec.timer}.timer")
    is_found = is_here or state.is_linked or state.job.is_there
    for file in (state.timer, state.job):
        yield from removed(file)
    if is_live and (state.timer.is_there or state.job.is_there or (state.is_ours and state.is_outdated)):
        yield ReloadUnits(units=(f"{spec.timer}.service", f"{spec.timer}.timer"), is_there=False)
    if is_found and state.has_stamp:
        yield RemoveFile(path=_stamp(spec))


def _systemctl(verb: str, spec: TimerSpec, field: str = "state") -> Run:
    return Run(argv=("systemctl", verb, "--", f"{spec.timer}.timer"), touches=TOUCHES, changes=(field,))
