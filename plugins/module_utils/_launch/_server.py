# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What the server's REST interface knows, request by request. No decisions here.

Sources: the vendor's documentation of the ``/cli`` commands; for the ``/rest`` paths, the version on the start page
and the fields of a process request the published source of UrbanCode/UCADF-Core-Library.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Answer, Client, HttpFailure

# The user name that says: the password is an authentication token.
TOKEN_USER = "PasswordIsAuthToken"

SETTINGS = "/cli/systemConfiguration"
BLACKOUTS = "/cli/calendar/maintenanceBlackout"
CANCEL_EVENT = "/cli/calendar/cancelMaintenanceBlackoutSeriesEvent"
CANCEL_SERIES = "/cli/calendar/cancelMaintenanceBlackoutSeries"
ACTIVITY = {"cli": "/cli/workflowTrace/currentActivity", "rest": "/rest/workflow/currentActivity"}
_DETAILS = {
    "application": "/rest/deploy/applicationProcessRequest",
    "component": "/rest/workflow/componentProcessRequest",
    "generic": "/rest/process/request",
}

# The pauses, in seconds, before a request that met a conflict is sent again.
_CONFLICT_PAUSES = (0.2, 0.4, 0.7, 1.0)

# With these a path would lead to something else.
_NO_IDS = ("", ".", "..")

Version = tuple[int, ...]

# The first version with maintenance blackouts.
BLACKOUTS_SINCE = (7, 2, 1)


