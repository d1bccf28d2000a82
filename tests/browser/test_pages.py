"""People at the pages of a server whose machines are played."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import let_in
from tests.browser.windows import PASSWORD, Window
from tests.cli.desk import Desk
from tests.server.harness import a_run
from vigo.core.ids import ResourceId
from vigo.core.run import Outcome, ResourceResult, Run

AXE = Path(__file__).with_name("axe.min.js")
PAGES = (
    "/fleet",
    "/envoys/web-1",
    "/runs",
    "/generations",
    "/generations/1",
    "/generations/plan",
    "/tasks",
    "/workflows",
    "/sessions",
    "/enrolments",
    "/secrets",
    "/compliance",
    "/people",
    "/audit",
    "/server",
    "/account",
)
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def run_with(outcome: Outcome = "changed", reason: str = "because", diff: str = "") -> Run:
    result = ResourceResult(
        id=ResourceId("web/conf"), type="file", outcome=outcome, reason=reason, diff=diff, changed=("content",)
    )
    return a_run(results=(result,))


Opened = Callable[..., Window]


def test_somebody_signs_in_finds_what_failed_and_why(desk: Desk, opened: Opened) -> None:
    desk.do(desk.server.publish())
    desk.enrol("web-1", run_with("failed", "the disk is full"))
    desk.enrol("web-2", run_with())
    let_in(desk, "ben", "viewer")
    window = opened("ada")
    page = window.page
    expect(page).to_have_url(re.compile("/fleet$"))
    expect(page.locator("tbody#rows tr th").first).to_have_text("web-1")
    page.keyboard.press("/")
    page.keyboard.type("convergence:failed")
    page.keyboard.press("Enter")
    page.wait_for_url("**/fleet?filter=*")
    expect(page.locator("tbody#rows a[href='/envoys/web-2']")).to_have_count(0)
    page.click("tbody#rows a[href='/envoys/web-1']")
    expect(page.get_by_text("the disk is full")).to_be_visible()
    page.click("text=Check in now")
    expect(page.locator("#note")).to_contain_text("It is not connected")
    page.locator("body").press("g")
    page.keyboard.press("r")
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(2)
    assert window.complaints == []


def test_a_wrong_password_opens_nothing_and_who_is_not_signed_in_is_led_back(desk: Desk, opened: Opened) -> None:
    window = opened("ada")
    window.page.click("text=Sign out")
    window.page.wait_for_url("**/sign-in")
    window.sign_in("ada", "wrong wrong wrong", "/audit")
    expect(window.page.locator(".note.failed")).to_contain_text("do not fit together")
    window.sign_in("ada", PASSWORD, "/audit")
    expect(window.page).to_have_url(re.compile("/audit$"))
    expect(window.page.get_by_text("session.refused").first).to_be_visible()


def test_the_fleet_is_live(desk: Desk, opened: Opened) -> None:
    page = opened("ada").page
    expect(page.get_by_text("No machine is enrolled yet")).to_be_visible()
    desk.enrol("web-1", run_with("failed"))
    expect(page.locator("tbody#rows a[href='/envoys/web-1']")).to_be_visible()
    expect(page.locator("#axes")).to_contain_text("1 failed")


def test_a_right_that_is_taken_away_is_gone_at_once(desk: Desk, opened: Opened) -> None:
    desk.enrol("web-1", run_with())
    window = opened("ben", "operator")
    page = window.page
    page.goto("/envoys/web-1")
    change = {"roles": ["viewer"]}
    assert desk.do(desk.server.request("PATCH", "/api/v1/users/ben", change)).status_code == 200
    page.click("text=Check in now")
    expect(page.locator("#note")).to_contain_text("envoys:push")
    page.reload()
    expect(page.get_by_text("Check in now")).to_have_count(0)
    assert desk.do(desk.server.request("PATCH", "/api/v1/users/ben", {"disabled": True})).status_code == 200
    page.goto("/fleet")
    expect(page).to_have_url(re.compile("/sign-in"))


def test_going_back_to_a_generation(desk: Desk, opened: Opened) -> None:
    for text in ("one: 1\n", "one: 2\n"):
        desk.server.write_stacks({"x.vgo": text})
        desk.do(desk.server.publish(f"as {text.strip()}"))
    window = opened("ada")
    window.answering_boxes(accept=True)
    window.page.goto("/generations/2")
    expect(window.page.locator(".diff .plus").last).to_have_text("+one: 2")
    window.page.goto("/generations/1")
    window.page.click("text=Go back to this one")
    window.page.fill("input[name=message]", "two was wrong")
    window.page.click("button:has-text('Roll back')")
    window.page.wait_for_url("**/generations")
    expect(window.page.locator("tbody tr").first).to_contain_text("two was wrong")
    assert window.boxes == ["Publish the content of generation 1 again, for 0 envoys?"]


def test_15_what_machines_and_people_say_runs_nowhere(desk: Desk, opened: Opened) -> None:
    desk.do(desk.server.publish(SCRIPT))
    desk.enrol("web-1", run_with("failed", f"{SCRIPT}\x1b[31m", f"--- a\n+++ b\n@@ -1 +1 @@\n-{SCRIPT}\n+{SCRIPT}"))
    window = opened("ada")
    window.answering_boxes(accept=False)
    for path in (*PAGES, f"/fleet?filter={SCRIPT}", f"/runs?envoy={SCRIPT}", f"/audit?actor={SCRIPT}"):
        answer = window.page.goto(path)
        assert answer is not None
        assert "unsafe-inline" not in answer.headers["content-security-policy"]
        window.page.wait_for_load_state("networkidle" if path != "/fleet" else "load")
        assert window.page.locator("main img, main script").count() == 0, path
    window.page.goto("/envoys/web-1")
    assert f"{SCRIPT}\\x1b[31m" in window.page.inner_text("main")
    assert (window.boxes, window.complaints) == ([], [])


def test_the_pages_are_for_everybody(desk: Desk, opened: Opened) -> None:
    """Source: axe-core's rules for WCAG 2.2 level AA, in both colour schemes and at the width of a phone."""
    desk.do(desk.server.publish())
    desk.enrol("web-1", run_with("failed", "no", "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y"), run_with("changed"))
    window = opened("ada")
    page = window.page
    source = AXE.read_text("utf-8")
    found: dict[str, list[str]] = {}
    for scheme, width in (("light", 1280), ("dark", 390)):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.set_viewport_size({"width": width, "height": 844})
        for path in PAGES:
            page.goto(path)
            page.evaluate(source)
            result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            serious = [
                f"{one['id']}: {one['nodes'][0]['html'][:120]}"
                for one in result["violations"]
                if one["impact"] in ("serious", "critical")
            ]
            overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if overflow > 0:
                serious.append(f"{overflow} pixels wider than the window")
            if serious:
                found[f"{scheme} {path}"] = serious
    assert found == {}


@pytest.mark.parametrize("name", ["envoys", "runs", "audit"])
def test_tables_are_saved_as_files(desk: Desk, opened: Opened, name: str) -> None:
    desk.enrol("web-1", run_with("failed"))
    page = opened("ada").page
    page.goto({"envoys": "/fleet"}.get(name, f"/{name}"))
    with page.expect_download() as download:
        page.click("a:has-text('CSV')")
    assert download.value.suggested_filename == f"{name}.csv"
    assert "web-1" in Path(download.value.path()).read_text()
