"""`/api/v1/keys`, and the documents of whom to trust for agents that missed a rotation."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler

from vigo.core.enrolment import TRUST_PATH, TrustDocument
from vigo.server.features.keys.models import KeyItem, KeyList, Step
from vigo.server.features.keys.service import KeyService
from vigo.server.platform.web.application import acting


def routes(service: KeyService) -> list[ControllerRouterHandler]:
    """Return the routes of keys."""

    @get(TRUST_PATH, summary="The documents of whom agents trust, behind a version", sync_to_thread=False)
    def trust(after: FromQuery[int] = 0) -> list[TrustDocument]:
        return [
            TrustDocument(content=one.content.decode(), signature=one.signature.hex())
            for one in service.documents(after)
        ]

    @get("/api/v1/keys", summary="Show the CA and the policy key, and how far each is replaced", sync_to_thread=False)
    def list_keys(request: Request[Any, Any, Any]) -> KeyList:
        return KeyList(items=service.everything(acting(request)))

    @post("/api/v1/keys/{subject:str}/rotate", summary="Make the next one", status_code=200)
    async def begin(request: Request[Any, Any, Any], subject: FromPath[str]) -> KeyItem:
        return await service.begin(acting(request), subject)

    @post("/api/v1/keys/{subject:str}/switch", summary="Sign with the next one", status_code=200)
    async def switch(request: Request[Any, Any, Any], subject: FromPath[str], data: JSONBody[Step]) -> KeyItem:
        return await service.switch(acting(request), subject, force=data.force)

    @post("/api/v1/keys/{subject:str}/retire", summary="Trust the next one alone", status_code=200)
    async def retire(request: Request[Any, Any, Any], subject: FromPath[str], data: JSONBody[Step]) -> KeyItem:
        return await service.retire(acting(request), subject, force=data.force)

    @post("/api/v1/keys/{subject:str}/cancel", summary="Forget the next one", status_code=200)
    async def cancel(request: Request[Any, Any, Any], subject: FromPath[str]) -> KeyItem:
        return await service.cancel(acting(request), subject)

    return [trust, list_keys, begin, switch, retire, cancel]
