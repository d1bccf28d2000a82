"""What was published, what is about to be, and going back."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from vigo.core.errors import NotFoundError
from vigo.core.ids import GenerationNumber
from vigo.server.features.generations.models import Generation, StacksRejectedError, number_of
from vigo.server.features.pages.forms import form_of
from vigo.server.features.pages.parts import Parts
from vigo.server.features.pages.rendering import PageRequest, Pages, led_to
from vigo.server.features.planning.models import PlanFilter
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.web.csv_text import csv_response
from vigo.server.platform.web.guarding import acting
from vigo.server.platform.web.paging import Limit, number_cursor


def routes(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    """Return the pages of generations."""

    @get("/generations")
    async def generations_page(
        request: PageRequest, limit: Limit = 50, cursor: FromQuery[str | None] = None, part: FromQuery[str] = ""
    ) -> Response[Any]:
        actor = acting(request)
        before = number_cursor(cursor)
        found = await parts.generations.page(actor, None if before is None else GenerationNumber(before), limit)
        if part == "csv":
            return csv_response("generations", found.items, Generation)
        status = await parts.generations.status(actor)
        return pages.response(
            request, "generations.html", generations=found, status=status, summary=parts.envoys.fleet.counted()
        )

    @get("/generations/plan")
    async def plan_page(request: PageRequest) -> Response[Any]:
        try:
            plan = await parts.planning.plan(acting(request), PlanFilter(), in_full=False)
        except StacksRejectedError as error:
            return pages.response(
                request, "plan.html", plan=None, problem=str(error), findings=error.diagnostics, http_status=422
            )
        return pages.response(request, "plan.html", plan=plan, problem="", findings=plan.warnings)

    @get("/generations/{number:str}")
    async def generation_page(request: PageRequest, number: FromPath[str]) -> Response[Any]:
        actor = acting(request)
        wanted = number_of(number)
        found = await parts.generations.page(actor, GenerationNumber(wanted + 1), 1)
        if not found.items or found.items[0].number != wanted:
            raise NotFoundError(f"expected the number of a generation, found {wanted}")
        difference = None
        if Permission.VALIDATE_STACKS in actor.permissions:
            difference = await parts.generations.changed_files(actor, wanted)
        return pages.response(
            request,
            "generation.html",
            generation=found.items[0],
            difference=difference,
            summary=parts.envoys.fleet.counted(),
        )

    @post("/generations/{number:str}/rollback", status_code=200)
    async def roll_back(request: PageRequest, number: FromPath[str]) -> Response[Any]:
        form = await form_of(request)
        message = form.get("message", "").strip() or None
        await parts.generations.roll_back(acting(request), number_of(number), message)
        return led_to("/generations")

    return [generations_page, plan_page, generation_page, roll_back]
