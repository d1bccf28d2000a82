"""`/api/v1/access-tokens`."""

from typing import Any

from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from vigo.server.features.access.models import AccessTokenList, MintedAccessToken, NewAccessToken
from vigo.server.features.access.service import AccessService
from vigo.server.platform.web.application import acting, no_content


def routes(service: AccessService) -> list[ControllerRouterHandler]:
    """Return the routes of access tokens."""

    @get("/api/v1/access-tokens", summary="List the access tokens in force", sync_to_thread=False)
    def list_access_tokens(request: Request[Any, Any, Any]) -> AccessTokenList:
        return AccessTokenList(items=service.list(acting(request)))

    @post("/api/v1/access-tokens", summary="Make an access token")
    async def create_access_token(request: Request[Any, Any, Any], data: JSONBody[NewAccessToken]) -> MintedAccessToken:
        return await service.create(acting(request), data)

    @delete("/api/v1/access-tokens/{token_id:str}", summary="Withdraw an access token", status_code=204)
    async def withdraw_access_token(request: Request[Any, Any, Any], token_id: FromPath[str]) -> Response[None]:
        await service.withdraw(acting(request), token_id)
        return no_content()

    return [list_access_tokens, create_access_token, withdraw_access_token]
