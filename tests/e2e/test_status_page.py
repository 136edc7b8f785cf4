"""The status page in a real browser: accessible, on every screen and on paper, by keyboard, nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status import _page
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from fakes.status import calm, evening, hostile, large, thousand

PROGRAM = "/usr/bin/chromium-headless-shell"
DRAWN = {"calm": calm, "evening": evening, "hostile": hostile, "large": large, "thousand": thousand}
DESK, PHONE, SMALL = 1280, 390, 320
Scheme = Literal["light", "dark"]


@dataclass
class Site:
    """The browser, and the pages as files."""

    browser: Browser
    folder: Path

    @contextmanager
    def page(self, name: str, *, scheme: Scheme = "light", width: int = DESK) -> Iterator[Page]:
        """Open a page, which may ask for nothing else and has nothing to complain about."""
        asked: list[str] = []
        said: list[str] = []
        page = self.browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        address = f"file://{self.folder}/{name}.html"
        page.goto(address)
        yield page
        page.close()
        assert [url for url in asked if not url.startswith((address, "data:"))] == []
        assert said == []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("pages")
    for name, draw in DRAWN.items():
        (folder / f"{name}.html").write_text(_page.write(draw()), encoding="utf-8")
    with sync_playwright() as playwright:
        # Sandbox and shared memory need what a container may not have; the page is our own.
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield Site(browser, folder)
        browser.close()


def unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        ("evening", "light", DESK),
        ("evening", "dark", DESK),
        ("evening", "light", PHONE),
        ("evening", "dark", PHONE),
        ("calm", "dark", DESK),
        ("hostile", "light", PHONE),
        ("large", "dark", DESK),
    ],
)
def test_axe_finds_nothing(site: Site, name: str, scheme: Scheme, width: int) -> None:
    with site.page(name, scheme=scheme, width=width) as page:
        unfold(page)
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]})
        assert found.violations_count == 0, found.generate_report()
        # What axe could not decide is none of the contrast, which it has to measure.
        assert [each["id"] for each in found.response["incomplete"] if each["id"] == "color-contrast"] == []
        assert any(each["id"] == "color-contrast" for each in found.response["passes"])


@pytest.mark.parametrize("width", [DESK, PHONE, SMALL])
@pytest.mark.parametrize("name", ["calm", "evening", "hostile", "large"])
def test_nothing_is_wider_than_the_screen(site: Site, name: str, width: int) -> None:
    with site.page(name, width=width) as page:
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_light_and_dark(site: Site) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        with site.page("evening", scheme=scheme) as page:
            grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    light, dark = (sum(map(int, re.findall(r"\d+", ground)[:3])) for ground in grounds)
    assert light > 700
    assert dark < 100


def test_a_keyboard_reaches_everything(site: Site) -> None:
    """In the order of the page, and it is to be seen where one is."""
    with site.page("thousand") as page:
        stops = page.locator("a[href], summary, [tabindex='0']").count()
        tops = []
        for _stop in range(stops):
            page.keyboard.press("Tab")
            focus = "document.activeElement"
            assert page.evaluate(f"getComputedStyle({focus}).outlineStyle") == "solid"
            tops.append(page.evaluate(f"{focus}.getBoundingClientRect().top + scrollY"))
        assert tops == sorted(tops)
        assert page.evaluate("document.activeElement.getAttribute('aria-labelledby')") == "h-closed"


def test_a_number_leads_to_its_systems_and_a_fold_opens(site: Site) -> None:
    with site.page("thousand") as page:
        page.locator("a", has_text="in maintenance").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#h-windows")).to_be_in_viewport()
        summary = page.locator("#windows summary")
        last = page.locator("#windows li").last
        assert not last.is_visible()
        summary.focus()
        page.keyboard.press("Enter")
        assert last.is_visible()


@pytest.mark.parametrize(("name", "most"), [("calm", 1), ("evening", 3), ("thousand", 16)])
def test_paper(site: Site, name: str, most: int) -> None:
    """A4, dark on white whatever the screen is like, and not a page more than it takes."""
    with site.page(name, scheme="dark") as page:
        pages = re.findall(rb"/Type /Page\b(?!s)", page.pdf(prefer_css_page_size=True))
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert 1 <= len(pages) <= most


def test_paper_names_what_needs_attention(site: Site) -> None:
    """Nobody can unfold a page that is printed or archived as PDF."""
    with site.page("thousand") as page:
        folded = page.locator("#attention details li").last
        assert not folded.is_visible()
        page.emulate_media(media="print")
        assert folded.is_visible()
        assert not page.locator("#normal details li").last.is_visible()


def test_headings_and_landmarks(site: Site) -> None:
    with site.page("evening") as page:
        levels = [int(name[1]) for name in page.locator("h1, h2, h3").evaluate_all("all => all.map(e => e.tagName)")]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        assert [page.locator(name).count() for name in ("body > header", "main", "body > footer")] == [1, 1, 1]


def test_hostile_text_does_nothing(site: Site) -> None:
    with site.page("hostile") as page:
        assert page.locator("script").count() == 0
        assert page.get_by_text("<script>alert(1)</script>").count() > 5
