"""The bootstrap routes, which machines without a certificate may call, and `/api/v1/enrolments`."""

from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from vigo.core.enrolment import (
    CA_PATH,
    ENROL_PATH,
    RETURN_PATH,
    EnrolAnswer,
    EnrolRequest,
    ReturnAnswer,
    ReturnRequest,
    WaitAnswer,
)
from vigo.server.features.enrolment.models import Approval, WaitingItem, WaitingList
from vigo.server.features.enrolment.service import EnrolmentService
from vigo.server.platform.web.application import acting

_MOST_BODY_BYTES: Final = 64 * 1024
_OK: Final = 200
_ACCEPTED: Final = 202


def routes(service: EnrolmentService) -> list[ControllerRouterHandler]:
    """Return the bootstrap routes."""

    @get(CA_PATH, summary="The CA's certificate as PEM", sync_to_thread=False, media_type="application/x-pem-file")
    def ca() -> Response[bytes]:
        return Response(service.ca_pem.encode(), media_type="application/x-pem-file")

    @post(
        ENROL_PATH,
        summary="Enrol a machine with a token, or ask for an approval (202)",
        status_code=200,
        request_max_body_size=_MOST_BODY_BYTES,
    )
    async def enrol(
        request: Request[Any, Any, Any], data: JSONBody[EnrolRequest]
    ) -> Response[EnrolAnswer | WaitAnswer]:
        answer = await service.enrol(data, _source(request))
        return Response(answer, status_code=_ACCEPTED if isinstance(answer, WaitAnswer) else _OK)

    @post(
        RETURN_PATH,
        summary="Get another certificate for an envoy whose own has ended",
        status_code=200,
        request_max_body_size=_MOST_BODY_BYTES,
    )
    async def come_back(request: Request[Any, Any, Any], data: JSONBody[ReturnRequest]) -> ReturnAnswer:
        return await service.come_back(data, _source(request))

    @get("/api/v1/enrolments", summary="List the machines that wait for an approval")
    async def list_waiting(request: Request[Any, Any, Any]) -> WaitingList:
        return WaitingList(items=await service.queue.list(acting(request)))

    @post("/api/v1/enrolments/{name:str}/approve", summary="Let a machine in", status_code=200)
    async def approve(request: Request[Any, Any, Any], name: FromPath[str], data: JSONBody[Approval]) -> WaitingItem:
        return await service.queue.approve(acting(request), name, data.labels)

    @post("/api/v1/enrolments/{name:str}/deny", summary="Deny a machine to come in", status_code=200)
    async def deny(request: Request[Any, Any, Any], name: FromPath[str]) -> WaitingItem:
        return await service.queue.deny(acting(request), name)

    return [ca, enrol, come_back, list_waiting, approve, deny]


def _source(request: Request[Any, Any, Any]) -> str:
    return "unknown" if request.client is None else request.client.host
