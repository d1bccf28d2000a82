"""`/api/v1/generations`."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.openapi import ResponseSpec
from litestar.params import FromQuery, JSONBody
from litestar.types import ControllerRouterHandler

from vigo.core.ids import GenerationNumber
from vigo.server.features.generations.models import GenerationList, NewGeneration, Published, Validated
from vigo.server.features.generations.service import GenerationService
from vigo.server.platform.web.application import acting
from vigo.server.platform.web.paging import Limit, number_cursor


def routes(service: GenerationService) -> list[ControllerRouterHandler]:
    """Return the routes of generations."""

    @get("/api/v1/generations", summary="List the generations, the newest first")
    async def list_generations(
        request: Request[Any, Any, Any], limit: Limit = 100, cursor: FromQuery[str | None] = None
    ) -> GenerationList:
        before = number_cursor(cursor)
        return await service.page(acting(request), None if before is None else GenerationNumber(before), limit)

    @post(
        "/api/v1/generations",
        summary="Publish the stacks as a new generation",
        responses={200: ResponseSpec(Published, description="The live generation has this content already.")},
    )
    async def publish_generation(request: Request[Any, Any, Any], data: JSONBody[NewGeneration]) -> Response[Published]:
        published = await service.publish(acting(request), data.message)
        return Response(published, status_code=200 if published.unchanged else 201)

    @post("/api/v1/generations/validate", summary="Check the stacks without publishing them", status_code=200)
    async def validate_stacks(request: Request[Any, Any, Any]) -> Validated:
        return await service.validate(acting(request))

    return [list_generations, publish_generation, validate_stacks]
