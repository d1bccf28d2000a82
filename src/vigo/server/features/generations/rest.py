"""`/api/v1/generations`."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler

from vigo.core.ids import GenerationNumber
from vigo.server.features.generations.models import (
    Freeze,
    GenerationChanges,
    GenerationList,
    GenerationStatus,
    NewFreeze,
    NewGeneration,
    NewRollback,
    Published,
    RolledBack,
    Unfrozen,
    Validated,
    number_of,
)
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
        published = await service.publish(acting(request), data.message, data.base)
        return Response(published, status_code=200 if published.unchanged else 201)

    @post("/api/v1/generations/validate", summary="Check the stacks without publishing them", status_code=200)
    async def validate_stacks(request: Request[Any, Any, Any]) -> Validated:
        return await service.validate(acting(request))

    @get("/api/v1/generations/status", summary="Show what is live, the freeze, and whether the stacks differ")
    async def show_status(request: Request[Any, Any, Any]) -> GenerationStatus:
        return await service.status(acting(request))

    @get("/api/v1/generations/{number:str}/changes", summary="What a generation has otherwise than the one before it")
    async def show_changes(request: Request[Any, Any, Any], number: FromPath[str]) -> GenerationChanges:
        return await service.changed_files(acting(request), number_of(number))

    @post(
        "/api/v1/generations/{number:str}/rollback",
        summary="Publish a former generation's content as a new generation",
        responses={200: ResponseSpec(RolledBack, description="The live generation has this content already.")},
    )
    async def roll_back(
        request: Request[Any, Any, Any], number: FromPath[str], data: JSONBody[NewRollback]
    ) -> Response[RolledBack]:
        done = await service.roll_back(acting(request), number_of(number), data.message)
        return Response(done, status_code=200 if done.unchanged else 201)

    @post("/api/v1/generations/freeze", summary="Publish nothing until a moment", status_code=200)
    async def freeze_generations(request: Request[Any, Any, Any], data: JSONBody[NewFreeze]) -> Freeze:
        return await service.freezing.freeze(acting(request), data)

    @post("/api/v1/generations/unfreeze", summary="End the freeze that is in force", status_code=200)
    async def unfreeze_generations(request: Request[Any, Any, Any]) -> Unfrozen:
        return await service.freezing.unfreeze(acting(request))

    return [
        list_generations,
        publish_generation,
        validate_stacks,
        show_status,
        show_changes,
        roll_back,
        freeze_generations,
        unfreeze_generations,
    ]
