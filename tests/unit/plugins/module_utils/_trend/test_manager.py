"""The search page by page, and a manager that says what makes no sense."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Answer, Client
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend import _manager
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._manager import Manager

DATE = {"date": "Tue, 24 Nov 2026 21:00:00 GMT"}


class Pages(Client):
    """Answers each search with the next page; an endless last one where ``repeat``."""

    def __init__(self, pages: Iterable[Any], headers: dict[str, str] | None = None) -> None:
        super().__init__("https://dsm.example.com:4119/api")
        self.pages = list(pages)
        self.headers = DATE if headers is None else headers
        self.bodies: list[Any] = []

    def request(self, method: str, path: str, **more: Any) -> Answer:
        self.bodies.append(more["body"])
        page = self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]
        return Answer(200, self.headers, json.loads(json.dumps(page)))


def page(*ids: int) -> dict[str, Any]:
    return {"computers": [{"ID": number, "hostName": f"web{number}"} for number in ids]}


def manager(*pages: Any, headers: dict[str, str] | None = None) -> Manager:
    return Manager(Pages(pages, headers), concurrency=1, tell=lambda line: None)


def test_pages_follow_one_another() -> None:
    found = manager(page(1, 2), page(7), page())
    computers, now = found.search({"fieldName": "x"})
    assert [computer.id for computer in computers] == [1, 2, 7]
    assert now == 1795554000.0


@pytest.mark.parametrize(
    "pages",
    [
        [page(1, 2)],  # the same one for ever
        [page(1, 2), page(2, 3), page()],
        [page(1, 2), page(1), page()],
        [page(2, 1), page()],
        [page(1, 1), page()],
    ],
)
def test_ids_that_do_not_rise_end_the_search(pages: list[Any]) -> None:
    with pytest.raises(Failure) as caught:
        manager(*pages).search()
    assert "where the IDs must rise" in str(caught.value)
    assert "https://dsm.example.com:4119/api" in str(caught.value)


def test_pages_without_end_end_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_manager, "_MOST_PAGES", 3)
    with pytest.raises(Failure, match="more than 3 pages of computers"):
        manager(page(1), page(2), page(3), page(4), page()).search()


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (None, "an answer without a list of computers"),
        ([], "an answer without a list of computers"),
        ({"computers": {"ID": 1}}, "an answer without a list of computers"),
        ({"computers": [7]}, "a computer without a numeric ID"),
        ({"computers": [{"ID": True}]}, "a computer without a numeric ID"),
    ],
)
def test_an_answer_that_makes_no_sense(answer: Any, text: str) -> None:
    with pytest.raises(Failure) as caught:
        manager(answer).first(1)
    message = str(caught.value)
    assert message.startswith("Could not understand the manager on https://dsm.example.com:4119/api: it sent ")
    assert text in message
    assert message.isprintable()
    assert len(message) < 700


@pytest.mark.parametrize("number", [1 << 31, 1 << 44, 1 << 60, -1, True, 1.5, "60"])
def test_times_of_no_age_are_no_times(number: Any) -> None:
    control = {
        "maintenanceModeStatus": "on",
        "maintenanceModeStartTime": 1795554000000,
        "maintenanceModeDuration": number,
        "maintenanceModeEndTime": number if number != 1 << 31 else None,
    }
    (computer,), now = manager({"computers": [{"ID": 1, "applicationControl": control}]}).first(1)
    assert computer.report(now)["scheduled_end"] is None or computer.ends


@pytest.mark.parametrize("date", ["", "soon", "Mon, 01 Jan 0001 00:00:00 +9999999999", "0\x1f"])
def test_without_a_date_the_own_clock_counts(date: str) -> None:
    _computers, now = manager(page(), headers={"date": date}).first(1)
    assert now > 1_700_000_000
