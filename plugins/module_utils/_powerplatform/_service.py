# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Requests with a token: to whom, with which ids, and what an answer that refuses them means."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, TypeVar

from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Answer, Client, HttpFailure, http_date
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._federation import split
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._tokens import Tokens

TRANSIENT = frozenset({408, 425, 429, 499, 500, 502, 503, 504})
"""Answers after which the same request may succeed (terraform-provider-power-platform 57ba091a)."""

Open = Callable[[str, str, bool], Client]
"""Returns a client for a base URL that logs in with a bearer token; True: one that sends nothing again by itself."""

T = TypeVar("T")


@dataclass
class Service:
    """One API, at ``url``, whose token is for ``resource``.

    ``open`` makes clients; one is kept for each host and token. Every request has an id of its own, and all of the run
    one correlation id and one session id, by which Microsoft's support finds them. ``date`` is the time by the clock of
    whoever answered last, None as long as nobody said it.
    """

    url: str
    resource: str
    tokens: Tokens
    open: Open
    correlation: str = field(default_factory=lambda: str(uuid.uuid4()))
    session: str = field(default_factory=lambda: str(uuid.uuid4()))
    date: datetime | None = None
    _clients: dict[tuple[str, str, bool], Client] = field(default_factory=dict, repr=False)

    def get(self, path: str, *, attempted: str, query: Iterable[tuple[str, str]] = ()) -> Answer:
        """Read ``path``; a whole URL is read where it leads. Raises ``HttpFailure``."""
        return self.ask("GET", path, attempted=attempted, query=query)

    def ask(
        self,
        method: str,
        path: str,
        *,
        attempted: str,
        query: Iterable[tuple[str, str]] = (),
        body: Any = None,
    ) -> Answer:
        """Send a request. A write (PATCH) is sent once, but for what certainly did not arrive.

        Whoever passes a whole URL as ``path`` has made sure that its host may have the token. Raises ``HttpFailure``,
        with the ids of the request in its details.
        """
        base, below = (self.url, path) if path.startswith("/") else split(path, self.url)
        headers, pairs = self._ids(), list(query)

        def send(client: Client) -> Answer:
            repeatable = method == "GET"
            return client.request(
                method, below, attempted=attempted, query=pairs, headers=headers, body=body, repeatable=repeatable
            )

        try:
            answer = self._with_token(base, method != "GET", send)
        except HttpFailure as failure:
            self._add_ids(failure, headers)
            raise
        if (seconds := http_date(answer.headers.get("date", ""))) is not None:
            self.date = datetime.fromtimestamp(seconds, timezone.utc)
        return answer

    def download(self, path: str, *, attempted: str) -> bytes:
        """Read ``path`` as it is. Raises ``HttpFailure``."""
        return self._with_token(self.url, False, lambda client: client.download(path, attempted=attempted))

    def _with_token(self, base: str, writes: bool, send: Callable[[Client], T]) -> T:
        token = self.tokens.get(self.resource)
        try:
            return send(self._client(base, token, writes))
        except HttpFailure as failure:
            if failure.status != 401:
                raise
            if is_challenge(failure):
                failure.remedy = (
                    "A conditional access policy of the tenant demands more than this login gives; its administrator "
                    "has to let this application or user in"
                )
                raise
            another = self.tokens.renew(self.resource)
            if another is None:
                failure.remedy = "Give a token that has not ended, or a credential that can get a new one"
                raise
        # A second refusal is meant: the request was not carried out, and a third token would be no better.
        return send(self._client(base, another, writes))

    def _client(self, base: str, token: str, writes: bool) -> Client:
        key = (base, token, writes)
        if key not in self._clients:
            self._clients[key] = self.open(base, token, writes)
        return self._clients[key]

    def _ids(self) -> dict[str, str]:
        return {
            "X-Ms-Client-Request-Id": str(uuid.uuid4()),
            "X-Correlation-Id": self.correlation,
            "X-Ms-Client-Session-Id": self.session,
        }

    def _add_ids(self, failure: HttpFailure, sent: Mapping[str, str]) -> None:
        found = {
            "http_status": failure.status,
            "error_code": code_of(failure) or None,
            "client_request_id": sent["X-Ms-Client-Request-Id"],
            "correlation_id": sent["X-Correlation-Id"],
            "request_id": failure.headers.get("x-ms-request-id"),
        }
        failure.details.update(found)
        if failure.status is not None:
            failure.answer += f" (request {found['client_request_id']}, correlation {self.correlation})"


def code_of(failure: HttpFailure) -> str:
    """Return the error code of an answer, "" where it has none."""
    data = failure.data if isinstance(failure.data, Mapping) else {}
    for key in ("error", "errorDetail"):
        error = data.get(key)
        if isinstance(error, Mapping) and isinstance(error.get("code"), str):
            return str(error["code"])
    return ""


def is_challenge(failure: HttpFailure) -> bool:
    """Whether a refused token would be refused again: the answer demands claims that no renewal brings."""
    demanded = failure.headers.get("www-authenticate", "")
    return "claims=" in demanded and "insufficient_claims" in demanded
