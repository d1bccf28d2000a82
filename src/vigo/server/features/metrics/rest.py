"""`/metrics`."""

from typing import Any

from litestar import Request, Response, get
from litestar.types import ControllerRouterHandler
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from vigo.server.features.metrics.service import MetricsService
from vigo.server.platform.web.application import acting


def routes(service: MetricsService) -> list[ControllerRouterHandler]:
    """Return the route of Prometheus."""

    @get(
        "/metrics",
        summary="How the server and its fleet are, for Prometheus",
        sync_to_thread=False,
        media_type="text/plain",
    )
    def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
        return Response(service.text(acting(request)), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return [metrics]
