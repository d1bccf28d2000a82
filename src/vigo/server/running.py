"""A server that runs: what it does at the start, now and then, at a reload and at the end."""

import asyncio
import logging
import os
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from vigo.core.errors import VigoError
from vigo.server.app import API_LISTENER, GRPC_LISTENER, App
from vigo.server.features.history.service import SAMPLE_EVERY
from vigo.server.features.notifications.service import LOOK_EVERY as NOTICE_EVERY
from vigo.server.features.scriers.driver import SWEEP as SCRIER_SWEEP
from vigo.server.features.streams.service import SWEEP
from vigo.server.features.tasks.driver import SWEEP as TASK_SWEEP
from vigo.server.features.workflows.driver import SWEEP as WORKFLOW_SWEEP
from vigo.server.platform.folder.files import write_atomically
from vigo.server.platform.listen.serving import Serving
from vigo.server.platform.settings.fields import needing_restart
from vigo.server.platform.settings.model import Settings
from vigo.server.platform.telemetry.logs import set_level

_log = logging.getLogger(__name__)

FLUSH_EVERY: Final = timedelta(seconds=5)
PRUNE_EVERY: Final = timedelta(hours=1)
# The shortest life that the settings allow is an hour, of which a third is left when the certificate is due.
RENEWAL_EVERY: Final = timedelta(minutes=10)
SESSIONS_EVERY: Final = timedelta(minutes=1)
SECRETS_EVERY: Final = timedelta(seconds=30)
"""How often it is looked at whether somebody changed secrets in their backend; the local vault knows without."""


