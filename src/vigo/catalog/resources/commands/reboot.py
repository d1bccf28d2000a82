"""The kind `reboot`."""

import re
from collections.abc import Iterator
from datetime import time
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import ReadHost, Resource, Spec, field
from vigo.catalog.formats.names import check_one_line, check_path, shown
from vigo.catalog.host_clock import host_time, zone_of
from vigo.catalog.ops import Op, Run, WriteFile
from vigo.core.errors import BlockedError, InvalidError
from vigo.core.windows import Window, Windows

_MARK = "/run/vigo-reboot"
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
_LONGEST_MINUTES = 24 * 60


class RebootSpec(Spec, frozen=True, kw_only=True):
    """A reboot, asked for at most once in a boot."""

    when_file: Annotated[
        str | None, field("Only while this file is there.", example="/run/reboot-required", is_path=True)
    ] = None
    delay: Annotated[
        int,
        field(
            "Minutes until it, in which people are told and can cancel it by `shutdown -c`.",
            example=5,
            ge=0,
            le=_LONGEST_MINUTES,
        ),
    ] = 1
    message: Annotated[str, field("What people who are logged in are told.")] = "Vigo: this machine reboots"
    window: Annotated[
        str | None, field("Only between these times of the machine's clock; may hold midnight.", example="02:00-04:00")
    ] = None
    state: Annotated[Literal["present"], field("That it shall be done.")] = "present"


class RebootState(msgspec.Struct, frozen=True, kw_only=True):
    """Whether it is asked for already, and what it hangs on. `opens` is why it has to wait for its window."""

    is_due: bool
    is_asked: bool
    is_image: bool
    boot: str
    has_shutdown: bool
    opens: str


class Reboot(Resource[RebootSpec, RebootState]):
    """It is asked for once: `/run/vigo-reboot` says so until the machine has rebooted, whether it did or was cancelled.

    Without `when_file` give it `when: changed`. The run goes on and reports before the delay is over.
    """

    kind, since, spec = "reboot", "0.1", RebootSpec

    def validate(self, spec: RebootSpec) -> None:
        """Accept a path, a message of one line and hours."""
        if spec.when_file is not None:
            check_path("when_file", spec.when_file)
        check_one_line("message", spec.message)
        if spec.window is not None:
            _window(spec.window)

    def observe(self, spec: RebootSpec, host: ReadHost) -> RebootState:
        """Return whether a reboot is due, and whether it was asked for in this boot."""
        boot = (host.read_text(_BOOT_ID) or "").strip()
        is_due = spec.when_file is None or host.stat(spec.when_file) is not None
        return RebootState(
            is_due=is_due,
            is_asked=(host.read_text(_MARK) or "").strip() == boot,
            is_image=host.is_image(),
            boot=boot,
            has_shutdown=host.has_program("shutdown"),
            opens=_opens(spec.window, host) if is_due and not host.is_image() else "",
        )

    def plan(self, spec: RebootSpec, state: RebootState) -> Iterator[Op]:
        """Yield the call of shutdown(8), and what remembers it."""
        if not state.is_due:
            return
        if state.is_image:
            raise BlockedError("when_file: an image (--root) does not run; it is booted anyway")
        if not state.boot:
            raise BlockedError(f"expected the number of this boot in {_BOOT_ID}, found none; is /proc mounted?")
        if state.is_asked:
            return
        if state.opens:
            raise BlockedError(f"window: a reboot is due and waits for its window ({state.opens})")
        if state.has_shutdown:
            yield Run(argv=("shutdown", "-r", "--", f"+{spec.delay}" if spec.delay else "now", spec.message))
        elif spec.delay:
            raise BlockedError(
                "delay: expected shutdown(8) to wait with the reboot, found none; set delay: 0, or install it"
            )
        else:
            yield Run(argv=("reboot",))
        yield WriteFile(path=_MARK, content=f"{state.boot}\n".encode(), mode=0o644, changes=("state",))

    def owns(self, spec: RebootSpec) -> tuple[str, ...]:
        """Return the reboot for its file; several reasons may ask for one."""
        return () if spec.when_file is None else (f"reboot:{spec.when_file}",)

    def watches(self, spec: RebootSpec) -> tuple[str, ...]:
        """Return the file that asks for it."""
        return () if spec.when_file is None else (spec.when_file,)

    def cannot_undo(self, spec: RebootSpec) -> str:
        """Say that a reboot is done for good."""
        del spec
        return "a reboot cannot be undone"


def _window(text: str) -> Window:
    found = _HOURS.fullmatch(text)
    if found is None:
        raise InvalidError(f"window: expected hours such as 02:00-04:00, found {shown(text)}; correct it")
    hours = [int(part) for part in found.groups()]
    return Window(start=time(hours[0], hours[1]), end=time(hours[2], hours[3]))


def _opens(window: str | None, host: ReadHost) -> str:
    """Return when a closed window opens, or an empty text where it is open."""
    if window is None:
        return ""
    windows = Windows([(_window(window), zone_of(host, "", "window"))])
    now = host_time(host)
    if now is None:
        raise BlockedError("window: expected the time in /proc/stat and /proc/uptime, found none; is /proc mounted?")
    if windows.is_open(now):
        return ""
    change = windows.next_change(now)
    return "closed" if change is None else f"opens {change.told(now)}"
