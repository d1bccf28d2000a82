from pathlib import Path

import pytest
from litestar.routes import HTTPRoute, WebSocketRoute
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.server.harness import Server, served
from vigo.core.errors import ForbiddenError, UnauthenticatedError
from vigo.core.wire.messages import Methods
from vigo.server.platform.auth.table import GRPC, TABLE, WEB_SOCKET, Kind
from vigo.server.platform.rpc.method import Call


@served
async def test_every_method_and_route_has_a_row_and_every_row_a_method_or_route(server: Server, tmp: Path) -> None:
    methods = {(GRPC, path) for path in server.app.rpc.methods}
    routes = {
        (verb, route.path_format)
        for route in server.app.web.routes
        if isinstance(route, HTTPRoute)
        for verb in route.methods
        if verb not in {"OPTIONS", "HEAD"}
    }
    sockets = {(WEB_SOCKET, route.path_format) for route in server.app.web.routes if isinstance(route, WebSocketRoute)}
    assert methods | routes | sockets == set(TABLE)


@served
async def test_every_route_for_people_refuses_who_shows_no_token(server: Server, tmp: Path) -> None:
    async with server.client() as client:
        del client.headers["Authorization"]
        for (verb, path), rule in TABLE.items():
            if verb == GRPC:
                continue
            if verb == WEB_SOCKET:
                assert rule.kind is Kind.PERSON
                url = server.url.replace("https", "wss") + path.replace("{", "").replace("}", "")
                for headers in ({}, {"Authorization": "Bearer vigo-access-nobodys"}):
                    with pytest.raises(InvalidStatus) as refused:
                        await connect(url, ssl=server.context(), additional_headers=headers, proxy=None)
                    assert refused.value.response.status_code == 403
                continue
            answer = await client.request(verb, path.replace("{", "").replace("}", ""))
            is_closed = answer.status_code == 401 or answer.headers.get("location", "").startswith("/sign-in")
            assert is_closed == (rule.kind is not Kind.ANYONE), (verb, path, answer.status_code)


def test_each_row_for_people_names_a_permission_and_no_other_does() -> None:
    assert all((rule.permission is not None) == (rule.kind is Kind.PERSON) for rule in TABLE.values())


def _call(path: str) -> Call:
    return Call(path=path, headers=(), client=None, certificate_pem=None, ends_at_loop_seconds=None)


@served
async def test_01_a_method_without_a_row_or_a_certificate_is_refused_before_its_body_is_read(
    server: Server, tmp: Path
) -> None:
    for path in ("/vigo.v1.Agent/New", "/healthz", ""):
        with pytest.raises(ForbiddenError, match="no row for envoys"):
            server.app.gate.admit(_call(path))
    for path in Methods.ALL:
        with pytest.raises(UnauthenticatedError):
            server.app.gate.admit(_call(path))
