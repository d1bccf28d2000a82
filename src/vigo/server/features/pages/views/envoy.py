"""One envoy: how each of its resources is, what happened, what it tells of itself, and what can be done with it."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from vigo.core.run import OUTCOMES
from vigo.core.target import Target
from vigo.server.features.pages.forms import form_of, number_of
from vigo.server.features.pages.parts import Parts
from vigo.server.features.pages.rendering import PageRequest, Pages, led_to
from vigo.server.features.pushes.models import NewPush
from vigo.server.features.runs.models import RunFilter, RunItem
from vigo.server.features.scriers.models import NewScrier
from vigo.server.features.tasks.models import NewTask
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.web.guarding import acting

_RUNS: Final = 30
_WORST_FIRST: Final = ("failed", "blocked", "changed", "skipped", "unchanged")
_LONGEST_SECONDS: Final = 24 * 3600


def routes(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    """Return the pages of an envoy."""
    return [_page(pages, parts), _explanation(pages, parts), *_acts(pages, parts)]


def _page(pages: Pages, parts: Parts) -> ControllerRouterHandler:
    @get("/envoys/{name:str}")
    async def envoy_page(request: PageRequest, name: FromPath[str]) -> Response[Any]:
        actor = acting(request)
        envoy = await parts.envoys.show(actor, name)
        runs: tuple[RunItem, ...] = ()
        if Permission.READ_RUNS in actor.permissions:
            runs = (await parts.runs.list(actor, RunFilter(envoy=envoy.id, limit=_RUNS))).items
        rule = parts.generations.scrier_rule(envoy.hostname)
        resources = sorted(envoy.resources, key=lambda one: _WORST_FIRST.index(one.outcome))
        return pages.response(
            request,
            "envoy.html",
            envoy=envoy,
            resources=resources,
            runs=runs,
            outcomes=OUTCOMES,
            session_user=None if rule is None else rule.user_for(actor.name),
        )

    return envoy_page


def _explanation(pages: Pages, parts: Parts) -> ControllerRouterHandler:
    @get("/envoys/{name:str}/explain")
    async def explain(request: PageRequest, name: FromPath[str], subject: FromQuery[str] = "") -> Response[Any]:
        found = await parts.explaining.explain(acting(request), name, subject)
        return pages.response(request, "explanation.html", found=found)

    return explain


def _acts(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    @post("/envoys/{name:str}/push", status_code=200)
    async def push(request: PageRequest, name: FromPath[str]) -> Response[str]:
        pushed = await parts.pushes.push(acting(request), NewPush(target=Target(hosts=(name,)), within_seconds=0))
        told = [one for one in pushed.items if one.state == "told"]
        text = "It was told to check in now." if told else "It is not connected: it checks in at its interval."
        return pages.done(request, text)

    @post("/envoys/{name:str}/tasks", status_code=200)
    async def run_task(request: PageRequest, name: FromPath[str]) -> Response[str]:
        form = await form_of(request)
        timeout = min(number_of(form, "timeout", 300), _LONGEST_SECONDS)
        made = await parts.tasks.create(
            acting(request),
            NewTask(target=Target(hosts=(name,)), command=form.get("command", ""), timeout_seconds=float(timeout)),
        )
        return led_to(f"/tasks/{made.id}")

    @post("/envoys/{name:str}/sessions", status_code=200)
    async def open_session(request: PageRequest, name: FromPath[str]) -> Response[str]:
        made = await parts.scriers.open(acting(request), NewScrier(envoy=name))
        return led_to(f"/sessions/{made.id}")

    @post("/envoys/{name:str}/revoke", status_code=200)
    async def revoke(request: PageRequest, name: FromPath[str]) -> Response[str]:
        await parts.envoys.revoke(acting(request), name)
        return led_to("/fleet")

    return [push, run_task, open_session, revoke]
