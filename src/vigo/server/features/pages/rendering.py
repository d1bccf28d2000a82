"""Pages: templates filled with what services return, for people's browsers."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import minijinja
import msgspec
from litestar import Request, Response

from vigo import __version__
from vigo.core.clock import Clock
from vigo.core.errors import CODES, UnauthenticatedError, VigoError
from vigo.core.terminal import visible
from vigo.server.features.pages.words import ago, amount, clock_text, lasted, size
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.web.guarding import ACTOR, csrf_of

PageRequest = Request[Any, Any, Any]

_TEMPLATES: Final = Path(__file__).parent / "templates"
# Source: Content Security Policy level 3. Nothing inline, nothing from elsewhere, no frames.
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
TERMINAL_CSP: Final = CSP.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
"""For pages with a terminal: xterm.js makes its style sheet itself. Scripts stay as they are everywhere."""

_UNAUTHENTICATED: Final = 401


class Pages:
    """Fills templates. All text is escaped; what is shown of machines has its control characters made visible."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._environment = minijinja.Environment(loader=_source, undefined_behavior="strict")
        for name, given in (("amount", amount), ("size", size), ("lasted", lasted), ("visible", visible)):
            self._environment.add_filter(name, given)
        self._environment.add_filter("ago", lambda moment: ago(moment, self._clock.now()))
        self._environment.add_filter("clock", clock_text)
        self._environment.add_filter("path", lambda text: quote(str(text), safe=""))

    def response(
        self, request: PageRequest, template: str, *, http_status: int = 200, csp: str = CSP, **content: Any
    ) -> Response[str]:
        """Return a page, or for htmx the part that the template's name says."""
        text = self.text(request, template, **content)
        return Response(text, status_code=http_status, media_type="text/html", headers={"Content-Security-Policy": csp})

    def text(self, request: PageRequest, template: str, **content: Any) -> str:
        """Return a filled template."""
        actor: Actor | None = request.scope["state"].get(ACTOR)
        rights = frozenset[Permission]() if actor is None else actor.permissions
        base = {
            "version": __version__,
            "actor": None if actor is None else {"name": actor.name, "match": actor.match},
            "may": {right.name.lower(): right in rights for right in Permission},
            "csrf": csrf_of(request),
            "path": request.scope["path"],
            "now": self._clock.now(),
        }
        return self._environment.render_template(template, **base, **_plain(content))

    def done(self, request: PageRequest, text: str) -> Response[str]:
        """Return the answer to something that was done: a note that htmx puts where notes stand."""
        return self.response(request, "note.html", kind="done", text=text)

    def on_error(self, request: PageRequest, error: VigoError) -> Response[Any]:
        """Return what a person sees of an error; who is not signed in is led to where that is done."""
        is_part = request.headers.get("hx-request") == "true"
        if isinstance(error, UnauthenticatedError):
            return self._to_sign_in(request, is_part=is_part)
        status = CODES[error.code].http_status
        if is_part:
            return self.response(request, "note.html", http_status=status, kind="failed", text=str(error))
        return self.response(request, "error.html", http_status=status, code=error.code, text=str(error))

    def _to_sign_in(self, request: PageRequest, *, is_part: bool) -> Response[Any]:
        back = urlsplit(request.headers.get("hx-current-url", "")).path if is_part else str(request.scope["path"])
        where = f"/sign-in?next={quote(back, safe='/')}" if back.startswith("/") and len(back) > 1 else "/sign-in"
        if is_part:
            return Response("", status_code=_UNAUTHENTICATED, headers={"HX-Redirect": where}, media_type="text/html")
        return Response("", status_code=303, headers={"Location": where}, media_type="text/html")


def led_to(path: str) -> Response[str]:
    """Return what has htmx open another page."""
    return Response("", headers={"HX-Redirect": path}, media_type="text/html")


def _source(name: str) -> str | None:
    path = _TEMPLATES / name
    return path.read_text("utf-8") if path.parent == _TEMPLATES and path.is_file() else None


def _plain(content: Mapping[str, Any]) -> Any:
    """Return what templates can read, with moments as they are."""
    return msgspec.to_builtins(content, builtin_types=(datetime,), str_keys=True)