class Running:
    """Serves an `App` from `start` to `stop`."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._serving = Serving(app.listeners())
        self._tasks: list[asyncio.Task[None]] = []
        self._has_new_certificate = False

    async def start(self) -> None:
        """Return when both listeners accept.

        Raises:
            VigoError: an address cannot be had, or a certificate not used.
        """
        await self.app.generations.reconcile()
        self.app.keys.changed = self.renew_trust
        await self._serving.start()
        found = self._serving.addresses
        self.app.addresses.listening(found[GRPC_LISTENER], found[API_LISTENER])
        running = {
            "pid": os.getpid(),
            "api": self.app.addresses.local_api_url(),
            "grpc": found[GRPC_LISTENER],
            "ca": str(self.app.folder.ca_certificate.absolute()),
        }
        write_atomically(self.app.folder.running, msgspec.json.encode(running) + b"\n")
        self._tasks = [
            asyncio.create_task(_repeat(FLUSH_EVERY, self.app.envoys.flush, "storing check-ins")),
            asyncio.create_task(_repeat(SWEEP, self.app.streams.sweep, "ending streams")),
            asyncio.create_task(_repeat(TASK_SWEEP, self.app.driver.sweep, "looking after tasks")),
            asyncio.create_task(_repeat(SCRIER_SWEEP, self.app.scrier_driver.sweep, "looking after sessions")),
            asyncio.create_task(_repeat(WORKFLOW_SWEEP, self.app.workflow_driver.sweep, "looking after workflows")),
            asyncio.create_task(_repeat(PRUNE_EVERY, self.app.workflows.prune, "deleting old runs of workflows")),
            asyncio.create_task(_repeat(PRUNE_EVERY, self.app.scriers.prune, "deleting old sessions")),
            asyncio.create_task(_repeat(PRUNE_EVERY, self.app.runs.prune, "deleting old runs")),
            asyncio.create_task(_repeat(PRUNE_EVERY, self.app.tasks.prune, "deleting old tasks")),
            asyncio.create_task(_repeat(SESSIONS_EVERY, self.app.people.signing_in.sweep, "ending sessions of pages")),
            asyncio.create_task(_repeat(SESSIONS_EVERY, self.app.access.note_uses, "noting uses of tokens")),
            asyncio.create_task(_repeat(NOTICE_EVERY, self.app.notifications.look, "telling people")),
            asyncio.create_task(_repeat(PRUNE_EVERY, self.app.notifications.prune, "deleting old notifications")),
            asyncio.create_task(_repeat(SAMPLE_EVERY, self.app.history.sample, "noting how the fleet is")),
            asyncio.create_task(_repeat(SECRETS_EVERY, self.app.secrets.refresh, "looking at secrets")),
            asyncio.create_task(_repeat(RENEWAL_EVERY, self.renew_certificate, "renewing the certificate")),
        ]

    def ready_line(self) -> str:
        """Return the one line that says that it serves."""
        found = self._serving.addresses
        return (
            f"ready grpc={found[GRPC_LISTENER]} api=https://{found[API_LISTENER]} data-dir={self.app.folder.root}"
            f" generation={self.app.generations.live_number or 0}"
        )

    async def ended(self) -> None:
        """Return after `stop`; raise UnavailableError when a listener died by itself."""
        await self._serving.ended()

    async def stop(self) -> None:
        """Finish calls in flight, write what is in memory, close everything."""
        for task in self._tasks:
            task.cancel()
        self.app.events.close()
        self.app.tasks.close()
        self.app.scriers.close()
        self.app.workflows.close()
        await self.app.scrier_driver.close()
        await self._serving.stop()
        await self.app.driver.close()
        self.app.folder.running.unlink(missing_ok=True)
        try:
            await self.app.envoys.flush()
            await self.app.access.note_uses()
        except VigoError as error:
            _log.error("what was seen since the last %s is lost: %s", FLUSH_EVERY, error)
        self.app.database.close()

    async def renew_certificate(self) -> None:
        """Make the server's certificate anew where that is due, and use it for new connections."""
        app = self.app
        lifetime = app.settings.value.server_certificate_lifetime
        if app.certificate.renew_if_due(app.addresses.certificate_names(), lifetime):
            _log.info("the server's certificate was made anew")
            self._has_new_certificate = True
        if self._has_new_certificate:
            # Tried again at the next look where it fails: the file is not due any more, what is served would lapse.
            await self._serving.renew()
            self._has_new_certificate = False

    async def renew_trust(self) -> None:
        """Take other CAs of envoys, and a certificate of another CA where the former is retired."""
        app = self.app
        app.certificate.renew_if_due(app.addresses.certificate_names(), app.settings.value.server_certificate_lifetime)
        self._has_new_certificate = True
        await self._serving.renew(waits=False)
        self._has_new_certificate = False

    async def reload(self, settings: Settings) -> None:
        """Apply other settings, and read the admin token and the live generation anew.

        Raises:
            VigoError: the settings cannot be used; those of before stay.
            OSError: the admin token cannot be read; the same.
        """
        former = self.app.settings.value
        token = self.app.folder.admin_token.read_text("ascii", errors="replace").strip()
        for name in needing_restart(former, settings):
            _log.warning("%s was changed in server.yaml; it needs a restart, until then the former value holds", name)
        kept = {name: getattr(former, name) for name in needing_restart(former, settings)}
        self.app.settings.value = msgspec.structs.replace(settings, **kept)
        try:
            self.app.addresses.certificate_names()
        except VigoError:
            self.app.settings.value = former
            raise
        set_level(self.app.settings.value)
        self.app.access.replace_admin_token(token)
        self.app.notifications.reload()
        await self.app.generations.reload()
        await self.renew_certificate()
        _log.info("reloaded; generation %d is live", self.app.generations.live_number or 0)


async def _repeat(every: timedelta, work: Callable[[], Awaitable[None]], what: str) -> None:
    while True:
        await asyncio.sleep(every.total_seconds())
        try:
            await work()
        except (VigoError, OSError, SQLAlchemyError, sqlite3.Error) as error:
            # The next round may succeed: the disk has room again, the certificate can be written.
            _log.error("%s failed, it is tried again in %s: %s", what, every, error)
