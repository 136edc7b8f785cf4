# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What the Alertmanager's API v2 knows, request by request. No decisions here.

Source: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml. The deletion of a silence that is not
known (any more) is answered with HTTP 404 by version 0.28, with 500 by 0.25.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._matchers import Matchers
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._silence import (
    EXPIRED,
    Silence,
    parse_silence,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Client, HttpFailure, http_date
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Stale

SILENCES = "/api/v2/silences"
SILENCE = "/api/v2/silence"
ALERTS = "/api/v2/alerts"

REMEDIES = {
    401: "Check O(username) and O(password), or O(token)",
    403: "Check whether the credential may read and write silences; a proxy in front of the Alertmanager decides that",
    404: "Give the address of the Alertmanager as O(url), with the path below which it is served if there is one, "
    "without /api/v2",
}


@dataclass(frozen=True)
class Alert:
    """A firing alert, and the ids of the silences that suppress it."""

    labels: Mapping[str, str]
    silenced_by: tuple[str, ...]

    def __str__(self) -> str:
        others = ", ".join(f"{name}={value}" for name, value in sorted(self.labels.items()) if name != "alertname")
        return f"{self.labels.get('alertname', 'an alert')} ({others})"


class Server:
    """The API of one Alertmanager. Every method raises ``Failure``, with the server's own words, where it refuses."""

    def __init__(self, client: Client) -> None:
        self.client = client

    @property
    def target(self) -> str:
        """The server's name in a message."""
        return f"the Alertmanager {self.client.target}"

    def silences(self) -> tuple[datetime, tuple[Silence, ...]]:
        """Return the server's time, and the silences that have not expired."""
        attempted = "list the silences"
        # Older versions do not know this parameter, and list those that have expired too.
        answer = self.client.get(SILENCES, attempted=attempted, query=(("expired", "false"),))
        try:
            found = tuple(parse_silence(each) for each in _list(answer.data))
        except (ValueError, KeyError, TypeError):
            raise self._no_alertmanager(attempted) from None
        # By the server's clock no controller's own can be wrong.
        said = http_date(answer.headers.get("date", ""))
        now = datetime.now(timezone.utc) if said is None else datetime.fromtimestamp(said, timezone.utc)
        return now.replace(microsecond=0), tuple(silence for silence in found if silence.state != EXPIRED)

    def alerts(self, matchers: Matchers) -> tuple[Alert, ...]:
        """Return the firing alerts that fit. Raises ``Invalid`` for matchers that the server refuses."""
        attempted = "list the alerts"
        query = [("filter", str(matcher)) for matcher in matchers]
        try:
            data = self.client.get(ALERTS, attempted=attempted, query=query).data
        except HttpFailure as failure:
            if failure.status != 400:
                raise
            raise Invalid(
                "matchers", f"{self.target} refuses them: {failure.message}", "Correct the matcher that it names"
            ) from None
        try:
            return tuple(Alert(each["labels"], tuple(each["status"]["silencedBy"])) for each in _list(data))
        except (KeyError, TypeError):
            raise self._no_alertmanager(attempted) from None

    def write(self, body: Mapping[str, Any]) -> None:
        """Create a silence, or change the one whose ``id`` is given."""
        attempted = f"change the silence {body['id']}" if "id" in body else "create the silence"
        try:
            # Changed twice it is as changed once; created twice there would be two.
            self.client.request("POST", SILENCES, attempted=attempted, body=body, repeatable="id" in body)
        except HttpFailure as failure:
            if failure.status == 404 and "id" in body:
                raise _stale(failure) from None
            raise

    def expire(self, identifier: str) -> None:
        """End a silence now. Raises ``Stale`` for one that has ended meanwhile."""
        try:
            self.client.request("DELETE", _below(identifier), attempted=f"expire the silence {identifier}")
        except HttpFailure as failure:
            if failure.status in (404, 500):
                raise _stale(failure) from None
            raise

    def _no_alertmanager(self, attempted: str) -> Failure:
        return Failure(attempted, self.client.target, "it answered with JSON that no Alertmanager sends", REMEDIES[404])


def _list(data: Any) -> list[Mapping[str, Any]]:
    if not isinstance(data, list):
        raise TypeError("no list")
    return data


def _below(identifier: str) -> str:
    return f"{SILENCE}/{quote(identifier, safe='')}"


def _stale(failure: HttpFailure) -> Stale:
    answer = f"{failure.answer}; it seems that Alertmanager does not know this silence any more"
    return Stale(failure.attempted, failure.target, answer, "Look at the silences on its web page, and run again")
