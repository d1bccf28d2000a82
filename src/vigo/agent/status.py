"""What `vigo status` tells."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import UNSET

import vigo
from vigo.agent.engine.holding import windows_of
from vigo.agent.host.real_host import RealHost
from vigo.agent.identity.identity import Identity, IdentityFolder
from vigo.agent.identity.self_check import program_problems
from vigo.agent.journal.journal import Journal, damaged_journals
from vigo.agent.journal.records import HeldBundle, LastRun
from vigo.core.bundle import NEVER, open_bundle
from vigo.core.clock import Clock
from vigo.core.errors import BlockedError, DamagedError, NotFoundError, VigoError
from vigo.core.ids import Digest, EnvoyId, GenerationNumber, ResourceId


class Status(msgspec.Struct, kw_only=True):
    """The state of this agent; what is not known yet is None."""

    version: str
    envoy: EnvoyId
    hostname: str
    server: str
    grpc_addresses: tuple[str, ...]
    root: str | None
    enrolled_at: datetime
    certificate_expires_at: datetime
    generation: GenerationNumber | None = None
    bundle_digest: Digest | None = None
    bundle_expires_at: datetime | None = None
    bundle_is_expired: bool = False
    without_policy: bool = False
    noop: str = ""
    noop_configcrates: tuple[str, ...] = ()
    window: str = ""
    last_run: LastRun | None = None
    waiting_runs: int = 0
    dropped_runs: int = 0
    due_when_notified: tuple[ResourceId, ...] = ()
    undo_records: int = 0
    last_contact_tried_at: datetime | None = None
    last_contact_at: datetime | None = None
    contact_problem: str = ""
    refused: bool = False
    damaged_journals: tuple[str, ...] = ()
    journal_problem: str = ""
    program_problems: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """Yield the status for people, one fact a line."""
        yield f"{self.hostname} ({self.envoy}), vigo {self.version}"
        yield f"server       {self.server}; {_contact(self)}"
        yield f"policy       {_policy(self)}"
        if self.noop:
            yield f"noop         nothing is changed: {self.noop}"
        elif self.noop_configcrates:
            yield f"noop         nothing of these is changed: {', '.join(self.noop_configcrates)}"
        if self.window:
            yield f"window       {self.window}"
        yield f"last run     {_last_run(self.last_run)}"
        yield f"results      {self.waiting_runs} wait for the server, {self.dropped_runs} dropped"
        if self.root is not None:
            yield f"root         {self.root}"
        if self.due_when_notified:
            yield f"due          {', '.join(self.due_when_notified)}"
        if self.undo_records:
            yield f"undo         {self.undo_records} resources can be undone when they leave the policy"
        yield f"certificate  until {_moment(self.certificate_expires_at)}"
        if self.damaged_journals:
            yield f"damage       set aside: {', '.join(self.damaged_journals)}; remove them once looked at"
        if self.journal_problem:
            yield f"journal      {self.journal_problem}"
        for problem in self.program_problems:
            yield f"program      {problem}"


def read_status(state_dir: Path, clock: Clock) -> Status:
    """Return the state of the agent in a state folder.

    Raises:
        NotEnrolledError: there is no identity in it.
        UnavailableError: this user may not read it.
    """
    identity = IdentityFolder(state_dir).load()
    status = _of_identity(identity)
    status.damaged_journals = damaged_journals(state_dir)
    status.program_problems = program_problems()
    try:
        journal = Journal.open_for_reading(state_dir)
    except NotFoundError:
        return status
    except DamagedError as error:
        status.journal_problem = str(error)
        return status
    try:
        _add_journal(status, journal, clock.now())
        held = journal.bundle()
        if held is not None and not status.without_policy:
            _add_plan(status, held, identity, clock.now())
    finally:
        journal.close()
    return status


def _of_identity(identity: Identity) -> Status:
    return Status(
        version=vigo.__version__,
        envoy=identity.envoy,
        hostname=identity.hostname,
        server=identity.server_url,
        grpc_addresses=identity.grpc_addresses,
        root=identity.root,
        enrolled_at=identity.enrolled_at,
        certificate_expires_at=identity.certificate_expires_at,
    )


def _add_journal(status: Status, journal: Journal, now: datetime) -> None:
    state, queue, held = journal.state(), journal.results.state(), journal.bundle()
    if state.envoy not in (None, status.envoy):
        return  # it is the former identity's; the next run empties it
    status.without_policy = state.without_policy
    status.last_run = state.last_run
    status.waiting_runs, status.dropped_runs = queue.count, queue.dropped
    status.due_when_notified = state.owed
    status.undo_records = journal.undos.count()
    if held is not None:
        status.generation = held.bundle.generation
        status.bundle_digest = held.bundle.digest
        status.bundle_expires_at = held.bundle.not_after
        status.bundle_is_expired = held.is_expired(now)
    if state.contact is not None:
        status.last_contact_tried_at = state.contact.tried_at
        status.last_contact_at = state.contact.succeeded_at
        status.contact_problem = state.contact.problem
        status.refused = state.contact.refused


def _add_plan(status: Status, held: HeldBundle, identity: Identity, now: datetime) -> None:
    """Add what the policy says of the machine as a whole."""
    try:
        plan = open_bundle(held.bundle, identity.verify_keys())
    except VigoError:
        return  # it is not applied either, and a run says why
    status.noop = "" if plan.noop is UNSET else f"`noop: true` ({plan.noop})"
    status.noop_configcrates = () if plan.noop_configcrates is UNSET else tuple(plan.noop_configcrates)
    if plan.windows is UNSET:
        return
    try:
        windows = windows_of(plan, RealHost(identity.root))
    except BlockedError as error:
        status.window = str(error)
        return
    change = windows.next_change(now)
    until = "" if change is None else f"{change.told(now)}"
    is_open = windows.is_open(now)
    status.window = f"open{until and ' until '}{until}" if is_open else f"closed{until and ', opens '}{until}"


def _contact(status: Status) -> str:
    last = "never reached" if status.last_contact_at is None else f"last reached {_moment(status.last_contact_at)}"
    if status.refused:
        return f"{last}; it refuses this envoy: {status.contact_problem}"
    return f"{last}; since then: {status.contact_problem}" if status.contact_problem else last


def _policy(status: Status) -> str:
    if status.without_policy:
        return f"none matches {status.hostname}; nothing is applied"
    if status.generation is None or status.bundle_expires_at is None:
        return "none held yet"
    if status.bundle_expires_at >= NEVER:
        return f"generation {status.generation}, in force"
    until = f"{'expired' if status.bundle_is_expired else 'in force until'} {_moment(status.bundle_expires_at)}"
    return f"generation {status.generation}, {until}"


def _last_run(run: LastRun | None) -> str:
    if run is None:
        return "none yet"
    counts = ", ".join(f"{count} {outcome}" for outcome, count in run.counts.items() if count) or "no resources"
    where = " without the server" if run.offline else ""
    return (
        f"{_moment(run.started_at)}{where}: {counts} in {timedelta(milliseconds=run.duration_ms).total_seconds():.2f} s"
    )


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
