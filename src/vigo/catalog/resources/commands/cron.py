"""The kind `cron`."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import FileStat, ReadHost, Resource, Spec, field
from vigo.catalog.formats.cron_schedule import check_schedule, cron_file, parse_cron_file
from vigo.catalog.formats.names import check_account, check_one_line, shown
from vigo.catalog.ops import Op, RemoveFile, WriteFile
from vigo.catalog.resources.files.attributes import Attributes
from vigo.catalog.resources.files.former_entry import EntryFootprint, RevertiblePath
from vigo.core.errors import BlockedError, InvalidError

_FOLDER = "/etc/cron.d"
_MODE = 0o644
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class CronSpec(Spec, frozen=True, kw_only=True):
    """A job of the cron daemon, in a file of its own below `/etc/cron.d`."""

    cron: Annotated[str, field("Name of the job and its file: letters, digits, `_`, `-`.", example="backup")]
    command: Annotated[str | None, field("Shell command; a percent sign means itself.", example="backup --all")] = None
    schedule: Annotated[
        str | None, field("Five fields, or @daily and the like. Replaces the single fields.", example="30 4 * * *")
    ] = None
    minute: Annotated[str, field("Minutes of the hour, 0 to 59.", example="30")] = "*"
    hour: Annotated[str, field("Hours of the day, 0 to 23.", example="4")] = "*"
    day_of_month: Annotated[str, field("Days of the month, 1 to 31.")] = "*"
    month: Annotated[str, field("Months, 1 to 12 or jan to dec.")] = "*"
    day_of_week: Annotated[str, field("Days of the week, 0 to 7 (0 and 7 are Sunday) or sun to sat.")] = "*"
    user: Annotated[str, field("The user that the command runs as.")] = "root"
    environment: Annotated[Mapping[str, str], field("Variables for the command, PATH and MAILTO too.")] = {}
    state: Annotated[Literal["present", "absent"], field("Whether the job shall be there.")] = "present"


class CronState(msgspec.Struct, frozen=True):
    """The job's file and the folder that it stands in."""

    folder: FileStat | None
    stat: FileStat | None
    text: str | None


class Cron(RevertiblePath[CronSpec], Resource[CronSpec, CronState]):
    """The file must belong to the owner of `/etc/cron.d`, or cron passes it over; elsewhere than in an image, root."""

    kind, since, spec = "cron", "0.1", CronSpec
    name_field = "cron"

    def validate(self, spec: CronSpec) -> None:
        """Accept a name that cron reads, a schedule that it knows and a command of one line. Source: cron(8)."""
        if not _NAME.fullmatch(spec.cron):
            raise InvalidError(
                f"cron: expected a name of letters, digits, `_` and `-` (cron passes over all others),"
                f" found {shown(spec.cron)}; write `-` for a dot"
            )
        check_account("user", spec.user)
        if spec.state == "absent":
            return
        if not (spec.command or "").strip():
            raise InvalidError("command: expected the shell command to run, found none; add it")
        check_one_line("command", spec.command or "")
        check_schedule(_schedule(spec))
        for name, value in spec.environment.items():
            if not _VARIABLE.fullmatch(name):
                raise InvalidError(f"environment: expected a variable's name, found {shown(name)}")
            check_one_line(f"environment: {name}", value)
        _text(spec)

    def observe(self, spec: CronSpec, host: ReadHost) -> CronState:
        """Return the job's file."""
        path = _path(spec)
        stat = host.stat(path)
        text = host.read_text(path) if stat is not None and stat.kind == "file" else None
        return CronState(host.stat(_FOLDER), stat, text)

    def plan(self, spec: CronSpec, state: CronState) -> Iterator[Op]:
        """Yield the job's file, its owner and mode, or its removal."""
        path, stat = _path(spec), state.stat
        if stat is not None and stat.kind in ("directory", "other"):
            raise InvalidError(f"cron: expected a file at {path} or nothing, found a directory or device; remove it")
        if spec.state == "absent":
            if stat is not None:
                yield RemoveFile(path=path)
            return
        if state.folder is None:
            raise BlockedError(f"cron: expected the directory {_FOLDER}, found none; install a cron daemon first")
        wanted = Attributes(_MODE, state.folder.uid, state.folder.gid)
        text = _text(spec)
        if stat is None or state.text is None:
            yield WriteFile(path=path, content=text.encode(), mode=_MODE, changes=("state",))
        elif state.text != text:
            owner = (wanted.uid, wanted.gid) if wanted.drift(stat) else (None, None)
            changes = _changed_fields(state.text, text)
            yield WriteFile(path=path, content=text.encode(), mode=_MODE, uid=owner[0], gid=owner[1], changes=changes)
        else:
            for op in wanted.settle(path, stat):
                yield msgspec.structs.replace(op, changes=("state",))

    def owns(self, spec: CronSpec) -> tuple[str, ...]:
        """Return the job's file."""
        return (f"path:{_path(spec)}",)

    def footprints(self, spec: CronSpec) -> Mapping[str, EntryFootprint]:
        """Return the job's file, all of it."""
        path = _path(spec)
        footprint = EntryFootprint(
            owns=(f"path:{path}",), path=path, makes="file", content=True, mode=True, owner=True, group=True
        )
        return {f"path:{path}": footprint}


def _path(spec: CronSpec) -> str:
    return f"{_FOLDER}/{spec.cron}"


def _schedule(spec: CronSpec) -> str:
    single: Mapping[str, str] = {
        "minute": spec.minute,
        "hour": spec.hour,
        "day_of_month": spec.day_of_month,
        "month": spec.month,
        "day_of_week": spec.day_of_week,
    }
    given = [name for name, value in single.items() if value != "*"]
    if spec.schedule is not None:
        if given:
            raise InvalidError(f"schedule: expected it or single fields, found both ({', '.join(given)}); keep one")
        return spec.schedule.strip(" \t")
    if not given:
        raise InvalidError("schedule: expected five fields or a name such as @daily, found none; `* * * * *` is legal")
    spaced = [name for name, value in single.items() if not value or set(value) & set(" \t\n")]
    if spaced:
        raise InvalidError(f"{spaced[0]}: expected one field without blanks, found {shown(single[spaced[0]])}")
    return " ".join(single.values())


def _changed_fields(before: str, after: str) -> tuple[str, ...]:
    was, shall = parse_cron_file(before), parse_cron_file(after)
    if was is None or shall is None:
        return ("state",)
    differs = zip(shall._fields, was, shall, strict=True)
    return tuple(name for name, old, new in differs if old != new) or ("state",)


def _text(spec: CronSpec) -> str:
    return cron_file(_schedule(spec), spec.user, spec.command or "", spec.environment)
