"""Services of runit. Source: runsvdir(8), runsv(8), sv(8)."""

from collections.abc import Iterator

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.runit_status import parse_status
from vigo.catalog.ops import MakeSymlink, Op, RemoveFile, Run, WriteFile
from vigo.catalog.ops.await_supervision import AwaitSupervision
from vigo.catalog.resources.services.init_system import TOUCHES, Init, ServiceState, Supervision, Wanted
from vigo.core.errors import BlockedError, UnavailableError

DEFINITIONS = ("/etc/sv", "/etc/runit/sv")
"""Where directories define services; the second is Artix's."""

_SCANNED = ("/run/runit/service", "/var/service", "/etc/service")
"""What runsvdir looks through: Artix's, Void's and Debian's. Where two are there, one is a link to the other."""

_CHANGES = ("enabled",)


class _Runit:
    name: Init = "runit"

    def runs_on(self, host: ReadHost) -> bool:
        return host.has_program("sv") and _scanned(host) is not None

    def observe(self, host: ReadHost, service: str) -> ServiceState:
        """Return how a service is. One that an init script has too is runit's only once it is linked."""
        entry = f"{_scanned(host)}/{service}"
        definition = definition_of(host, service)
        stat = host.stat(entry)
        if stat is None and (definition is None or host.stat(f"/etc/init.d/{service}") is not None):
            return ServiceState(init="runit", known=False)
        status = "not supervised" if stat is None else _status(host, entry)
        is_down = host.stat(f"{entry if stat is not None else definition}/down") is not None
        return ServiceState(
            init="runit",
            known=True,
            running=status == "run",
            enabled=stat is not None and not is_down,
            supervision=Supervision(
                entry=entry,
                definition=definition or entry,
                is_linked=stat is not None,
                is_link=stat is not None and stat.kind == "symlink",
                is_down=is_down,
                is_supervised=status != "not supervised",
            ),
        )

    def changes(self, service: str, state: ServiceState, wanted: Wanted) -> Iterator[Op]:
        """Yield what stops it, what links or unlinks it, then what starts, restarts or reloads it.

        Raises:
            BlockedError: it is to start and has no link.
        """
        found = state.supervision
        if found is None:
            return
        if wanted.verb == "stop":
            yield Run(argv=("sv", "stop", found.entry), touches=TOUCHES)
        if wanted.enabled is True:
            yield from _enabled(found, wanted)
        elif wanted.enabled is False:
            yield from _disabled(found, wanted, runs_on=state.running and wanted.verb != "stop")
        if not wanted.starts:
            return
        if not found.is_linked and wanted.enabled is not True:
            raise BlockedError(
                f"enabled: expected true beside the state, since runit only runs what is linked, found no {found.entry}"
                f" for {service}; set enabled: true"
            )
        if not found.is_supervised:
            yield AwaitSupervision(entry=found.entry)
        yield Run(argv=wanted.command or ("sv", wanted.verb, found.entry), touches=TOUCHES)


RUNIT = _Runit()


def definition_of(host: ReadHost, service: str) -> str | None:
    """Return the directory that defines a service."""
    return next((path for path in (f"{one}/{service}" for one in DEFINITIONS) if host.stat(path) is not None), None)


def _scanned(host: ReadHost) -> str | None:
    return next((folder for folder in _SCANNED if host.list_directory(folder) is not None), None)


def _status(host: ReadHost, entry: str) -> str:
    answer = host.query(("sv", "status", entry))
    told = "" if answer is None else answer.stdout
    status = parse_status(told)
    if status is None:
        raise UnavailableError(
            f"service: expected sv to tell the state of {entry}, found: {told.strip() or 'no answer'}; run it by hand"
        )
    return status


def _enabled(found: Supervision, wanted: Wanted) -> Iterator[Op]:
    """Yield the link, and take the file `down` away that keeps the service from being started by itself.

    One that shall not run now has that file until runit has taken it up, or it would be started.
    """
    down = f"{found.definition if not found.is_linked else found.entry}/down"
    if found.is_linked:
        yield RemoveFile(path=down, changes=_CHANGES)
        return
    if found.is_down and wanted.starts:
        yield RemoveFile(path=down, changes=_CHANGES)
    if not found.is_down and not wanted.starts:
        yield WriteFile(path=down, content=b"", mode=0o644, changes=_CHANGES)
    yield MakeSymlink(path=found.entry, to=found.definition, changes=_CHANGES)
    if not wanted.starts:
        yield AwaitSupervision(entry=found.entry, changes=_CHANGES)
        yield RemoveFile(path=down, changes=_CHANGES)


def _disabled(found: Supervision, wanted: Wanted, *, runs_on: bool) -> Iterator[Op]:
    """Yield the removal of the link; a service that runs on or has no link gets the file `down` instead."""
    if found.is_link and not (runs_on or wanted.starts or wanted.is_linked):
        yield RemoveFile(path=found.entry, changes=_CHANGES)
    else:
        yield WriteFile(path=f"{found.entry}/down", content=b"", mode=0o644, changes=_CHANGES)
