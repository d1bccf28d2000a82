"""Requests that come twice: what changes something happens once, and what did not change is not sent again.

`Idempotency-Key` on a change: the second request with the same key gets the first one's answer. Source: the IETF draft
"The Idempotency-Key HTTP Header Field". Keys are a token's own, and kept in memory: for some minutes, and not across a
restart of the server, since answers may hold what is stored nowhere.
`ETag` on what is read, and 304 for who has it already. Source: RFC 9110 sections 8.8.3, 13.1.2.
"""

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, MutableMapping
from datetime import timedelta
from typing import Any, Final

import msgspec

from vigo.core.clock import Clock
from vigo.core.errors import UnauthenticatedError
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.bearer import bearer_token
from vigo.server.platform.listen.asgi import Application, Event, Receive, Scope, Send

_KEY: Final = re.compile(rb"[\x21-\x7e]{1,128}")
_CHANGES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_PREFIX: Final = "/api/v1/"
_KEPT_FOR: Final = timedelta(minutes=10)
_MOST_KEPT: Final = 10_000
_MOST_BYTES: Final = 64 << 20
_MOST_ANSWER_BYTES: Final = 256 << 10
_MOST_BODY_BYTES: Final = 1 << 20
_NEVER_KEPT: Final = frozenset({401, 403, 429})
_FAULT: Final = 500
_OK: Final = 200

Headers = list[tuple[bytes, bytes]]


class _Answer(msgspec.Struct):
    """What was answered to a key; while it is being answered, nothing yet."""

    asked: bytes
    at: timedelta
    done: asyncio.Event
    status: int = 0
    headers: Headers = []
    body: bytes = b""


