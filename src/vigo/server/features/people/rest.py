"""`/api/v1/users` and `/api/v1/roles`."""

from typing import Any

from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from vigo.server.features.people.models import NewUser, RoleList, UserChange, UserItem, UserList
from vigo.server.features.people.service import PeopleService
from vigo.server.platform.web.application import acting, no_content


def routes(service: PeopleService) -> list[ControllerRouterHandler]:
    """Return the routes of people."""

    @get("/api/v1/users", summary="List who may sign in", sync_to_thread=False)
    def list_users(request: Request[Any, Any, Any]) -> UserList:
        return service.list(acting(request))

    @post("/api/v1/users", summary="Make somebody who can sign in")
    async def create_user(request: Request[Any, Any, Any], data: JSONBody[NewUser]) -> UserItem:
        return await service.create(acting(request), data)

    @patch("/api/v1/users/{name:str}", summary="Change what somebody may do")
    async def change_user(request: Request[Any, Any, Any], name: FromPath[str], data: JSONBody[UserChange]) -> UserItem:
        return await service.change(acting(request), name, data)

    @delete("/api/v1/users/{name:str}", summary="Remove somebody", status_code=204)
    async def remove_user(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[None]:
        await service.remove(acting(request), name)
        return no_content()

    @get("/api/v1/roles", summary="List the roles and what each may do", sync_to_thread=False)
    def list_roles(request: Request[Any, Any, Any]) -> RoleList:
        return service.roles(acting(request))

    return [list_users, create_user, change_user, remove_user, list_roles]
