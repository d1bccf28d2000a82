"""The bootstrap routes: all that a machine without a certificate may call."""

from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from vigo.core.enrolment import CA_PATH, ENROL_PATH, EnrolAnswer, EnrolRequest
from vigo.server.features.enrolment.service import EnrolmentService

_MOST_BODY_BYTES: Final = 64 * 1024


def routes(service: EnrolmentService) -> list[ControllerRouterHandler]:
    """Return the bootstrap routes."""

    @get(CA_PATH, summary="The CA's certificate as PEM", sync_to_thread=False, media_type="application/x-pem-file")
    def ca() -> Response[bytes]:
        return Response(service.ca_pem.encode(), media_type="application/x-pem-file")

    @post(
        ENROL_PATH,
        summary="Enrol a machine with a token",
        status_code=200,
        request_max_body_size=_MOST_BODY_BYTES,
    )
    async def enrol(request: Request[Any, Any, Any], data: JSONBody[EnrolRequest]) -> EnrolAnswer:
        source = "unknown" if request.client is None else request.client.host
        return await service.enrol(data, source)

    return [ca, enrol]
