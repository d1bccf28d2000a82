"""`/api/v1/secrets` and what belongs to them. No route takes or gives a value that is not sealed to one reader."""

from typing import Any

from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from vigo.server.features.secrets.exporting import exported
from vigo.server.features.secrets.models import (
    AskedSecret,
    NewExport,
    NewSecret,
    Rekeyed,
    SealedSecret,
    SealingKey,
    SecretHistory,
    SecretList,
    StoredSecret,
)
from vigo.server.features.secrets.service import SecretService
from vigo.server.platform.web.application import acting, no_content


def routes(service: SecretService) -> list[ControllerRouterHandler]:
    """Return the routes of secrets."""

    @get("/api/v1/secrets", summary="List the secrets, without their values")
    async def list_secrets(request: Request[Any, Any, Any]) -> SecretList:
        return await service.list(acting(request))

    @put("/api/v1/secrets/{path:path}", summary="Give a secret a new value, sealed to the server's key")
    async def set_secret(
        request: Request[Any, Any, Any], path: FromPath[str], data: JSONBody[NewSecret]
    ) -> StoredSecret:
        return await service.put(acting(request), path.strip("/"), data)

    @delete("/api/v1/secrets/{path:path}", summary="Remove a secret with all versions", status_code=204)
    async def remove_secret(request: Request[Any, Any, Any], path: FromPath[str]) -> Response[None]:
        await service.remove(acting(request), path.strip("/"))
        return no_content()

    @get("/api/v1/secret-versions/{path:path}", summary="List the versions of a secret")
    async def list_versions(request: Request[Any, Any, Any], path: FromPath[str]) -> SecretHistory:
        return await service.history(acting(request), path.strip("/"))

    @post("/api/v1/secret-values/{path:path}", summary="Reveal a secret to one reader", status_code=200)
    async def reveal_secret(
        request: Request[Any, Any, Any], path: FromPath[str], data: JSONBody[AskedSecret]
    ) -> SealedSecret:
        return await service.get(acting(request), path.strip("/"), data)

    @post("/api/v1/secret-exports", summary="Export all secrets, encrypted with age", status_code=200)
    async def export_secrets(request: Request[Any, Any, Any], data: JSONBody[NewExport]) -> Response[bytes]:
        content = await exported(service, acting(request), data)
        return Response(content, media_type="application/octet-stream")

    @get("/api/v1/sealing-key", summary="Make a key that a new value can be sealed to", sync_to_thread=False)
    def make_sealing_key(request: Request[Any, Any, Any]) -> SealingKey:
        return service.sealing_key(acting(request))

    @post("/api/v1/vault-keys", summary="Put the local vault under a new key", status_code=200)
    async def rekey_vault(request: Request[Any, Any, Any]) -> Rekeyed:
        return Rekeyed(secrets=await service.rekey(acting(request)))

    return [
        list_secrets,
        set_secret,
        remove_secret,
        list_versions,
        reveal_secret,
        export_secrets,
        make_sealing_key,
        rekey_vault,
    ]
