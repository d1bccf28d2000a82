"""The kind `tcp_check`."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

from vigo.catalog.api import ReadHost, Resource, Spec, field
from vigo.catalog.formats.web_addresses import host_port
from vigo.catalog.formats.web_answers import check_pattern
from vigo.catalog.ops import Op
from vigo.catalog.ops.network_checks import CheckTcp
from vigo.core.errors import BlockedError


class TcpCheckSpec(Spec, frozen=True, kw_only=True):
    """A server that takes connections. Nothing is sent to it, and nothing is changed."""

    address: Annotated[str, field("Where it listens: HOST:PORT or [IPV6-ADDRESS]:PORT.", example="127.0.0.1:22")]
    expect: Annotated[
        str | None,
        field(
            "A regular expression that is found in the first 16 KiB that it says by itself; without it only the"
            " connection counts.",
            example="^SSH-2[.]0-",
        ),
    ] = None
    attempt_seconds: Annotated[
        int, field("How long one attempt may take, from the look-up to the last byte.", ge=1, le=300)
    ] = 10


class TcpCheck(Resource[TcpCheckSpec, None]):
    """A check that fails is a failed resource: what depends on it is skipped, the run has failed, a rollout stops.

    It is made anew in each run; a dry run only says that it would be made. Without `retries` the first attempt counts.
    It comes behind the restart that it depends on; with `when: changed` and `subscribes` only behind that. All
    addresses of a name are tried in turn until one is open.
    """

    kind, since, spec = "tcp_check", "0.1", TcpCheckSpec

    def validate(self, spec: TcpCheckSpec) -> None:
        """Accept an address and a pattern."""
        host_port("address", spec.address)
        if spec.expect is not None:
            check_pattern("expect", spec.expect)

    def observe(self, spec: TcpCheckSpec, host: ReadHost) -> None:
        """Return nothing: only an operation may connect.

        Raises:
            BlockedError: in an image nothing runs.
        """
        del spec
        if host.is_image():
            raise BlockedError("tcp_check: not made in an image (--root): the running machine would be asked")

    def plan(self, spec: TcpCheckSpec, state: None) -> Iterator[Op]:
        """Yield the check."""
        del state
        place = host_port("address", spec.address)
        within = timedelta(seconds=spec.attempt_seconds)
        yield CheckTcp(host=place.host, port=place.port, expect=spec.expect, within=within)

    def settles(self, spec: TcpCheckSpec) -> bool:
        """Return false: it is asked anew each time."""
        del spec
        return False

    def acts_each_time(self, spec: TcpCheckSpec) -> bool:
        """Return false: it changes nothing."""
        del spec
        return False

    def cannot_undo(self, spec: TcpCheckSpec) -> str:
        """Return nothing: it changes nothing, so that all is as it was."""
        del spec
        return ""