class Server:
    """The REST interface of one server. Every method raises Failure, with the server's own words, where it refuses."""

    def __init__(self, client: Client, user: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.client = client
        self.user = user
        self._sleep = sleep

    @property
    def target(self) -> str:
        """The server's name in a message."""
        return f"the Launch server {self.client.target}"

    def version(self) -> Version | None:
        """Return the server's version as it stands on its start page, None where it can't be told."""
        try:
            page = self.client.download("/", attempted="read the version")
        except HttpFailure:
            return None
        return find_version(page.decode("utf-8", "replace"))

    def settings(self, path: str = SETTINGS) -> Mapping[str, Any]:
        """Return the system settings. The mail password among them is masked: they must never be written back."""
        data = self.client.get(path, attempted="read the system settings").data
        if not isinstance(data, Mapping):
            raise Failure(
                "read the system settings",
                self.target,
                f"{path} answered with {_kind(data)} in place of an object",
                "Check the URL; read_path can name another path",
            )
        return data

    def write_setting(self, name: str, value: bool, path: str = SETTINGS) -> None:
        """Change one setting. What the request does not name stays as it is (vendor's documentation)."""
        self._write("PUT", path, attempted=f"set {name} to {value}", body={name: value})

    def activity(self, interface: str) -> list[Mapping[str, Any]] | None:
        """Return the process requests that run, as ``interface`` (a key of ACTIVITY) says it; None: no such path."""
        path = ACTIVITY[interface]
        try:
            data = self.client.get(path, attempted="list the running processes").data
        except HttpFailure as failure:
            if failure.status == 404:
                return None
            raise
        if not isinstance(data, list) or not all(isinstance(entry, Mapping) for entry in data):
            raise Failure(
                "list the running processes",
                self.target,
                f"{path} answered with {_kind(data)} in place of a list of objects",
                "Check the URL; activity_api can choose the other interface",
            )
        return data

    def process(self, kind: str, identifier: str) -> Mapping[str, Any]:
        """Return one process request with its steps; empty where it is not known (any more)."""
        if kind not in _DETAILS or identifier in _NO_IDS:
            return {}
        try:
            data = self.client.get(
                _below(_DETAILS[kind], identifier), attempted=f"read the process request {identifier}"
            ).data
        except HttpFailure as failure:
            if failure.status == 404:
                return {}
            raise
        return data if isinstance(data, Mapping) else {}

    def blackouts(self) -> list[Mapping[str, Any]]:
        """Return the real events of the maintenance blackouts."""
        return self._blackouts(())

    def blackouts_between(self, start: int, end: int) -> list[Mapping[str, Any]]:
        """Return the events, real and synthetic, that start or end between two moments (epoch milliseconds)."""
        return self._blackouts((("rangeStart", str(start)), ("rangeEnd", str(end))))

    def _blackouts(self, query: tuple[tuple[str, str], ...]) -> list[Mapping[str, Any]]:
        try:
            data = self.client.get(BLACKOUTS, attempted="list the maintenance blackouts", query=query).data
        except HttpFailure as failure:
            if failure.status != 404:
                raise
            raise Failure(
                "list the maintenance blackouts",
                self.target,
                f"{dotted(self.version())} does not know {BLACKOUTS} (HTTP 404)",
                "Maintenance blackouts came with version 7.2.1; use maintenance mode alone",
            ) from None
        if data is None:
            return []
        if not isinstance(data, list) or not all(isinstance(entry, Mapping) for entry in data):
            raise Failure(
                "list the maintenance blackouts",
                self.target,
                f"it answered with {_kind(data)} in place of a list of objects",
                "Check the URL",
            )
        return data

    def create_blackout(self, query: Mapping[str, str]) -> None:
        """Create a blackout from its query parameters."""
        self._write("POST", BLACKOUTS, attempted="create the maintenance blackout", query=query, repeatable=False)

    def update_blackout(self, query: Mapping[str, str]) -> None:
        """Change the blackout whose ``id`` is among the query parameters."""
        self._write("PUT", BLACKOUTS, attempted=f"change the maintenance blackout {query['id']}", query=query)

    def delete_blackout(self, query: Mapping[str, str]) -> None:
        """Cancel the blackout whose ``id`` is given; of a recurring one, this event alone."""
        identifier = query["id"]
        attempted = f"cancel the maintenance blackout {identifier}"
        if identifier in _NO_IDS:
            raise Failure(
                attempted,
                self.target,
                f'"{identifier}" cannot be the ID of one',
                "Look at the maintenance blackouts in the web page, and cancel it there",
            )
        self._write("DELETE", _below(BLACKOUTS, identifier), attempted=attempted)

    def cancel_blackout_event(self, query: Mapping[str, str]) -> None:
        """Cancel one synthetic event (``event``, which begins at ``scheduled``) of a ``series``."""
        attempted = f"cancel the event {query['event']} of the series of maintenance blackouts {query['series']}"
        self._write("POST", CANCEL_EVENT, attempted=attempted, query=query)

    def cancel_blackout_series(self, query: Mapping[str, str]) -> None:
        """Cancel a whole ``series``."""
        attempted = f"cancel the series of maintenance blackouts {query['series']}"
        self._write("POST", CANCEL_SERIES, attempted=attempted, query=query)

    def _write(
        self,
        method: str,
        path: str,
        *,
        attempted: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        repeatable: bool = True,
    ) -> Answer:
        """Send a write; a conflict (409) is tried again a few times, as the vendor advises."""
        for pause in (*_CONFLICT_PAUSES, None):
            try:
                return self.client.request(
                    method,
                    path,
                    attempted=attempted,
                    query=tuple((query or {}).items()),
                    body=body,
                    repeatable=repeatable,
                )
            except HttpFailure as failure:
                if failure.status != 409 or pause is None:
                    raise
                self._sleep(pause)
        raise AssertionError("the last round returns or raises")


def was_refused(failure: Failure) -> bool:
    """Whether the server answered that it did not do what was asked; without that answer it may have been done."""
    return isinstance(failure, HttpFailure) and failure.status is not None and 400 <= failure.status < 500


def remedies(user: str) -> dict[int, str]:
    """What to do about the usual refusals, for an account that logs in as ``user``."""
    if user == TOKEN_USER:
        login = (
            "The token is wrong or has expired; give the token alone, without a user name. Servers before 7.1.1 may "
            'require {"token": "..."} as the password: write this text, with the token in it, into a file and give '
            "the file as token_file"
        )
    else:
        login = (
            f"Check the password of {user}; if it is an authentication token, give it as token: the server takes a "
            "token from no user name but PasswordIsAuthToken"
        )
    return {
        401: login,
        403: "The server names what the account lacks; let it be given that permission (the names differ by version), "
        "or use another account",
        409: f"Somebody else changes the same thing; tried {len(_CONFLICT_PAUSES) + 1} times, run again later",
    }


def _below(path: str, identifier: str) -> str:
    """Return the path of what has this ID, whatever characters somebody put into it."""
    return f"{path}/{quote(identifier, safe='', errors='surrogatepass')}"


def find_version(page: str) -> Version | None:
    """Find the version on a start page, in either of the forms that are known; None where it is not there."""
    found = re.search(r'(?:"version %s", "|class="productVersion">)\D{0,4}(\d+(?:\.\d+)+)', page)
    return tuple(int(part) for part in found.group(1).split(".")) if found else None


def dotted(version: Version | None) -> str:
    """Name a version in a sentence."""
    return f"version {'.'.join(map(str, version))}" if version else "this version"


def _kind(data: Any) -> str:
    return "nothing" if data is None else f"a {type(data).__name__}"
