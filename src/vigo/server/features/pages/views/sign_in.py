"""Signing in and out, and one's own account."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler

from vigo.core.errors import UnauthenticatedError, UnavailableError
from vigo.server.features.pages.forms import form_of
from vigo.server.features.pages.parts import Parts
from vigo.server.features.pages.rendering import PageRequest, Pages, led_to
from vigo.server.platform.web.guarding import COOKIE, acting, require_own_origin

_HOME: Final = "/fleet"
# Source: RFC 6265bis: the prefix __Host- asks for Secure, Path=/ and no Domain.
_ATTRIBUTES: Final = "Path=/; Secure; HttpOnly; SameSite=Strict"


def routes(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    """Return the pages of signing in."""
    return [*_doors(pages, parts), *_account(pages, parts)]


def _doors(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    @get("/", sync_to_thread=False)
    def home() -> Response[str]:
        return _redirect(_HOME)

    @get("/sign-in", sync_to_thread=False)
    def sign_in_page(request: PageRequest, next_: FromQuery[str] = "") -> Response[str]:
        return pages.response(request, "sign_in.html", next=_own(request.query_params.get("next", next_)), problem="")

    @post("/sign-in")
    async def sign_in(request: PageRequest) -> Response[str]:
        require_own_origin(request)
        form = await form_of(request)
        source = "unknown" if request.client is None else request.client.host
        following = _own(form.get("next", ""))
        try:
            secret = await parts.people.signing_in.sign_in(
                form.get("name", ""), form.get("password", ""), form.get("code", ""), source
            )
        except (UnauthenticatedError, UnavailableError) as error:
            status = error.mapping.http_status
            return pages.response(request, "sign_in.html", http_status=status, next=following, problem=str(error))
        answer = _redirect(following or _HOME)
        answer.headers["Set-Cookie"] = f"{COOKIE}={secret}; {_ATTRIBUTES}"
        return answer

    @post("/sign-out")
    async def sign_out(request: PageRequest) -> Response[str]:
        await parts.people.signing_in.sign_out(acting(request))
        answer = led_to("/sign-in")
        answer.headers["Set-Cookie"] = f"{COOKIE}=; {_ATTRIBUTES}; Max-Age=0"
        answer.headers["Clear-Site-Data"] = '"cache"'
        return answer

    return [home, sign_in_page, sign_in, sign_out]


def _account(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    @get("/account", sync_to_thread=False)
    def account(request: PageRequest) -> Response[str]:
        has_codes = parts.people.signing_in.has_codes(acting(request))
        return pages.response(request, "account.html", has_codes=has_codes)

    @post("/account/password")
    async def change_password(request: PageRequest) -> Response[str]:
        form = await form_of(request)
        wanted = form.get("wanted", "")
        if wanted != form.get("again", ""):
            return pages.response(
                request, "note.html", http_status=400, kind="failed", text="the new password was typed in two ways"
            )
        await parts.people.signing_in.change_password(acting(request), form.get("present", ""), wanted)
        return pages.done(request, "Your password is another now. Your other sessions have ended.")

    @post("/account/codes/offer")
    async def offer_codes(request: PageRequest) -> Response[str]:
        key, address = await parts.people.signing_in.offer_codes(acting(request))
        return pages.response(request, "codes.html", key=key, address=address)

    @post("/account/codes/take")
    async def take_codes(request: PageRequest) -> Response[str]:
        form = await form_of(request)
        await parts.people.signing_in.take_codes(acting(request), form.get("code", ""))
        return pages.done(request, "From now on you are asked for a code when you sign in.")

    return [account, change_password, offer_codes, take_codes]


def _redirect(path: str) -> Response[Any]:
    return Response("", status_code=303, headers={"Location": path}, media_type="text/html")


def _own(path: str) -> str:
    """Return a path of this server, empty where it may lead elsewhere."""
    is_own = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_own else ""
