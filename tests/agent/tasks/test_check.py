"""Checks: a command or a URL that is tried again until it does well."""

import http.server
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.agent.tasks.printed import Printed
from vigo.agent.host.process import Ending
from vigo.agent.tasks.run_order import run_order
from vigo.core.errors import BlockedError, InvalidError
from vigo.core.ids import EnvoyId, new_task_id
from vigo.core.task import TaskOrder


def order(command: str, seconds: float = 30) -> TaskOrder:
    return TaskOrder(
        task=new_task_id(),
        envoy=EnvoyId("00000000-0000-4000-8000-000000000000"),
        kind="check",
        command=command,
        timeout=timedelta(seconds=seconds),
        not_after=datetime.now(UTC),
    )


def made(command: str, seconds: float = 30) -> tuple[Ending, str]:
    stop, printed = os.eventfd(0), Printed()
    try:
        return run_order(order(command, seconds), None, printed, stop), printed.data.decode()
    finally:
        os.close(stop)


@contextmanager
def web(*statuses: int) -> Iterator[str]:
    """A web server that gives these answers, the last one for ever."""
    left = list(statuses)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(left.pop(0) if len(left) > 1 else left[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Keep quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/health"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_command_is_tried_until_it_does_well(tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    ending, printed = made(f"echo try >> {tries}; [ $(wc -l < {tries}) = 3 ]")
    assert (ending.status, ending.timed_out, ending.stopped) == (0, False, False)
    assert tries.read_text() == "try\n" * 3
    assert not printed


def test_a_command_that_never_does_well_says_what_it_printed() -> None:
    ending, printed = made("echo bad; exit 7", seconds=1.2)
    assert (ending.status, ending.timed_out) == (7, True)
    assert set(printed.split()) == {"bad"}


def test_a_command_that_hangs_is_ended() -> None:
    ending, _ = made("sleep 600", seconds=0.3)
    assert ending.timed_out


def test_a_check_is_ended_while_it_waits() -> None:
    stop, printed = os.eventfd(0), Printed()
    os.eventfd_write(stop, 1)
    try:
        ending = run_order(order("exit 3"), None, printed, stop)
    finally:
        os.close(stop)
    assert ending.stopped


def test_a_web_server_is_asked_until_it_does_well() -> None:
    with web(503, 302, 204) as url:
        ending, printed = made(url)
    assert ending.status == 0
    assert printed.count("expected status 200 to 299, found ") == 2
    assert "found 503" in printed
    assert "found 302" in printed, "where it leads to is not what was asked for"


def test_a_web_server_that_is_not_there_is_told() -> None:
    ending, printed = made("http://127.0.0.1:1/", seconds=0.5)
    assert (ending.status, ending.timed_out) == (1, True)
    assert "127.0.0.1:1" in printed


def test_what_is_no_check_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="expected a URL"):
        made("http://")
    with pytest.raises(BlockedError):
        run_order(order("true"), str(tmp_path), Printed(), 0)
