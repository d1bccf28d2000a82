"""The REST API over HTTPS: requests, whole lists, and problems as errors."""

import ssl
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, Self

import msgspec

from vigo.cli.client.faults import explained
from vigo.cli.client.quick_httpx import httpx
from vigo.cli.client.target import Target
from vigo.core.clock import Clock
from vigo.core.encoding import NOT_DECODED
from vigo.core.errors import (
    BY_CODE,
    DamagedError,
    RejectedPolicyError,
    UnauthenticatedError,
    UnavailableError,
    VigoError,
)
from vigo.policy.diagnostics import Diagnostic

Parameters = Mapping[str, str | int | tuple[str, ...] | None]

_PAGE: Final = 1000
_INTERNAL: Final = 500


class _Problem(msgspec.Struct, frozen=True):
    """An error's body. Source: RFC 9457; `code` and `diagnostics` are Vigo's own members."""

    code: str = ""
    detail: str = ""
    title: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()


class RejectedStacksError(RejectedPolicyError):
    """The stacks have errors. `findings` are all that was found, `problem` the answer itself."""

    def __init__(self, message: str, findings: tuple[Diagnostic, ...], problem: Any) -> None:
        super().__init__(message)
        self.findings = findings
        self.problem = problem


class Api:
    """The API of one server. Every call raises a VigoError that says what to do."""

    def __init__(self, target: Target, timeout: timedelta, clock: Clock) -> None:
        self.target = target
        self.server_time: datetime | None = None
        """What the server's clock said in its latest answer."""
        self._timeout = timeout
        self._clock = clock
        self._client = httpx.Client(
            base_url=target.url,
            verify=pinned_context(target.ca_pem),
            headers={"Authorization": f"Bearer {target.token}", "Accept": "application/json, application/problem+json"},
            timeout=timeout.total_seconds(),
            # A proxy out of the environment would see where the server is, and breaks calls to loopback.
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, parameters: Parameters | None = None) -> Any:
        """Return an answer."""
        return self._call("GET", path, parameters=parameters)

    def lines(self, path: str) -> Iterator[Any]:
        """Yield what each line of an answer says, as it comes; nothing for longer than the timeout is an error."""
        try:
            with self._client.stream("GET", f"/api/v1/{path}") as response:
                if not response.is_success:
                    response.read()
                    raise self._refusal(response)
                for line in response.iter_lines():
                    if line:  # an empty one is a sign of life
                        yield msgspec.json.decode(line)
        except httpx.HTTPError as error:
            raise explained(error, self.target, self._timeout, self._clock.now()) from error
        except NOT_DECODED as error:
            raise UnavailableError(
                f"{self.target.url}: expected a JSON object a line, found something else ({error}); is it a vigosrv?"
            ) from error

    def post(self, path: str, body: Any = None) -> Any:
        """Return what a change did."""
        return self._call("POST", path, body=body)

    def put(self, path: str, body: Any) -> Any:
        """Return what storing something did."""
        return self._call("PUT", path, body=body)

    def patch(self, path: str, body: Any) -> Any:
        """Return what changing something did."""
        return self._call("PATCH", path, body=body)

    def download(self, path: str, body: Any) -> bytes:
        """Return the content that a request makes."""
        return self._sent("POST", path, None, body).content

    def delete(self, path: str) -> None:
        """Remove something."""
        self._call("DELETE", path)

    def items(self, path: str, parameters: Parameters | None = None, limit: int | None = None) -> list[Any]:
        """Return the items of a list, page after page, all or as many as the limit says."""
        found: list[Any] = []
        cursor: str | None = None
        while limit is None or len(found) < limit:
            size = _PAGE if limit is None else min(_PAGE, limit - len(found))
            page = self.get(path, {**(parameters or {}), "limit": size, "cursor": cursor})
            if not isinstance(page, dict) or not isinstance(page.get("items"), list):
                raise UnavailableError(f"{self.target.url}: expected a list, found something else; is it a vigosrv?")
            found += page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                break
        # Short lists come as a whole, whatever was asked for.
        return found[:limit]

    def _call(self, verb: str, path: str, *, parameters: Parameters | None = None, body: Any = None) -> Any:
        response = self._sent(verb, path, parameters, body)
        if response.status_code == HTTPStatus.NO_CONTENT:
            return None
        try:
            return msgspec.json.decode(response.content)
        except NOT_DECODED as error:
            raise UnavailableError(
                f"{self.target.url}: expected an answer as JSON, found something else ({error}); is it a vigosrv?"
            ) from error

    def _sent(self, verb: str, path: str, parameters: Parameters | None, body: Any) -> httpx.Response:
        chosen = {name: value for name, value in (parameters or {}).items() if value is not None}
        try:
            response = self._answer(verb, path, chosen, body)
        except httpx.HTTPError as error:
            raise explained(error, self.target, self._timeout, self._clock.now()) from error
        self.server_time = _moment(response.headers.get("Date"))
        if not response.is_success:
            raise self._refusal(response)
        return response

    def _answer(self, verb: str, path: str, parameters: Parameters, body: Any) -> httpx.Response:
        """Return an answer. What only reads is asked once more where a server that renews its certificate hung up."""
        try:
            return self._client.request(verb, f"/api/v1/{path}", params=parameters, json=body)
        except (httpx.RemoteProtocolError, httpx.ReadError):
            if verb != "GET":
                raise
        return self._client.request(verb, f"/api/v1/{path}", params=parameters, json=body)

    def _refusal(self, response: httpx.Response) -> VigoError:
        try:
            raw = msgspec.json.decode(response.content)
            problem = msgspec.convert(raw, _Problem)
        except NOT_DECODED:
            raw, problem = None, _Problem()
        detail = problem.detail or problem.title or f"HTTP status {response.status_code}; is it a vigosrv?"
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            return UnauthenticatedError(f"{self.target.url}: {self._unknown_token()}")
        if problem.diagnostics:
            return RejectedStacksError(detail, problem.diagnostics, raw)
        kind = BY_CODE.get(problem.code, UnavailableError)
        return kind(detail if problem.code and kind is not DamagedError else f"{self.target.url}: {detail}")

    def _unknown_token(self) -> str:
        if self.target.data_dir is None:
            return (
                "the token of your login is not in force: unknown, expired or withdrawn; get one from who runs the"
                " server (`vigocli access create`), then run `vigocli login`"
            )
        return (
            f"expected the token in {self.target.data_dir / 'admin.token'} to be the running server's, found another;"
            " tell the server with SIGHUP or a restart, and check that it is this folder's"
        )


def pinned_context(ca_pem: str) -> ssl.SSLContext:
    """Return what trusts one CA alone and compares the server's name.

    Raises:
        DamagedError: that is no certificate.
    """
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cadata=ca_pem)
    except (ssl.SSLError, ValueError) as error:
        raise DamagedError(f"expected the CA's certificate as PEM, found something else: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def _moment(header: str | None) -> datetime | None:
    try:
        moment = None if header is None else parsedate_to_datetime(header)
    except ValueError:
        return None
    return None if moment is None or moment.tzinfo is None else moment
