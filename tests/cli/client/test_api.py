from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from vigo.cli.client.answers import Health, read
from vigo.cli.client.api import Api, RejectedStacksError
from vigo.cli.client.target import Target
from vigo.core.errors import InternalError, NotFoundError, UnavailableError
from vigo.server.platform.pki.authority import ca_certificate, new_key
from vigo.testing.clock import FakeClock


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> Api:
    """Return the API of a server that is a function."""
    ca_pem = ca_certificate(new_key(), datetime.now(UTC), "x").decode()
    api = Api(Target("https://server.test", "secret-token", ca_pem), timedelta(seconds=1), FakeClock())
    api._client.close()
    api._client = httpx.Client(base_url=api.target.url, transport=httpx.MockTransport(answer))
    return api


def always(status: int, **content: Any) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _request: httpx.Response(status, **content)


def problem(code: str, **more: Any) -> dict[str, Any]:
    return {"title": code, "status": 0, "detail": f"the {code} detail", "code": code, "type": "about:blank"} | more


def test_a_list_is_followed_to_its_end() -> None:
    asked: list[str | None] = []

    def pages(request: httpx.Request) -> httpx.Response:
        cursor = request.url.params.get("cursor")
        asked.append(cursor)
        following = {None: "1", "1": "2", "2": None}[cursor]
        return httpx.Response(200, json={"items": [cursor or "0"], "next_cursor": following})

    with answering(pages) as api:
        assert api.items("envoys") == ["0", "1", "2"]
        assert asked == [None, "1", "2"]
        assert api.items("envoys", limit=2) == ["0", "1"]


def test_filters_that_were_not_given_are_not_sent() -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=dict(request.url.params))

    with answering(echo) as api:
        assert api.get("envoys", {"hostname": "web-*", "status": None}) == {"hostname": "web-*"}


@pytest.mark.parametrize(
    ("answer", "error", "told"),
    [
        (always(404, json=problem("not-found")), NotFoundError, "the not-found detail"),
        (always(500, json=problem("internal")), InternalError, "the internal detail"),
        (always(500, json=problem("from-the-future")), UnavailableError, "the from-the-future detail"),
        (always(502, text="<html>"), UnavailableError, "HTTP status 502; is it a vigosrv?"),
        (always(302, headers={"Location": "https://other.test"}), UnavailableError, "HTTP status 302"),
        (always(200, text="<html>"), UnavailableError, "expected an answer as JSON"),
    ],
)
def test_what_is_no_answer_is_an_error_that_says_so(
    answer: Callable[[httpx.Request], httpx.Response], error: type[Exception], told: str
) -> None:
    with answering(answer) as api, pytest.raises(error, match=told.replace("?", r"\?")):
        api.get("envoys")


@pytest.mark.parametrize("body", [[], {}, {"items": 3}, 7])
def test_a_list_of_another_shape_is_told(body: Any) -> None:
    with answering(always(200, json=body)) as api, pytest.raises(UnavailableError, match="expected a list"):
        api.items("envoys")


def test_rejected_stacks_carry_their_findings_and_the_answer() -> None:
    finding = {"severity": "error", "code": "x", "message": "m", "file": "f.vgo", "line": 1, "column": 2}
    body = problem("rejected-policy", diagnostics=[finding])
    with answering(always(422, json=body)) as api, pytest.raises(RejectedStacksError) as caught:
        api.post("generations", {"message": "m"})
    assert caught.value.findings[0].file == "f.vgo"
    assert caught.value.problem == body


def test_an_answer_of_another_version_is_told() -> None:
    assert read({"version": "1", "checks": [], "more": True}, Health).version == "1"
    with pytest.raises(UnavailableError, match="use the vigocli of the server's version"):
        read({"version": 1}, Health)


def test_the_servers_time_is_kept() -> None:
    with answering(always(200, json={}, headers={"Date": "Tue, 01 Jan 2030 00:00:00 GMT"})) as api:
        api.get("health")
        assert api.server_time == datetime(2030, 1, 1, tzinfo=UTC)
    with answering(always(200, json={}, headers={"Date": "soon"})) as api:
        api.get("health")
        assert api.server_time is None


@pytest.mark.parametrize("broken", [httpx.RemoteProtocolError, httpx.ReadError])
def test_what_reads_is_asked_once_more_where_the_server_hung_up_and_what_changes_is_not(
    broken: type[httpx.HTTPError],
) -> None:
    asked: list[str] = []

    def hanging_up(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        if len(asked) in (1, 3):
            raise broken("hung up")
        return httpx.Response(200, json={"it": "came"})

    with answering(hanging_up) as api:
        assert api.get("envoys") == {"it": "came"}
        with pytest.raises(UnavailableError):
            api.post("pushes", {})
    assert asked == ["GET", "GET", "POST"]
