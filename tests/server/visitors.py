"""People at the server's pages, without a browser."""

from typing import Any

import httpx

from tests.server.harness import Server
from vigo.server.platform.web.guarding import CSRF_HEADER

PASSWORD = "a few words do well"


async def let_in(server: Server, name: str = "ada", *roles: str, **more: Any) -> httpx.Response:
    body = {"name": name, "roles": roles or ("admin",), "password": PASSWORD, **more}
    return await server.request("POST", "/api/v1/users", body)


class Visitor:
    """A browser as the server sees it: a jar for cookies, and the header that pages send back."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.cookies = httpx.Cookies()

    async def request(self, verb: str, path: str, **more: Any) -> httpx.Response:
        async with httpx.AsyncClient(
            base_url=self.server.url,
            verify=self.server.context(),
            trust_env=False,
            timeout=30,
            cookies=self.cookies,
        ) as client:
            answer = await client.request(verb, path, **more)
            self.cookies = httpx.Cookies(client.cookies)
            return answer

    async def sign_in(self, name: str = "ada", password: str = PASSWORD, code: str = "") -> int:
        form = {"name": name, "password": password, "code": code}
        return (await self.request("POST", "/sign-in", data=form, headers={"Origin": self.server.url})).status_code

    async def get(self, path: str) -> httpx.Response:
        return await self.request("GET", path)

    async def csrf(self) -> str:
        page = await self.get("/account")
        return page.text.partition(f'{CSRF_HEADER}": "')[2].partition('"')[0]

    async def post(self, path: str, **form: str) -> httpx.Response:
        headers = {"Origin": self.server.url, CSRF_HEADER: await self.csrf(), "HX-Request": "true"}
        return await self.request("POST", path, data=form, headers=headers)