class Repeats:
    """Stands before the application."""

    def __init__(self, app: Application, clock: Clock, authenticate: Callable[[str], Actor]) -> None:
        self._app = app
        self._clock = clock
        self._authenticate = authenticate
        self._answers: OrderedDict[bytes, _Answer] = OrderedDict()
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not scope["path"].startswith(_PREFIX):
            await self._app(scope, receive, send)
        elif scope["method"] == "GET":
            await self._read(scope, receive, send)
        elif scope["method"] in _CHANGES and (key := _header(scope, b"idempotency-key")) is not None:
            # Who is not let in has no keys: the application says so.
            token = self._token(scope)
            await (self._app(scope, receive, send) if token is None else self._change(scope, receive, send, key, token))
        else:
            await self._app(scope, receive, send)

    async def _read(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = {one.strip().removeprefix(b"W/") for one in (_header(scope, b"if-none-match") or b"").split(b",")}
        head: Event | None = None

        async def tagged(event: Event) -> None:
            nonlocal head
            if event["type"] == "http.response.start" and event["status"] == _OK:
                head = event
                return
            if head is not None and event["type"] == "http.response.body":
                begin, head = head, None
                if not event.get("more_body"):
                    begin, event = _with_tag(begin, event, known)
                await send(begin)
            await send(event)

        await self._app(scope, receive, tagged)

    def _token(self, scope: Scope) -> str | None:
        try:
            token = bearer_token(scope["headers"])
            self._authenticate(token)
        except UnauthenticatedError:
            return None
        return token

    async def _change(self, scope: Scope, receive: Receive, send: Send, key: bytes, token: str) -> None:
        if not _KEY.fullmatch(key):
            await _refuse(send, 400, "invalid", "expected an Idempotency-Key of 1 to 128 visible characters")
            return
        body = await _whole(receive)
        if body is None:
            await _refuse(send, 413, "too-large", "expected a body of at most 1 MiB beside an Idempotency-Key")
            return
        place = hashlib.sha256(token.encode() + b"\0" + key).digest()
        line = f"{scope['method']} {scope['path']}?".encode() + scope.get("query_string", b"")
        asked = hashlib.sha256(line + b"\0" + body).digest()
        found = self._present(place)
        if found is None:
            await self._first(scope, _again(body, receive), send, place, asked)
        elif found.asked != asked:
            await _refuse(
                send, 409, "conflict", "this Idempotency-Key came with another request before; take a new one"
            )
        else:
            await self._second(scope, _again(body, receive), send, found)

    async def _first(self, scope: Scope, receive: Receive, send: Send, place: bytes, asked: bytes) -> None:
        answer = _Answer(asked, self._clock.monotonic(), asyncio.Event())
        self._answers[place] = answer
        kept = _Kept()

        async def noted(event: Event) -> None:
            kept.take(event)
            await send(event)

        try:
            await self._app(scope, receive, noted)
        finally:
            if kept.is_worth_it:
                answer.status, answer.headers, answer.body = kept.status, kept.headers, bytes(kept.body)
                self._bytes += len(answer.body)
            else:
                self._answers.pop(place, None)
            answer.done.set()
            self._tidy()

    async def _second(self, scope: Scope, receive: Receive, send: Send, found: _Answer) -> None:
        await found.done.wait()
        if not found.status:  # the first one came to nothing that is worth repeating
            await self._app(scope, receive, send)
            return
        headers = [*found.headers, (b"idempotency-replayed", b"true")]
        await send({"type": "http.response.start", "status": found.status, "headers": headers})
        await send({"type": "http.response.body", "body": found.body, "more_body": False})

    def _present(self, place: bytes) -> _Answer | None:
        found = self._answers.get(place)
        if found is not None and found.done.is_set() and self._clock.monotonic() - found.at > _KEPT_FOR:
            self._forget(place)
            return None
        return found

    def _tidy(self) -> None:
        """Forget what is too old or too much, the oldest first."""
        while self._answers:
            place, oldest = next(iter(self._answers.items()))
            is_old = self._clock.monotonic() - oldest.at > _KEPT_FOR
            is_much = len(self._answers) > _MOST_KEPT or self._bytes > _MOST_BYTES
            if not oldest.done.is_set() or not (is_old or is_much):
                return
            self._forget(place)

    def _forget(self, place: bytes) -> None:
        self._bytes -= len(self._answers.pop(place).body)


class _Kept:
    """An answer as it goes out."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: Headers = []
        self.body = bytearray()
        self._is_whole = False

    @property
    def is_worth_it(self) -> bool:
        return self._is_whole and self.status < _FAULT and self.status not in _NEVER_KEPT

    def take(self, event: Event) -> None:
        if event["type"] == "http.response.start":
            self.status, self.headers = (
                event["status"],
                [(bytes(name), bytes(value)) for name, value in event["headers"]],
            )
        elif event["type"] == "http.response.body" and len(self.body) <= _MOST_ANSWER_BYTES:
            self.body += event.get("body", b"")
            self._is_whole = not event.get("more_body") and len(self.body) <= _MOST_ANSWER_BYTES


def _with_tag(begin: Event, event: Event, known: set[bytes]) -> tuple[Event, Event]:
    tag = b'"' + hashlib.sha256(event.get("body", b"")).hexdigest()[:32].encode() + b'"'
    headers = [pair for pair in begin["headers"] if pair[0].lower() != b"etag"]
    if tag in known:
        kept = [(name, value) for name, value in headers if name.lower() not in (b"content-length", b"content-type")]
        return {**begin, "status": 304, "headers": [*kept, (b"etag", tag)]}, {**event, "body": b""}
    return {**begin, "headers": [*headers, (b"etag", tag)]}, event


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return next((value for name, value in headers if name.lower() == wanted), None)


async def _whole(receive: Receive) -> bytes | None:
    """Return a request's body, None where it is too large."""
    body = bytearray()
    while True:
        event: MutableMapping[str, Any] = await receive()
        if event["type"] != "http.request":
            return bytes(body)
        body += event.get("body", b"")
        if len(body) > _MOST_BODY_BYTES:
            return None
        if not event.get("more_body"):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read once more, and then what follows."""
    is_given = False

    async def given() -> Event:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return given


async def _refuse(send: Send, status: int, code: str, detail: str) -> None:
    problem = {"type": "about:blank", "title": code.replace("-", " "), "status": status, "detail": detail, "code": code}
    body = msgspec.json.encode(problem)
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
