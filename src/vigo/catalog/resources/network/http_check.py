"""The kind `http_check`."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import ReadHost, Resource, Spec, field
from vigo.catalog.formats.names import check_path
from vigo.catalog.formats.web_addresses import host_name, web_address
from vigo.catalog.formats.web_answers import ExpectedAnswer, check_headers, check_pattern
from vigo.catalog.ops import Op
from vigo.catalog.ops.network_checks import CheckHttp, Method
from vigo.core.errors import BlockedError, InvalidError

Status = Annotated[int, msgspec.Meta(ge=100, le=599)]


class HttpCheckSpec(Spec, frozen=True, kw_only=True):
    """A web server that answers as it should. It is only asked; nothing is changed."""

    url: Annotated[
        str,
        field(
            "What is asked, by http or https, never through a proxy; a user and password go into headers.",
            example="http://127.0.0.1/health",
        ),
    ]
    expect_status: Annotated[
        Status | tuple[Status, ...], field("Status of the answer, or several of which it has one.", example=[200, 204])
    ] = 200
    expect_body: Annotated[
        str | None, field("A regular expression that is found in the first MiB of the body.", example='"ready": *true')
    ] = None
    expect_headers: Annotated[
        Mapping[str, str],
        field(
            "Headers of the answer, each with a regular expression that is found in its value.",
            example={"Content-Type": "^application/json"},
        ),
    ] = {}
    method: Annotated[Method, field("How it is asked.")] = "GET"
    headers: Annotated[
        Mapping[str, str], field("Headers that are sent. No message shows their values.", may_be_secret=True)
    ] = {}
    connect_to: Annotated[
        str | None,
        field("Host or address that is connected to in place of the URL's; its name is still what is asked for."),
    ] = None
    follow_redirects: Annotated[
        bool, field("Ask where a redirect leads to, five times at most; else the redirect itself is the answer.")
    ] = False
    ca_file: Annotated[
        str | None,
        field("Certificates, in PEM, that vouch for the server in place of the machine's own.", is_path=True),
    ] = None
    insecure: Annotated[bool, field("Accept any certificate. Whoever is in between can answer then.")] = False
    attempt_seconds: Annotated[
        int, field("How long one attempt may take, from the look-up to the last byte.", ge=1, le=300)
    ] = 10


class HttpCheck(Resource[HttpCheckSpec, None]):
    """A check that fails is a failed resource: what depends on it is skipped, the run has failed, a rollout stops.

    It is made anew in each run; a dry run only says that it would be made. Without `retries` the first answer counts.
    It comes behind the restart that it depends on; with `when: changed` and `subscribes` only behind that. Proxies of
    the environment are not used, a certificate must be valid for the URL's host, and a redirect is followed neither
    from https to http nor from another machine to this one; `headers` go to the URL's own host alone.
    """

    kind, since, spec = "http_check", "0.1", HttpCheckSpec

    def validate(self, spec: HttpCheckSpec) -> None:
        """Accept a URL, headers, patterns and settings of TLS that fit together."""
        address = web_address("url", spec.url)
        if spec.expect_status == ():
            raise InvalidError("expect_status: expected at least one status, found none; leave it out for 200")
        check_headers("headers", spec.headers, are_sent=True)
        check_headers("expect_headers", spec.expect_headers, are_sent=False)
        for name, pattern in spec.expect_headers.items():
            check_pattern(f"expect_headers: {name}", pattern)
        if spec.expect_body is not None:
            check_pattern("expect_body", spec.expect_body)
            if spec.method == "HEAD":
                raise InvalidError("expect_body: expected none beside method: HEAD, which gives no body; remove one")
        if spec.connect_to is not None:
            host_name("connect_to", spec.connect_to)
        _check_tls(spec, address.scheme)

    def observe(self, spec: HttpCheckSpec, host: ReadHost) -> None:
        """Return nothing: only an operation may connect.

        Raises:
            BlockedError: in an image nothing runs.
        """
        del spec
        if host.is_image():
            raise BlockedError("http_check: not made in an image (--root): the running machine would be asked")

    def plan(self, spec: HttpCheckSpec, state: None) -> Iterator[Op]:
        """Yield the check."""
        del state
        yield CheckHttp(
            url=spec.url,
            expected=ExpectedAnswer(
                status=(spec.expect_status,) if isinstance(spec.expect_status, int) else spec.expect_status,
                body=spec.expect_body,
                headers=dict(spec.expect_headers),
            ),
            method=spec.method,
            headers=dict(spec.headers),
            connect_to=None if spec.connect_to is None else host_name("connect_to", spec.connect_to),
            follows_redirects=spec.follow_redirects,
            ca_file=spec.ca_file,
            accepts_any_certificate=spec.insecure,
            within=timedelta(seconds=spec.attempt_seconds),
        )

    def settles(self, spec: HttpCheckSpec) -> bool:
        """Return false: it is asked anew each time."""
        del spec
        return False

    def acts_each_time(self, spec: HttpCheckSpec) -> bool:
        """Return false: it changes nothing."""
        del spec
        return False

    def cannot_undo(self, spec: HttpCheckSpec) -> str:
        """Return nothing: it changes nothing, so that all is as it was."""
        del spec
        return ""


def _check_tls(spec: HttpCheckSpec, scheme: str) -> None:
    if spec.ca_file is not None:
        check_path("ca_file", spec.ca_file)
    if spec.ca_file is not None and spec.insecure:
        raise InvalidError(
            "insecure: expected no ca_file beside it, since nothing would be checked with it; remove one"
        )
    if scheme == "http" and not spec.follow_redirects and (spec.insecure or spec.ca_file is not None):
        named = "insecure" if spec.insecure else "ca_file"
        raise InvalidError(
            f"{named}: expected a URL with https beside it, found http; correct the URL, or leave it out"
        )
