"""`/api/v1/tokens`."""

from typing import Any

from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from vigo.server.features.tokens.models import MintedToken, NewToken, TokenList
from vigo.server.features.tokens.service import TokenService
from vigo.server.platform.web.application import acting, no_content


def routes(service: TokenService) -> list[ControllerRouterHandler]:
    """Return the routes of enrolment tokens."""

    @get("/api/v1/tokens", summary="List the enrolment tokens")
    async def list_tokens(request: Request[Any, Any, Any]) -> TokenList:
        return TokenList(items=await service.list(acting(request)))

    @post("/api/v1/tokens", summary="Make an enrolment token")
    async def create_token(request: Request[Any, Any, Any], data: JSONBody[NewToken]) -> MintedToken:
        return await service.create(acting(request), data)

    @delete("/api/v1/tokens/{token_id:str}", summary="Withdraw an enrolment token", status_code=204)
    async def withdraw_token(request: Request[Any, Any, Any], token_id: FromPath[str]) -> Response[None]:
        await service.withdraw(acting(request), token_id)
        return no_content()

    return [list_tokens, create_token, withdraw_token]
