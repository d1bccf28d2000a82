"""Every route that people or machines may send something to: nothing that they send is a fault of the server."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.desk import Desk
from tests.fuzz.conftest import FUZZ
from vigo.server.platform.auth.table import GRPC, TABLE, WEB_SOCKET

ROUTES = sorted((verb, path) for verb, path in TABLE if verb not in (GRPC, WEB_SOCKET))
BODIES = [(verb, path) for verb, path in ROUTES if verb in ("POST", "PUT", "PATCH")]
FAULTLESS = 503
"""The one status of the server's own that these may have: something is not there now."""

NAMES = (
    *(
        "name",
        "hostname",
        "target",
        "hosts",
        "everyone",
        "where",
        "command",
        "message",
        "labels",
        "uses",
        "ttl_seconds",
    ),
    *("permissions", "match", "force", "expression", "value", "sealed", "until", "reason", "task", "workflow", "given"),
    *("envoy", "server", "sequence", "csr_pem", "signature", "signing_key", "token", "user", "kind", "recipients"),
)
_words = st.text(max_size=12) | st.sampled_from(("*", "~(", "web-1", "2026-11-27T00:00:00Z", "a" * 300, "\x00", "../x"))
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | _words, inner, max_size=4),
    max_leaves=8,
)
_objects = st.dictionaries(st.sampled_from(NAMES), _values, max_size=6)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with Desk(tmp_path_factory.mktemp("desk")) as desk:
        desk.do(desk.server.start())
        desk.enrol("web-1")
        yield desk
        desk.do(desk.server.stop())


def _sent(desk: Desk, verb: str, path: str, content: bytes | None) -> httpx.Response:
    async def send() -> httpx.Response:
        async with desk.server.client() as client:
            client.timeout = 5
            return await client.request(verb, path, content=content, headers={"Content-Type": "application/json"})

    return desk.do(send())


def _path(template: str, part: str) -> str:
    return re.sub(r"\{[^}]*\}", quote(part, safe="") or "x", template)


@FUZZ
@given(route=st.sampled_from(BODIES), part=_words, body=_objects | _values)
def test_any_body_is_taken_or_refused(desk: Desk, route: tuple[str, str], part: str, body: Any) -> None:
    verb, path = route
    answer = _sent(desk, verb, _path(path, part), msgspec.json.encode(body))
    assert answer.status_code < 500 or answer.status_code == FAULTLESS, (verb, path, body, answer.text)


@FUZZ
@given(
    route=st.sampled_from(BODIES),
    content=st.binary(max_size=60) | st.sampled_from((b"[" * 50_000, b'{"a":' * 20_000, b'{"\x80":1}', b"1e999999")),
)
def test_bytes_that_are_no_json_are_refused(desk: Desk, route: tuple[str, str], content: bytes) -> None:
    answer = _sent(desk, route[0], _path(route[1], "x"), content)
    assert answer.status_code < 500 or answer.status_code == FAULTLESS, (route, content[:80], answer.text)


@FUZZ
@given(
    path=st.sampled_from([path for verb, path in ROUTES if verb == "GET" and "events" not in path]),
    part=_words,
    query=st.dictionaries(
        st.sampled_from(("limit", "cursor", "hostname", "status", "label", "envoy", "outcome", "after", "x")),
        _words | st.integers().map(str) | st.sampled_from(("' OR 1=1 --", "%", "_", "1; DROP TABLE envoys", "active")),
        max_size=4,
    ),
)
def test_any_question_is_answered_or_refused(desk: Desk, path: str, part: str, query: dict[str, str]) -> None:
    answer = _sent(desk, "GET", f"{_path(path, part)}?{httpx.QueryParams(query)}", None)
    assert answer.status_code < 500 or answer.status_code == FAULTLESS, (path, part, query, answer.text)


def test_the_server_is_as_it_was(desk: Desk) -> None:
    items = _sent(desk, "GET", "/api/v1/envoys", None).json()["items"]
    assert "web-1" in [item["hostname"] for item in items]
