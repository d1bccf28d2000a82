"""How the server and its fleet are, in the text format of Prometheus."""

from collections.abc import Iterator

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric

from vigo import __version__
from vigo.core.clock import Clock
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.keys.service import KeyService
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.folder.layout import DataFolder
from vigo.server.platform.pki.server_certificate import ServerCertificate
from vigo.server.platform.telemetry.metrics import Metrics


class MetricsService:
    """Puts what was measured beside what can be counted at this moment."""

    def __init__(
        self,
        metrics: Metrics,
        clock: Clock,
        folder: DataFolder,
        envoys: EnvoyService,
        keys: KeyService,
        certificate: ServerCertificate,
    ) -> None:
        self._metrics = metrics
        self._clock = clock
        self._folder = folder
        self._envoys = envoys
        self._keys = keys
        self._certificate = certificate
        metrics.registry.register(self)

    def text(self, actor: Actor) -> bytes:
        """Return everything."""
        actor.require(Permission.READ_HEALTH)
        return generate_latest(self._metrics.registry)

    def collect(self) -> Iterator[Metric]:
        """Yield what is counted at this moment; the library calls it."""
        fleet = self._envoys.fleet.counted()
        yield InfoMetricFamily("vigo_build", "The version of vigosrv.", {"version": __version__})
        yield _gauge("vigo_envoys", "Active envoys.", fleet.envoys)
        yield _gauge("vigo_envoys_connected", "Active envoys that hold their stream.", fleet.connected)
        yield _gauge("vigo_envoys_revoked", "Envoys that were revoked.", fleet.revoked)
        yield _gauge(
            "vigo_live_generation", "The number of the live generation, 0 before the first.", fleet.live_generation or 0
        )
        yield _gauge(
            "vigo_envoys_on_live_generation", "Active envoys that hold the live generation.", fleet.on_live_generation
        )
        for axis in ("convergence", "drift", "reachability"):
            family = GaugeMetricFamily(f"vigo_envoys_{axis}", f"Active envoys by their {axis}.", labels=("state",))
            for state, count in getattr(fleet, axis).items():
                family.add_metric((state,), count)
            yield family
        yield from self._ends()
        copied = sum(1 for one in self._envoys.index.everyone() if one.is_active and one.copied_at is not None)
        yield _gauge("vigo_envoys_copied", "Active envoys whose identity was seen on two machines.", copied)
        yield _gauge("vigo_database_bytes", "Size of the database.", self._folder.database.stat().st_size)

    def _ends(self) -> Iterator[Metric]:
        now = self._clock.now()
        family = GaugeMetricFamily(
            "vigo_certificate_expiry_seconds", "Time until a certificate ends; the least of all envoys.", labels=("of",)
        )
        ends = {"ca": self._keys.item("ca").ends_at, "server": self._certificate.not_after()}
        active = [one.certificate_not_after for one in self._envoys.index.everyone() if one.is_active]
        if active:
            ends["envoy"] = min(active)
        for name, end in ends.items():
            if end is not None:
                family.add_metric((name,), (end - now).total_seconds())
        yield family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value)
