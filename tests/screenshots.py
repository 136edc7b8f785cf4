"""Takes the pictures of the status page in docs/ (``make screenshots``), in the browser of the tests.

They show the letters of this machine's system font.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status import _page
from playwright.sync_api import sync_playwright

from fakes.status import evening

DOCS = Path(__file__).parents[1] / "docs"
PROGRAM = "/usr/bin/chromium-headless-shell"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main() -> None:
    """Write docs/status-light.png and docs/status-dark.png."""
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "estate.html"
        file.write_text(_page.write(evening()), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        for scheme in SCHEMES:
            page = browser.new_page(viewport={"width": 1180, "height": 1000}, color_scheme=scheme)
            page.goto(f"file://{file}")
            page.screenshot(path=DOCS / f"status-{scheme}.png")


if __name__ == "__main__":
    main()
