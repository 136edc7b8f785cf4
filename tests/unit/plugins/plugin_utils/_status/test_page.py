"""The page: complete in itself, small, and text stays text. What it looks like is seen in a browser, in tests/e2e."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Window
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status import _page
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._picture import Picture, Selection, picture
from hypothesis import given
from hypothesis import strategies as st

from fakes.status import HOSTILE, HOUR, NOW, calm, evening, hostile, on, placed, thousand

F_O = ("d365fo", "D365 F&O")
VOID = {"meta", "link"}


class Page(HTMLParser):
    """A page as a strict reader sees it: each element is closed where it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data

    def values(self, name: str) -> list[str]:
        return [value for _tag, attribute, value in self.attributes if attribute == name]


@pytest.mark.parametrize(("draw", "most"), [(calm, 20_000), (evening, 60_000), (thousand, 200_000), (hostile, 60_000)])
def test_a_page_is_small_and_complete_in_itself(draw: Callable[[], Picture], most: int) -> None:
    text = _page.write(draw())
    page = Page(text)
    assert len(text.encode()) <= most
    assert not page.elements.keys() & {"script", "img", "iframe", "form", "input", "object", "base"}
    assert [name for _tag, name, _value in page.attributes if name.startswith("on")] == []
    assert [value for value in page.values("href") if not value.startswith(("#", "data:image/svg+xml,"))] == []
    assert page.values("src") == []
    assert not re.search(r"url\(|@import", text)
    assert "default-src 'none'" in text


@pytest.mark.parametrize("draw", [calm, evening, thousand, hostile])
def test_every_link_has_its_place_and_every_place_one_name(draw: Callable[[], Picture]) -> None:
    page = Page(_page.write(draw()))
    places = page.values("id")
    assert len(places) == len(set(places))
    assert {value[1:] for value in page.values("href") if value.startswith("#")} <= set(places)
    assert set(page.values("aria-labelledby")) <= set(places)


def test_hostile_texts_are_text() -> None:
    text = _page.write(hostile())
    page = Page(text)
    assert page.text.count(HOSTILE) >= 12
    assert "<script" not in text
    assert text.count("</style") == 1
    text.encode("utf-8")


@given(st.text(max_size=60) | st.text(alphabet="<>&\"'/=`;{}%# sctyle\x00\x1b\u2028\u202e\ud800", max_size=60))
def test_no_text_makes_an_element(given_text: str) -> None:
    window = Window("1", NOW - HOUR, given_text, given_text, given_text, NOW + HOUR)
    drawn = picture(
        [on(given_text, "launch", given_text, window, host=given_text, notes=(given_text,))],
        {},
        NOW,
        problems=[given_text],
        selection=Selection(limit=given_text),
    )
    plain = picture(
        [on("x", "launch", "x", Window("1", NOW - HOUR, "x", "x", "x", NOW + HOUR), host="x", notes=("x",))],
        {},
        NOW,
        problems=["x"],
        selection=Selection(limit="x"),
    )
    found, expected = Page(_page.write(drawn)), Page(_page.write(plain))
    # What is blank leaves its element out; nothing brings one in.
    assert found.elements.keys() <= expected.elements.keys()
    assert found.values("class") == expected.values("class") or not given_text.strip()
    _page.write(drawn).encode("utf-8")


def test_what_a_manager_and_an_engineer_look_for() -> None:
    page = " ".join(Page(_page.write(evening())).text.split())
    for said in (
        "1 window is overdue and 1 system could not be asked",
        "over for 1 h 12 min",
        "1 h 20 min left",
        "Quarterly update of Finance + Operations",
        "ops-pipeline",
        "its run has ended",
        "usually 7 min",
        "connection refused. Start the host, or the WinRM service on it",
        "DynamicsAxBatch is stopped",
        "CHG0042260",
        "closed by the sweep",
        "fo-dev01 3 min",
    ):
        assert said in page.replace("\u00a0", " "), said


def test_a_thousand_systems_are_all_there() -> None:
    page = Page(_page.write(thousand()))
    assert len(set(re.findall(r"\bsrv\d{4}\b", page.text))) == 1000
    assert "300 systems" in page.text


@pytest.mark.parametrize(
    ("draw", "tone"),
    [
        (calm, "calm"),
        (evening, "bad"),
        (lambda: picture([placed("a", *F_O, verified=False)], {}, NOW), "look"),
        (lambda: picture([placed("a", *F_O)], {}, NOW, problems=["x"]), "look"),
        (lambda: picture([], {}, NOW), "calm"),
    ],
)
def test_the_tone_of_a_page(draw: Callable[[], Picture], tone: str) -> None:
    assert f'<body class="{tone}">' in _page.write(draw())
