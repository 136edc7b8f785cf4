# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The requests to a manager: search computers page by page, change one, find a group's or policy's ID."""

from __future__ import annotations

import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Answer, Client, HttpFailure, http_date
from ansible_collections.quiesce.maintenance.plugins.module_utils._text import shortened
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._computer import Computer, parse, whole
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._estimate import sending_time
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._plan import Step

T = TypeVar("T")
Item = TypeVar("Item")
JsonObject = dict[str, Any]

# A computer's whole description is large; only these parts are asked for.
_EXPAND = (("expand", "applicationControl"), ("expand", "computerStatus"))
# The manager gives at most 5000; smaller pages keep one answer within a request's time limit.
PAGE = 1000
# A manager with more computers than this many pages hold has not been heard of.
_MOST_PAGES = 1000
# IDs that lie no farther apart are read by one search: up to so many computers more in an answer cost less than
# another request.
_NEAR = 100
# Seconds between two lines about writes under way.
_TELL_EVERY = 5.0


@dataclass(frozen=True)
class Written:
    """What became of some writes: the accepted ones, the failures of the others by ID; ``end`` ended the writing.

    What was not tried because of ``end`` is in neither.
    """

    accepted: list[Step]
    refused: dict[int, HttpFailure]
    end: HttpFailure | None


class Manager:
    """A Deep Security Manager or Workload Security.

    ``concurrency`` is how many requests may be under way at the same time, ``per_minute`` how many are sent in a minute
    (0: any number; the client keeps to it), ``tell`` shows a line.
    """

    def __init__(
        self, client: Client, *, concurrency: int, per_minute: int = 0, tell: Callable[[str], None] = lambda line: None
    ) -> None:
        self.concurrency = concurrency
        self.per_minute = per_minute
        self.tell = tell
        self._client = client

    @property
    def target(self) -> str:
        """How messages call it."""
        return self._client.target

    @property
    def host(self) -> str:
        """The host name of its URL."""
        return urllib.parse.urlsplit(self.target).hostname or ""

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self._client.sent.total()

    def search(self, *criteria: JsonObject, most: int | None = None) -> tuple[list[Computer], float]:
        """Return all computers that fulfil every one of ``criteria``, by ID, and the time of the reading.

        The vendor's paging: sorted by ID, from the last ID of the page before, until a page is empty. It ends early
        once there are more than ``most``. Raises Failure for pages that lead nowhere.
        """
        size = PAGE if most is None else min(PAGE, most + 1)
        found: list[Computer] = []
        for _page in range(_MOST_PAGES):
            after = [{"idTest": "greater-than", "idValue": found[-1].id}] if found else []
            page, now = self.first(size, *criteria, *after)
            for computer in page:
                if found and computer.id <= found[-1].id:
                    raise self._strange(
                        f"computer {computer.id} after computer {found[-1].id} in a search, where the IDs must rise"
                    )
                found.append(computer)
            if not page or (most is not None and len(found) > most):
                return found, now
        raise self._strange(f"more than {_MOST_PAGES} pages of computers")

    def first(self, most: int, *criteria: JsonObject) -> tuple[list[Computer], float]:
        """Return the first ``most`` (at most a page) of the computers that fulfil ``criteria``. One request."""
        answer = self._client.request(
            "POST",
            "/computers/search",
            attempted="read the computers",
            query=_EXPAND,
            body={"maxItems": most, "searchCriteria": list(criteria), "sortByObjectID": True},
        )
        return [self._computer(item) for item in self._list(answer, "computers")], _moment(answer)

    def by_id(self, ids: Iterable[int]) -> tuple[list[Computer], float]:
        """Return the computers with these IDs, by ID, and the time of the reading; one that is gone is left out."""
        wanted = set(ids)

        def one(span: tuple[int, int]) -> tuple[list[Computer], float]:
            return self.first(
                PAGE,
                {"idTest": "greater-than-or-equal", "idValue": span[0]},
                {"idTest": "less-than-or-equal", "idValue": span[1]},
            )

        found: list[Computer] = []
        moments: list[float] = []
        for computers, now in self.each(one, spans(wanted)):
            found += [computer for computer in computers if computer.id in wanted]
            moments.append(now)
        return found, min(moments, default=time.time())

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

    def seconds_for(self, writes: int) -> float:
        """Return about how long so many writes take."""
        return sending_time(writes, concurrency=self.concurrency, per_minute=self.per_minute)

    def write(self, steps: Iterable[Step]) -> Written:
        """Carry out ``steps`` in parallel, as many as possible whatever happens to the others.

        A computer that is refused, or gets no answer, leaves the others alone. Only what would end the same for all of
        them ends the writing: a wrong key, or a second request in a row without an answer.
        """
        steps = list(steps)
        accepted: set[int] = set()
        refused: dict[int, HttpFailure] = {}
        unanswered = 0  # requests in a row; an attempt takes long, and a dead manager must not cost one for each
        end: list[HttpFailure] = []

        def one(step: Step) -> None:
            nonlocal unanswered
            if end:
                return
            try:
                self._modify(step)
            except HttpFailure as failure:
                refused[step.computer.id] = failure
                unanswered = 0 if concerns_one(failure) else unanswered + 1
                if unanswered > 1 or not (concerns_one(failure) or is_silence(failure)):
                    end.append(failure)
            else:
                accepted.add(step.computer.id)
                unanswered = 0

        told = time.monotonic()
        for done, _result in enumerate(self.each(one, steps), 1):
            if time.monotonic() - told >= _TELL_EVERY:
                told = time.monotonic()
                self.tell(f"{self.target}: {done} of {len(steps)} requests answered, {len(refused)} refused")
        return Written([step for step in steps if step.computer.id in accepted], refused, end[0] if end else None)

    def _modify(self, step: Step) -> None:
        control: JsonObject = {"maintenanceModeStatus": "on" if step.on else "off"}
        if step.duration is not None:
            control["maintenanceModeDuration"] = step.duration
        name = step.computer.name
        self._client.request(
            "POST",
            f"/computers/{step.computer.id}",
            attempted=f"{'bring' if step.on else 'take'} {name} {'into' if step.on else 'out of'} maintenance mode",
            query=(("expand", "none"),),
            body={"applicationControl": control},
        )

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

    def each(self, do: Callable[[Item], T], items: Sequence[Item]) -> Iterator[T]:
        """Do something with each item, as many at the same time as is allowed; results in the items' order."""
        with ThreadPoolExecutor(max_workers=max(1, min(self.concurrency, len(items)))) as pool:
            yield from pool.map(do, items)


def spans(ids: Iterable[int]) -> list[tuple[int, int]]:
    """Return ranges of IDs, first and last, that cover ``ids`` with few requests and few other computers.

    An ID is unique, so a range of a page's length never needs a second page.
    """
    found: list[tuple[int, int]] = []
    for number in sorted(set(ids)):
        if found and number - found[-1][1] <= _NEAR and number - found[-1][0] < PAGE:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def concerns_one(failure: HttpFailure) -> bool:
    """Whether the manager refused one computer, so that the next one may well succeed."""
    return failure.status in (400, 403, 404, 409, 500)


def is_silence(failure: HttpFailure) -> bool:
    """Whether no answer came from the manager itself, so that it may have done what was asked or not."""
    return failure.status in (None, 502, 503, 504)


def _moment(answer: Answer) -> float:
    """Return the manager's own time of an answer; the controller's clock may differ."""
    moment = http_date(answer.headers.get("date", ""))
    return time.time() if moment is None else moment
