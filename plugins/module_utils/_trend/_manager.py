# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The requests to a manager: search computers page by page, change one, find a group's or policy's ID."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Answer, Client, HttpFailure, http_date
from ansible_collections.quiesce.maintenance.plugins.module_utils._text import shortened
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._computer import Computer, parse, whole
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._plan import Step

T = TypeVar("T")
JsonObject = dict[str, Any]

# A computer's whole description is large; only these parts are asked for.
_EXPAND = (("expand", "applicationControl"), ("expand", "computerStatus"))
# The manager gives at most 5000; smaller pages keep one answer within a request's time limit.
_PAGE = 1000
# A manager with more computers than this many pages hold has not been heard of.
_MOST_PAGES = 1000
# Up to so many computers are read one by one, more of them by a search over the range of their IDs.
_FEW = 10
# Seconds between two lines about writes under way.
_TELL_EVERY = 5.0


class Manager:
    """A Deep Security Manager or Workload Security. ``concurrency`` is how many requests may be under way at once."""

    def __init__(self, client: Client, *, concurrency: int, tell: Callable[[str], None]) -> None:
        self._client = client
        self._concurrency = concurrency
        self._tell = tell

    @property
    def target(self) -> str:
        """How messages call it."""
        return self._client.target

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self._client.sent.total()

    def search(self, *criteria: JsonObject) -> tuple[list[Computer], float]:
        """Return all computers that fulfil every one of ``criteria``, by ID, and the time of the reading.

        The vendor's paging: sorted by ID, from the last ID of the page before, until a page is empty. Raises Failure
        for pages that lead nowhere.
        """
        found: list[Computer] = []
        for _page in range(_MOST_PAGES):
            after = [{"idTest": "greater-than", "idValue": found[-1].id}] if found else []
            page, now = self._page([*criteria, *after])
            if not page:
                return found, now
            for computer in page:
                if found and computer.id <= found[-1].id:
                    raise self._strange(
                        f"computer {computer.id} after computer {found[-1].id} in a search, where the IDs must rise"
                    )
                found.append(computer)
        raise self._strange(f"more than {_MOST_PAGES} pages of computers")

    def named(self, host_name: str) -> tuple[list[Computer], float]:
        """Return the computers with exactly that host name. One request."""
        return self._page(
            [{"fieldName": "hostName", "stringTest": "equal", "stringValue": host_name, "stringWildcards": False}]
        )

    def by_id(self, ids: Sequence[int]) -> tuple[list[Computer], float]:
        """Return the computers with these IDs; one that is gone is left out."""
        if len(ids) > _FEW:
            wanted = set(ids)
            found, now = self.search(
                {"idTest": "greater-than-or-equal", "idValue": min(ids)},
                {"idTest": "less-than-or-equal", "idValue": max(ids)},
            )
            return [computer for computer in found if computer.id in wanted], now
        answers = [answer for answer in self._each(self._describe, ids) if answer is not None]
        return [self._computer(answer.data) for answer in answers], min(map(_moment, answers), default=time.time())

    def id_of(self, kind: str, name: str) -> int:
        """Return the ID of the only group or policy (``kind``: "computergroups", "policies") called ``name``."""
        what = {"computergroups": "computer group", "policies": "policy"}[kind]
        answer = self._client.request(
            "POST",
            f"/{kind}/search",
            attempted=f"look up the {what} {name!r}",
            body={
                "maxItems": 2,
                "searchCriteria": [
                    {"fieldName": "name", "stringTest": "equal", "stringValue": name, "stringWildcards": False}
                ],
            },
        )
        found = self._list(answer, {"computergroups": "computerGroups", "policies": "policies"}[kind])
        ids = [item.get("ID") for item in found if isinstance(item, dict)]
        number = whole(ids[0]) if len(ids) == 1 else None
        if number is None:
            raise Failure(
                f"look up the {what} {name!r}",
                self.target,
                f"{'several have' if ids else 'none has'} that name",
                "Correct the name, or give the ID; the key's role must be allowed to see it",
            )
        return number

    def write(self, steps: Iterable[Step]) -> tuple[list[Step], dict[int, HttpFailure]]:
        """Carry out ``steps`` in parallel. Return those that the manager accepted, and the refused ones by ID.

        A failure that concerns one computer only (no right to change it, gone) leaves the others alone. Any other
        one (no connection, a wrong key) ends the writing; it is in the answer, too, and what was not tried is in
        neither.
        """
        steps = list(steps)
        accepted: set[int] = set()
        refused: dict[int, HttpFailure] = {}
        enough = threading.Event()

        def one(step: Step) -> None:
            if enough.is_set():
                return
            try:
                self._modify(step)
            except HttpFailure as failure:
                refused[step.computer.id] = failure
                if not concerns_one(failure):
                    enough.set()
            else:
                accepted.add(step.computer.id)

        told = time.monotonic()
        for done, _result in enumerate(self._each(one, steps), 1):
            if time.monotonic() - told >= _TELL_EVERY:
                told = time.monotonic()
                self._tell(f"{self.target}: {done} of {len(steps)} requests answered, {len(refused)} refused")
        return [step for step in steps if step.computer.id in accepted], refused

    def _modify(self, step: Step) -> None:
        control: JsonObject = {"maintenanceModeStatus": "on" if step.on else "off"}
        if step.duration is not None:
            control["maintenanceModeDuration"] = step.duration
        self._client.request(
            "POST",
            f"/computers/{step.computer.id}",
            attempted=f"turn maintenance mode {'on' if step.on else 'off'} for {step.computer.name}",
            query=(("expand", "none"),),
            body={"applicationControl": control},
        )

    def _describe(self, computer_id: int) -> Answer | None:
        try:
            return self._client.get(f"/computers/{computer_id}", attempted="read the computers", query=_EXPAND)
        except HttpFailure as failure:
            if failure.status == 404:
                return None
            raise

    def _page(self, criteria: list[JsonObject]) -> tuple[list[Computer], float]:
        answer = self._client.request(
            "POST",
            "/computers/search",
            attempted="read the computers",
            query=_EXPAND,
            body={"maxItems": _PAGE, "searchCriteria": criteria, "sortByObjectID": True},
        )
        return [self._computer(item) for item in self._list(answer, "computers")], _moment(answer)

    def _list(self, answer: Answer, key: str) -> list[Any]:
        found = answer.data.get(key) if isinstance(answer.data, dict) else None
        if not isinstance(found, list):
            raise self._strange(f"an answer without a list of {key}")
        return found

    def _computer(self, data: Any) -> Computer:
        try:
            return parse(data)
        except ValueError as error:
            raise self._strange(str(error)) from None

    def _strange(self, what: str) -> Failure:
        return Failure(
            "understand the manager",
            self.target,
            f"it sent {shortened(what)}",
            'Check the URL: it ends with "/api". A newer manager may say things that this version does not know',
        )

    def _each(self, do: Callable[[Any], T], items: Sequence[Any]) -> Iterable[T]:
        """Do something with each item, so many at once as is allowed; results in the items' order."""
        with ThreadPoolExecutor(max_workers=max(1, min(self._concurrency, len(items)))) as pool:
            yield from pool.map(do, items)


def concerns_one(failure: HttpFailure) -> bool:
    """Whether the manager refused one computer, so that the next one may well succeed."""
    return failure.status in (400, 403, 404, 409, 500)


def _moment(answer: Answer) -> float:
    """Return the manager's own time of an answer; the controller's clock may differ."""
    moment = http_date(answer.headers.get("date", ""))
    return time.time() if moment is None else moment
