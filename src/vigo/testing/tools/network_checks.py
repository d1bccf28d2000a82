"""Servers that a fake host can reach."""

import re
from collections.abc import Mapping
from typing import Any

from vigo.catalog.formats.web_addresses import HostPort
from vigo.catalog.formats.web_answers import WebAnswer, unmet
from vigo.catalog.ops import Op
from vigo.catalog.ops.network_checks import CheckHttp, CheckTcp
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeTool


class FakeServers(FakeTool):
    """`web` are the answers by URL: `status`, `headers` and `body`. `says` is what servers say first, by HOST:PORT."""

    name = "servers"
    ops = (CheckHttp, CheckTcp)

    def __init__(self, web: Mapping[str, Mapping[str, Any]] = {}, says: Mapping[str, str] = {}) -> None:
        self._web = {
            url: WebAnswer(
                status=given.get("status", 200),
                headers=tuple(given.get("headers", {}).items()),
                body=given.get("body", ""),
            )
            for url, given in web.items()
        }
        self._says = dict(says)

    def apply(self, op: Op, host: FakeHost) -> None:
        """Answer a check; it changes nothing.

        Raises:
            UnavailableError: there is no such server, or it answers otherwise.
        """
        del host
        if isinstance(op, CheckHttp):
            answer = self._web.get(op.url)
            found = "no such server" if answer is None else unmet(op.expected, answer, _is_found)
        elif isinstance(op, CheckTcp):
            said = self._says.get(str(HostPort(op.host, op.port)))
            is_met = said is not None and (op.expect is None or _is_found(op.expect, said))
            found = "" if is_met else "not what is expected"
        else:
            found = "no check"
        if found:
            raise UnavailableError(found)


def _is_found(pattern: str, text: str) -> bool:
    return re.search(pattern, text) is not None
