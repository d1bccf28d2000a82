"""People acting on a real machine from the pages: real programs, real streams, a real shell."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.windows import PASSWORD, Window
from tests.e2e.processes import until
from tests.e2e.shells import ADA, machine
from tests.e2e.world import Server


@pytest.fixture
def window(browser: Browser, tmp_path: Path) -> Iterator[Window]:
    """Ada at the pages of a server with one machine, whose stacks let her in there."""
    with Server(tmp_path / "server") as server:
        rule = f'scrier: [{{match: "web-*", users: {{ada: {ADA}}}}}]\n'
        server.publish({"envoys.vgo": "envoys: []\n", "scrier.vgo": rule})
        server.post("/api/v1/users", {"name": "ada", "roles": ["admin"], "password": PASSWORD})
        with machine(server, tmp_path):
            found = Window(browser, f"https://{server.api}")
            found.sign_in("ada")
            yield found
            found.close()


def test_a_command_is_run_and_its_output_seen_while_it_runs(window: Window, tmp_path: Path) -> None:
    page, go_on = window.page, tmp_path / "go-on"
    window.answering_boxes(accept=True)
    page.goto("/tasks")
    page.click("summary:has-text('Run a command')")
    page.fill("input[name=command]", f"echo begun; until [ -e {go_on} ]; do sleep 0.1; done; echo over")
    page.fill("input[name=hosts] >> nth=0", "web-*")
    page.click("text=Whom would it run on?")
    expect(page.locator("#note")).to_contain_text("web-1")
    page.click("button.danger:has-text('Run')")
    page.wait_for_url("**/tasks/*")
    expect(page.locator("pre.output")).to_contain_text("begun")
    expect(page.locator("#state")).to_contain_text("running")
    go_on.touch()
    expect(page.locator("pre.output")).to_contain_text("over")
    expect(page.locator("#state")).to_contain_text("succeeded")
    expect(page.locator("#state")).to_contain_text("exit code 0")
    assert window.complaints == []


def test_a_terminal_is_typed_into_and_shown_once_more(window: Window) -> None:
    page = window.page
    window.answering_boxes(accept=True)
    page.goto("/envoys/web-1")
    page.click(f"text=Terminal as {ADA}")
    page.wait_for_url("**/sessions/*")
    rows = page.locator(".xterm-rows")
    expect(rows).to_contain_text("$")
    page.keyboard.type("echo $((6*7))-typed")
    page.keyboard.press("Enter")
    expect(rows).to_contain_text("42-typed")
    page.keyboard.type("exit")
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_contain_text("exit code 0")
    session = page.url
    page.goto(session)
    page.select_option("#speed", "0")
    page.click("#play")
    expect(page.locator("#state")).to_contain_text("the end")
    expect(page.locator(".xterm-rows")).to_contain_text("42-typed")
    page.fill("#find", "42-typed")
    page.press("#find", "Enter")
    expect(page.locator("#found")).to_contain_text(re.compile(r"after \d+ s"))
    page.goto("/audit?action=scriers.")
    expect(page.locator("tbody")).to_contain_text("scriers.open")
    assert window.complaints == []


def test_a_push_has_the_machine_check_in(window: Window) -> None:
    page = window.page
    page.goto("/envoys/web-1")
    page.click("text=Check in now")
    expect(page.locator("#note")).to_contain_text("It was told to check in now")
    until("a check-in", lambda: "never" not in _seen(window))


def _seen(window: Window) -> str:
    window.page.goto("/envoys/web-1")
    return window.page.locator("dl.facts div").first.inner_text()
