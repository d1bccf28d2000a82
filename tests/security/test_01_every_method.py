from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.server.harness import Machine, Server, served
from vigo.core.errors import UnauthenticatedError, VigoError
from vigo.core.wire.messages import Methods
from vigo.server.platform.auth.table import GRPC, TABLE, Kind

LIMIT = timedelta(seconds=10)
VERBS = ("HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "POST", "GET", "PROPFIND", "get", "INVENTED")


def _spellings(path: str) -> tuple[str, ...]:
    bare = path.replace("{", "").replace("}", "")
    head, _, last = bare.rpartition("/")
    return (
        bare,
        f"{bare}/",
        f"/{bare}",
        bare.replace("/v1/", "//v1//"),
        f"{head}%2f{last}",
        f"{head}/%2e/{last}",
        f"{head}/x/../{last}",
        f"{bare};x=1",
        f"{bare}?token=x",
        f"{bare}%00",
        bare.upper(),
    )


@served
async def test_01_no_verb_and_no_spelling_of_a_route_for_people_opens_it_without_a_token(
    server: Server, tmp: Path
) -> None:
    people = sorted({path for (_, path), rule in TABLE.items() if rule.kind is Kind.PERSON})
    async with httpx.AsyncClient(base_url=server.url, verify=server.context(), trust_env=False) as client:
        for path in people:
            for verb in VERBS:
                for spelling in _spellings(path):
                    answer = await client.request(verb, spelling)
                    # `//audit` is the root to a client: it leads to the fleet, which leads to where one signs in.
                    is_led_on = answer.headers.get("location", "").startswith(("/sign-in", "/fleet"))
                    is_closed = answer.status_code in (400, 401, 403, 404, 405)
                    assert is_closed or is_led_on, (verb, spelling, answer.status_code)


@served
async def test_01_no_other_verb_does_what_a_route_for_anyone_does(server: Server, tmp: Path) -> None:
    anyone = {(verb, path) for (verb, path), rule in TABLE.items() if rule.kind is Kind.ANYONE}
    async with httpx.AsyncClient(base_url=server.url, verify=server.context(), trust_env=False) as client:
        for path in sorted({path for _, path in anyone}):
            for verb in set(VERBS) - {name for name, of in anyone if of == path} - {"get"}:
                assert (await client.request(verb, path)).status_code in (400, 401, 403, 404, 405), (verb, path)


@served
async def test_01_every_grpc_method_refuses_an_unsigned_request_and_one_of_a_revoked_envoy(
    server: Server, tmp: Path
) -> None:
    assert {path for verb, path in TABLE if verb == GRPC} == set(server.app.rpc.methods) == set(Methods.ALL)
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        for method in server.app.rpc.methods:
            with pytest.raises(VigoError):
                await machine.connection.call(method, b"", LIMIT)
        await server.request("POST", "/api/v1/envoys/a/revoke")
        for method in server.app.rpc.methods:
            with pytest.raises(UnauthenticatedError, match="revoked"):
                await machine.call(method)


@served
async def test_01_a_method_that_is_nearly_one_is_none(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        for method in Methods.ALL:
            for spelling in (f"{method}/", f"/{method}", method.lower(), method.replace("Agent/", "Agent%2f")):
                with pytest.raises(VigoError, match=r"no method|signature does not match"):
                    await machine.call(spelling)
