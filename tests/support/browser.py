"""A headless Chromium for tests, and a page that remembers what went wrong in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


@contextmanager
def launched() -> Iterator[Browser]:
    """Start the system's Chromium; skips the test with a reason where there is none."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watched:
    """A page with every console error, uncaught exception, failed request and policy violation in `problems`."""

    page: Page
    problems: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("console", lambda message: self._console(message.type, message.text))
        self.page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        self.page.on("requestfailed", self._failed)

    def _failed(self, request: Request) -> None:
        # what a reader does not wait for, going on to the next page, is given up by the browser itself
        if request.failure != "net::ERR_ABORTED":
            self.problems.append(f"failed: {request.url} ({request.failure})")

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.problems.append(f"{kind}: {text}")

    def fresh(self) -> Page:
        """Forget what earlier tests left: problems, cookies, storage, the size of the window."""
        if self.page.url.startswith("http"):
            self.page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        self.page.context.clear_cookies()
        self.page.set_viewport_size(DESKTOP)
        self.problems.clear()
        return self.page

    def scrolls_sideways(self) -> bool:
        """Whether the page is wider than its window, which no page may be."""
        script = "() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - innerWidth"
        return bool(self.page.evaluate(script) > 0)


@contextmanager
def watched(
    browser: Browser, viewport: dict[str, int] = DESKTOP, *, lang: str = "en", scheme: str = "light"
) -> Iterator[Watched]:
    """Open a page in its own context (no cookies, no storage from others)."""
    context = browser.new_context(
        viewport=viewport,
        locale="zh-CN" if lang == "zh" else "en-GB",
        color_scheme=scheme,
        accept_downloads=True,
    )
    try:
        result = Watched(context.new_page())
        result.listen()
        yield result
    finally:
        context.close()
