"""All pages of the server."""

from litestar.types import ControllerRouterHandler

from vigo.server.features.pages.parts import Parts
from vigo.server.features.pages.rendering import Pages
from vigo.server.features.pages.views import (
    compliance,
    envoy,
    fleet,
    generations,
    runs,
    server,
    sessions,
    sign_in,
    tasks_and_workflows,
    trust,
)

_VIEWS = (sign_in, fleet, envoy, runs, generations, tasks_and_workflows, sessions, compliance, trust, server)


def routes(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    """Return the routes of all pages."""
    return [route for view in _VIEWS for route in view.routes(pages, parts)]
