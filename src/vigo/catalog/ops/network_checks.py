"""Operations that ask a server, and change nothing."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from vigo.catalog.formats.web_addresses import HostPort, web_address
from vigo.catalog.formats.web_answers import ExpectedAnswer
from vigo.catalog.ops.base import Op

Method = Literal["GET", "HEAD", "OPTIONS"]
"""The methods by which nothing is asked to change. Source: RFC 9110 9.2.1."""


class CheckHttp(Op, frozen=True, kw_only=True):
    """Ask a web server once, and compare its answer with the `expected` one.

    All of it, the look-up of the name too, takes `within` at most, and never longer than `timeout`. `connect_to` is
    the host that is connected to in place of the URL's, which stays what is asked for.
    """

    only_checks = True

    url: str
    expected: ExpectedAnswer
    method: Method = "GET"
    headers: Mapping[str, str] = {}
    connect_to: str | None = None
    follows_redirects: bool = False
    ca_file: str | None = None
    accepts_any_certificate: bool = False
    within: timedelta = timedelta(seconds=10)
    timeout: timedelta = timedelta(minutes=5)

    def summary(self) -> str:
        """Return `check METHOD ORIGIN`; what stands behind the host in a URL may be secret."""
        where = "" if self.connect_to is None else f" at {self.connect_to}"
        return f"check {self.method} {web_address('url', self.url).origin}{where}"


class CheckTcp(Op, frozen=True, kw_only=True):
    """Connect once, and where `expect` is given read until that regular expression is found.

    All of it, the look-up of the name too, takes `within` at most, and never longer than `timeout`.
    """

    only_checks = True

    host: str
    port: int
    expect: str | None = None
    within: timedelta = timedelta(seconds=10)
    timeout: timedelta = timedelta(minutes=5)

    def summary(self) -> str:
        """Return `check HOST:PORT`."""
        return f"check {HostPort(self.host, self.port)}"
