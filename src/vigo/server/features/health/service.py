"""Looking at everything that can quietly go wrong on a server."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from sqlalchemy import text

from vigo import __version__
from vigo.core.clock import Clock
from vigo.core.errors import DamagedError
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.generations.service import GenerationService
from vigo.server.features.health.models import Check, Health, Status
from vigo.server.features.keys.service import KeyService
from vigo.server.features.people.service import PeopleService
from vigo.server.platform.audit.trail import verify
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database
from vigo.server.platform.folder.layout import DataFolder
from vigo.server.platform.pki.server_certificate import ServerCertificate
from vigo.server.platform.settings.model import CurrentSettings

_LITTLE_DISK_BYTES: Final = 1 << 30
_NO_DISK_BYTES: Final = 64 << 20
_CA_WARNING: Final = timedelta(days=365)
_ENVOY_SKEW: Final = timedelta(minutes=1)
_LONG_ROTATION: Final = timedelta(days=14)
_SERVER_WARNING: Final = timedelta(days=7)
_MISSED: Final = 3
_NAMED: Final = 3


class HealthService:
    """The server's own checks."""

    def __init__(
        self,
        folder: DataFolder,
        database: Database,
        clock: Clock,
        settings: CurrentSettings,
        keys: KeyService,
        certificate: ServerCertificate,
        generations: GenerationService,
        envoys: EnvoyService,
        *,
        people: PeopleService,
    ) -> None:
        self._folder = folder
        self._database = database
        self._clock = clock
        self._settings = settings
        self._keys = keys
        self._certificate = certificate
        self._generations = generations
        self._envoys = envoys
        self._people = people
        self._started_at = clock.now() - clock.monotonic()

    async def look(self, actor: Actor) -> Health:
        """Return every check's result."""
        actor.require(Permission.READ_HEALTH)
        now: tuple[Callable[[], Check], ...] = (
            self._ca,
            self._rotations,
            self._server_certificate,
            self._disk,
            self._live,
            self._stale_envoys,
            self._lapsing_envoys,
            self._copied_envoys,
            self._envoy_clocks,
            self._second_factors,
            self._wall_clock,
        )
        checks = (*(check() for check in now), await self._store(), await self._audit())
        order: tuple[Status, ...] = ("failed", "warning", "ok")
        worst = next(status for status in order if any(check.status == status for check in checks))
        return Health(status=worst, version=__version__, checks=checks)

    def _ca(self) -> Check:
        ca = self._keys.item("ca")
        ends_at = self._clock.now() if ca.ends_at is None else ca.ends_at
        left = ends_at - self._clock.now()
        detail = f"the CA's certificate ends {ends_at:%Y-%m-%d}"
        if left > _CA_WARNING:
            return Check(name="ca certificate", status="ok", detail=detail)
        advice = "replace it with `vigocli keys rotate ca` before that day: no certificate outlives its CA"
        status: Status = "warning" if left > timedelta(0) else "failed"
        return Check(name="ca certificate", status=status, detail=detail, advice=ca.advice or advice)

    def _rotations(self) -> Check:
        items = [item for item in (self._keys.item("ca"), self._keys.item("policy")) if item.begun_at is not None]
        newer = [
            record.hostname
            for record in self._envoys.index.everyone()
            if record.is_active and record.trust_version > self._keys.version
        ]
        if newer:
            detail = f"{len(newer)} envoys trust newer keys than this server has: {', '.join(newer[:_NAMED])}"
            advice = (
                "keys/ was restored from an older backup: restore the newest one, envoys refuse what older keys sign"
            )
            return Check(name="keys", status="failed", detail=detail, advice=advice)
        if not items:
            return Check(name="keys", status="ok", detail="nothing is being replaced")
        parts = [f"{one.subject}: {one.phase} since {one.begun_at:%Y-%m-%d}, {one.behind} behind" for one in items]
        is_late = any(one.begun_at is not None and self._clock.now() - one.begun_at > _LONG_ROTATION for one in items)
        advice = "; ".join(one.advice for one in items)
        return Check(name="keys", status="warning" if is_late else "ok", detail="; ".join(parts), advice=advice)

    def _server_certificate(self) -> Check:
        ends = self._certificate.not_after()
        if ends is None:
            detail = "the server's certificate cannot be read"
            return Check(
                name="server certificate", status="failed", detail=detail, advice="restart vigosrv: it makes one"
            )
        detail = f"the server's certificate ends {ends:%Y-%m-%d}"
        left = ends - self._clock.now()
        if left > min(_SERVER_WARNING, self._settings.value.server_certificate_lifetime / 4):
            return Check(name="server certificate", status="ok", detail=detail)
        advice = "it should have renewed itself: look for errors in the log, and restart vigosrv"
        status: Status = "warning" if left > timedelta(0) else "failed"
        return Check(name="server certificate", status=status, detail=detail, advice=advice)

    def _disk(self) -> Check:
        free = shutil.disk_usage(self._folder.root).free
        detail = f"{free >> 20} MiB free for {self._folder.root}"
        if free >= _LITTLE_DISK_BYTES:
            return Check(name="disk", status="ok", detail=detail)
        advice = "make room, or keep fewer runs (keep_runs_count and keep_runs_for in server.yaml)"
        return Check(name="disk", status="warning" if free > _NO_DISK_BYTES else "failed", detail=detail, advice=advice)

    def _live(self) -> Check:
        if self._generations.problem is not None:
            return Check(
                name="live generation",
                status="failed",
                detail=self._generations.problem,
                advice="publish the stacks again with `vigocli config publish`, and look at the disk",
            )
        number = self._generations.live_number
        if number is None:
            advice = f"edit {self._folder.stacks} and run `vigocli config publish -m MESSAGE`"
            return Check(name="live generation", status="warning", detail="nothing was published yet", advice=advice)
        return Check(name="live generation", status="ok", detail=f"generation {number} is live")

    def _stale_envoys(self) -> Check:
        late = self._clock.now() - _MISSED * self._settings.value.check_in_interval
        active = [(record, axes) for record, axes in self._envoys.fleet.everyone() if record.is_active]
        stale = [
            record.hostname
            for record, axes in active
            if axes.reachability == "stale" or (axes.reachability == "never" and record.enrolled_at < late)
        ]
        if not stale:
            return Check(name="envoys", status="ok", detail=f"{len(active)} active, all seen lately")
        detail = f"{len(stale)} of {len(active)} do not call any more: {', '.join(stale[:_NAMED])}"
        advice = "look at `vigo status` on these machines; revoke those that are gone"
        return Check(name="envoys", status="warning", detail=detail, advice=advice)

    def _lapsing_envoys(self) -> Check:
        soon = self._clock.now() + self._settings.value.envoy_certificate_lifetime / 10
        lapsing = [
            record.hostname
            for record in self._envoys.index.everyone()
            if record.is_active and record.certificate_not_after < soon
        ]
        if not lapsing:
            return Check(name="envoy certificates", status="ok", detail="none is near its end")
        detail = f"{len(lapsing)} end soon or have ended: {', '.join(lapsing[:_NAMED])}"
        advice = "an agent that runs renews its own, and gets another after its end; start it, or revoke the envoy"
        return Check(name="envoy certificates", status="warning", detail=detail, advice=advice)

    def _copied_envoys(self) -> Check:
        every = self._envoys.index.everyone()
        copied = [record.hostname for record in every if record.is_active and record.copied_at is not None]
        if not copied:
            return Check(name="identities", status="ok", detail="none was seen on two machines")
        detail = f"{len(copied)} were seen on two machines: {', '.join(copied[:_NAMED])}"
        advice = (
            "on the machine that shall keep the identity run `vigo enroll --force` with a token: the copy is shut out,"
            " and can then be enrolled by a name of its own"
        )
        return Check(name="identities", status="failed", detail=detail, advice=advice)

    def _envoy_clocks(self) -> Check:
        every = [record for record in self._envoys.index.everyone() if record.is_active]
        off = [one for one in every if abs(one.clock_skew_seconds or 0) > _ENVOY_SKEW.total_seconds()]
        if not off:
            return Check(name="envoy clocks", status="ok", detail="none that called is off by more than a minute")
        named = ", ".join(f"{one.hostname} by {one.clock_skew_seconds:+.0f} s" for one in off[:_NAMED])
        advice = "check `timedatectl` there: certificates, windows and the ends of policies go by that clock"
        return Check(name="envoy clocks", status="warning", detail=f"{len(off)} are off: {named}", advice=advice)

    def _second_factors(self) -> Check:
        without = self._people.without_second_factor()
        if not without:
            return Check(name="second factors", status="ok", detail="nobody may everything with a password alone")
        detail = f"{len(without)} may everything with a password alone: {', '.join(without[:_NAMED])}"
        advice = "have them set up one-time codes on the page of their account"
        return Check(name="second factors", status="warning", detail=detail, advice=advice)

    def _wall_clock(self) -> Check:
        drift = self._clock.now() - self._clock.monotonic() - self._started_at
        if abs(drift) < timedelta(minutes=1):
            return Check(name="clock", status="ok", detail="it ran evenly since the start")
        detail = f"the wall clock was set by {round(drift.total_seconds())} s since the start"
        return Check(name="clock", status="warning", detail=detail, advice="check the time source with `timedatectl`")

    async def _store(self) -> Check:
        version = await self._database.read(
            lambda connection: connection.execute(text("SELECT sqlite_version()")).scalar()
        )
        size_bytes = self._folder.database.stat().st_size
        detail = f"SQLite {version}, {size_bytes >> 20} MiB, checked at the start"
        return Check(name="database", status="ok", detail=detail)

    async def _audit(self) -> Check:
        try:
            count = (await self._database.read(verify)).rows
        except DamagedError as error:
            advice = "keep the data folder as it is and compare it with a backup: someone may have altered the trail"
            return Check(name="audit trail", status="failed", detail=str(error), advice=advice)
        return Check(name="audit trail", status="ok", detail=f"{count} rows, all in their chain")
