# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The portal with a signed-in session, request by request: cookies, anti-forgery token, envelope. No decisions here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Client, HttpFailure, Raw
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._answers import (
    STALE_TOKEN,
    Envelope,
    Over,
    Strange,
    find_token,
    open_envelope,
    sign_of_end,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._cookies import Jar
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._place import SUMMARIES, Place, details_path
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._state import (
    Action,
    Environment,
    Words,
    kind_of,
    parse_action,
    parse_details,
    parse_history,
    parse_progress,
)

# The portal is made for browsers, and the published clients introduce themselves as one.
HEADERS = {
    "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) quiesce.maintenance",
    "X-Requested-With": "XMLHttpRequest",
    "TimezoneOffset": "0",
}
_NOT_FOUND = 404
_HISTORY = {"DynamicPaging": {"StartPosition": 0, "ItemsRequested": 40}, "Filtering": None}


T = TypeVar("T")


class SessionOver(Failure):
    """The portal no longer knows the session. What goes on in LCS goes on; only nobody can look."""


class Declined(Failure):
    """The portal said that it did not do what was asked. ``activity_id`` is its own name of the request."""

    def __init__(self, attempted: str, target: str, envelope: Envelope, remedy: str) -> None:
        told = f"; activity id {envelope.activity_id}" if envelope.activity_id else ""
        details = {"activity_id": envelope.activity_id} if envelope.activity_id else {}
        super().__init__(attempted, target, f'LCS says "{envelope.message}"{told}', remedy, details=details)


class Overloaded(Failure):
    """The portal did not take the request, for now. Nothing was done."""


class Gone(Failure):
    """Nothing is at this path (HTTP 404)."""


class Unclear(Failure):
    """What came back, if anything, does not tell whether the request was carried out."""

    unknown = True


class Portal:
    """One environment in the portal. Every method raises ``Failure``, ``SessionOver`` where nobody is signed in.

    ``paths`` are templates by the names of their options. ``clock`` gives seconds since the epoch, for the number that
    keeps a browser's cache away.
    """

    def __init__(
        self,
        client: Client,
        jar: Jar,
        place: Place,
        paths: Mapping[str, str],
        words: Words,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.place = place
        self._client = client
        self._jar = jar
        self._paths = dict(paths)
        self._words = words
        self._clock = clock
        self._token = ""
        self._client.hide(jar.secrets)

    def kind(self) -> int | None:
        """Return the environment's type by the summary of its project. Raises LookupError where it is not there."""
        attempted = f"find {self.place}"
        given = self._paths.get("summary_path")
        for template in (given,) if given else SUMMARIES:
            try:
                return kind_of(self._get(template, "summary_path", attempted), self.place.environment)
            except LookupError:
                continue
        raise LookupError(self.place.environment)

    def details(self, kind: int | None = None) -> Environment:
        """Return what LCS says of the environment; ``kind`` is its type, if that is known."""
        attempted = f"read the state of {self.place}"
        template = self._paths.get("details_path") or details_path(kind)

        def read() -> Environment:
            try:
                return parse_details(self._get(template, "details_path", attempted), self._words)
            except ValueError as error:
                raise self._strange(attempted, f"it sent {error}", "details_path", Unclear) from None

        return _once_more(read)

    @property
    def asks_for_kind(self) -> bool:
        """Whether the type says where the details are."""
        return not self._paths.get("details_path")

    def ongoing(self) -> Action | None:
        """Return the action that runs, None for none, or where LCS does not know of any (HTTP 404).

        If the path has moved, what runs still shows in the state and in the history.
        """
        attempted = f"read which action runs on {self.place}"

        def read() -> Action | None:
            try:
                return parse_action(self._get(self._paths["action_path"], "action_path", attempted))
            except Gone:
                return None

        return _once_more(read)

    def progress(self) -> int | None:
        """Return how many per cent are done."""
        attempted = f"read the progress on {self.place}"
        return parse_progress(self._get(self._paths["progress_path"], "progress_path", attempted))

    def history(self) -> list[Action]:
        """Return the last actions, the newest first."""
        attempted = f"read the history of {self.place}"
        return parse_history(self._post(self._paths["history_path"], "history_path", attempted, body=_HISTORY).data)

    def switch(self, on: bool, about_to_send: Callable[[], None] = lambda: None) -> str:
        """Ask for maintenance mode to be on or off; return the portal's activity id of that.

        It is sent once; ``about_to_send`` is called right before, when the anti-forgery token is there.
        Raises ``Unclear`` if it may have been carried out, ``Declined`` if LCS did not do it,
        ``Overloaded`` if it can be asked again.
        """
        form = {"lcsEnvironmentId": self.place.environment, "enableMaintenanceMode": str(on)}
        attempted = f"{'enable' if on else 'disable'} maintenance mode"
        path = self._paths["switch_path"]
        try:
            return self._post(path, "switch_path", attempted, form=form, about_to_send=about_to_send).activity_id
        except HttpFailure as failure:
            raise Unclear(attempted, str(self.place), failure.answer, failure.remedy) from None

    def _get(self, template: str, option: str, attempted: str) -> Any:
        query = (("_", str(int(self._clock() * 1000))),)
        raw = self._client.exchange(
            "GET", self.place.path(template), attempted=attempted, query=query, headers=self._headers()
        )
        return self._open(raw, option, attempted).data

    def _post(
        self,
        template: str,
        option: str,
        attempted: str,
        *,
        body: Any = None,
        form: Mapping[str, str] | None = None,
        about_to_send: Callable[[], None] | None = None,
    ) -> Envelope:
        """Send it; once, if there is something to do ``about_to_send``: then it must not be repeated."""
        for first in (True, False):
            if not self._token:
                self._token = self._new_token(attempted)
            if about_to_send:
                about_to_send()
            raw = self._client.exchange(
                "POST",
                self.place.path(template),
                attempted=attempted,
                body=body,
                form=form,
                headers={**self._headers(), "__RequestVerificationToken": self._token},
                repeatable=about_to_send is None,
            )
            if raw.status != STALE_TOKEN:
                return self._open(raw, option, attempted)
            self._take_cookies(raw)
            self._token = ""
            if not first:
                break
        raise Failure(
            attempted,
            self._target(attempted),
            "HTTP 403, also with a new anti-forgery token",
            "Check that the account is a project owner or environment manager in LCS, and that the page "
            f"{self.place.page()} offers it the button",
        )

    def _new_token(self, attempted: str) -> str:
        """Return the anti-forgery token of the portal's start page. Raises ``SessionOver``."""
        path = self.place.path(self._paths["start_path"])
        headers = {**self._headers(), "Accept": "text/html"}
        raw = self._client.exchange("GET", path, attempted=attempted, headers=headers)
        self._take_cookies(raw)
        token = find_token(raw.body.decode("utf-8", "replace")) if raw.status == 200 else ""
        if token:
            self._client.hide([token])
            return token
        sign = sign_of_end(raw)
        if not sign and raw.status != 200:
            raise self._strange(attempted, f"HTTP {raw.status} for {path}", "start_path")
        raise self._over(attempted, sign or f"{path} is a page without an anti-forgery token, like the sign-in page")

    def _open(self, raw: Raw, option: str, attempted: str) -> Envelope:
        self._take_cookies(raw)
        if raw.status in (429, 503):
            raise Overloaded(
                attempted, self._target(attempted), f"HTTP {raw.status}: LCS is overloaded", "Run again later"
            )
        try:
            envelope = open_envelope(raw, self._client.redact)
        except Over as over:
            raise self._over(attempted, str(over)) from None
        except Strange as strange:
            kind = Gone if raw.status == _NOT_FOUND else Failure if strange.refused else Unclear
            raise self._strange(attempted, str(strange), option, kind) from None
        if not envelope.success:
            raise Declined(
                attempted, self._target(attempted), envelope, f"Look at the environment on the page {self.place.page()}"
            )
        return envelope

    def _target(self, attempted: str) -> str:
        """Return on what it was attempted, unless that says it already."""
        return "" if str(self.place) in attempted else str(self.place)

    def _headers(self) -> dict[str, str]:
        return {"Cookie": self._jar.header}

    def _take_cookies(self, raw: Raw) -> None:
        if self._jar.take(raw.cookies):
            self._client.hide(self._jar.secrets)

    def _over(self, attempted: str, sign: str) -> SessionOver:
        return SessionOver(
            attempted,
            self._target(attempted),
            f"the session is over ({self._client.redact(sign)})",
            f"Sign in at {self.place.login_page} with a browser, give the new cookies (O(cookies) or O(cookies_file)), "
            "and run again. If you just did, check that O(url) is the portal that hosts the project",
        )

    def _strange(self, attempted: str, what: str, option: str, kind: type[Failure] = Failure) -> Failure:
        return kind(
            attempted,
            self._target(attempted),
            self._client.redact(what),
            f"The portal's paths are not documented and may have changed. Find the new one and set O({option})",
        )


def _once_more(read: Callable[[], T]) -> T:
    """Read, and once more if the answer cannot be understood: one bad answer does not end a long wait."""
    try:
        return read()
    except Unclear:
        return read()
