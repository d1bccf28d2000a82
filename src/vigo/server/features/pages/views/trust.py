"""Who may come in and what they may know: people, machines that ask, secrets, the audit trail."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from vigo.server.features.audit.models import AuditFilter, AuditItem
from vigo.server.features.enrolment.models import WaitingItem
from vigo.server.features.pages.forms import form_of
from vigo.server.features.pages.parts import Parts
from vigo.server.features.pages.rendering import PageRequest, Pages, led_to
from vigo.server.features.people.models import NewUser, UserChange, UserItem
from vigo.server.features.secrets.models import ListedSecret
from vigo.server.platform.web.csv_text import csv_response
from vigo.server.platform.web.guarding import acting
from vigo.server.platform.web.paging import Limit, number_cursor


def routes(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    """Return the pages of trust."""
    return [*_people(pages, parts), *_enrolments(pages, parts), *_audit(pages, parts)]


def _people(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    @get("/people", sync_to_thread=False)
    def people_page(request: PageRequest, part: FromQuery[str] = "") -> Response[Any]:
        actor = acting(request)
        found = parts.people.list(actor)
        if part == "csv":
            return csv_response("people", found.items, UserItem)
        return pages.response(request, "people.html", people=found.items, roles=parts.people.roles(actor).items)

    @post("/people", status_code=200)
    async def create_person(request: PageRequest) -> Response[Any]:
        form = await form_of(request)
        wanted = NewUser(
            name=form.get("name", "").strip(),
            roles=(form.get("role", ""),),
            password=form.get("password", ""),
            match=tuple(form.get("match", "").split()) or None,
        )
        await parts.people.create(acting(request), wanted)
        return led_to("/people")

    @post("/people/{name:str}", status_code=200)
    async def change_person(request: PageRequest, name: FromPath[str]) -> Response[Any]:
        form = await form_of(request)
        act = form.get("act", "")
        change = UserChange(
            roles=(form["role"],) if act == "role" and "role" in form else None,
            disabled={"disable": True, "enable": False}.get(act),
            unlocked=act == "unlock",
            without_one_time_codes=act == "forget-codes",
        )
        await parts.people.change(acting(request), name, change)
        return led_to("/people")

    @post("/people/{name:str}/remove", status_code=200)
    async def remove_person(request: PageRequest, name: FromPath[str]) -> Response[Any]:
        await parts.people.remove(acting(request), name)
        return led_to("/people")

    return [people_page, create_person, change_person, remove_person]


def _enrolments(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    @get("/enrolments")
    async def enrolments_page(request: PageRequest, part: FromQuery[str] = "") -> Response[Any]:
        found = await parts.enrolment.queue.list(acting(request))
        if part == "csv":
            return csv_response("enrolments", found, WaitingItem)
        return pages.response(request, "enrolments.html", waiting=found)

    @post("/enrolments/{name:str}/approve", status_code=200)
    async def approve(request: PageRequest, name: FromPath[str]) -> Response[Any]:
        await parts.enrolment.queue.approve(acting(request), name, {})
        return led_to("/enrolments")

    @post("/enrolments/{name:str}/deny", status_code=200)
    async def deny(request: PageRequest, name: FromPath[str]) -> Response[Any]:
        await parts.enrolment.queue.deny(acting(request), name)
        return led_to("/enrolments")

    return [enrolments_page, approve, deny]


def _audit(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    @get("/audit")
    async def audit_page(
        request: PageRequest,
        actor: FromQuery[str] = "",
        action: FromQuery[str] = "",
        subject: FromQuery[str] = "",
        limit: Limit = 100,
        cursor: FromQuery[str | None] = None,
        part: FromQuery[str] = "",
    ) -> Response[Any]:
        wanted = AuditFilter(
            actor=actor.strip() or None,
            action=action.strip() or None,
            subject=subject.strip() or None,
            before=number_cursor(cursor),
            limit=1000 if part == "csv" else limit,
        )
        found = await parts.audit.list(acting(request), wanted)
        if part == "csv":
            return csv_response("audit", found.items, AuditItem)
        chosen = {"actor": actor, "action": action, "subject": subject}
        if part == "rows":
            return pages.response(request, "audit_rows.html", acts=found, chosen=chosen)
        chain = await parts.audit.chain(acting(request), whole=False)
        return pages.response(request, "audit.html", acts=found, chosen=chosen, chain=chain)

    @get("/secrets")
    async def secrets_page(request: PageRequest, part: FromQuery[str] = "") -> Response[Any]:
        found = await parts.secrets.list(acting(request))
        if part == "csv":
            return csv_response("secrets", found.items, ListedSecret)
        return pages.response(request, "secrets.html", secrets=found)

    return [audit_page, secrets_page]
