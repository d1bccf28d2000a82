from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.windows import CHROMIUM, PASSWORD, Window, chromium
from tests.cli.desk import Desk


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser, gone before tests of another module: while it is there, this thread runs no loop of its own."""
    if not CHROMIUM:
        pytest.skip("no chromium on this machine; `make system-packages` as root installs it")
    with chromium() as found:
        yield found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A server in this process, and its operator."""
    with Desk(tmp_path) as found:
        found.do(found.server.start())
        try:
            yield found
        finally:
            found.do(found.server.stop())


@pytest.fixture
def opened(browser: Browser, desk: Desk) -> Iterator[Callable[..., Window]]:
    """Open windows at the server, signed in as somebody who is made for it."""
    windows: list[Window] = []

    def window(name: str = "ada", role: str = "admin", **options: Any) -> Window:
        found = Window(browser, desk.server.url, **options)
        windows.append(found)
        let_in(desk, name, role)
        found.sign_in(name)
        return found

    yield window
    for one in windows:
        one.close()


def let_in(desk: Desk, name: str, role: str, match: list[str] | None = None) -> None:
    body = {"name": name, "roles": [role], "password": PASSWORD, "match": match}
    answer = desk.do(desk.server.request("POST", "/api/v1/users", body))
    assert answer.status_code == 201, answer.text
