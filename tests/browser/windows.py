"""A browser at the server's pages: Debian's Chromium, led by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or ""
PATIENCE_MS = 30_000
"""How long something may take until it is seen: no bound of ours, machines of tests are slow at times."""
expect.set_options(timeout=PATIENCE_MS)

PASSWORD = "a few words do well"

# Without these it looks for hosts of its maker at each start.
_QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", *_QUIET)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a browser."""
    with sync_playwright() as playwright:
        browser = _launched(playwright)
        try:
            yield browser
        finally:
            browser.close()


def _launched(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=CHROMIUM, args=list(_ARGUMENTS))


class Window:
    """A window of somebody of their own. What a page complains of, and each script that opened a box, is kept."""

    def __init__(self, browser: Browser, url: str, **options: Any) -> None:
        self.url = url
        # The server's CA is of the test; that browsers check it is not what is tried here.
        self.context: BrowserContext = browser.new_context(ignore_https_errors=True, base_url=url, **options)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.complaints: list[str] = []
        self.boxes: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._console)

    def _console(self, message: Any) -> None:
        # What the server refuses is an error on the console too; pages show it.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def answering_boxes(self, *, accept: bool) -> None:
        def answer(dialog: Any) -> None:
            self.boxes.append(dialog.message)
            if accept:
                dialog.accept()
            else:
                dialog.dismiss()

        self.page.on("dialog", answer)

    def sign_in(self, name: str, password: str = PASSWORD, path: str = "/") -> None:
        self.page.goto(path)
        self.page.fill("input[name=name]", name)
        self.page.fill("input[name=password]", password)
        self.page.click("form[action='/sign-in'] button")
        self.page.wait_for_load_state()

    def close(self) -> None:
        self.context.close()
