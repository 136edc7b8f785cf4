# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""LCS's public API, which can read an environment and its history, and cannot switch maintenance mode.

Documented by Microsoft: paths, header, envelope (HTTP 200 also for a failure) and limits: details six times a minute
for a project, history six times a minute for a project and six times in 30 seconds for an environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Refused
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Client, HttpFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._place import UNKNOWN_TO_LCS, Place
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._state import (
    Action,
    Environment,
    Words,
    parse_api_action,
    parse_api_details,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._text import shortened

PER_MINUTE = 6
HEADERS = {"x-ms-version": "2017-09-15"}

REMEDIES = {
    401: "The token is wrong or has expired (it is valid for about an hour): get a new one for a user of the project. "
    "The public API accepts only tokens of users who signed in without multi-factor authentication",
    403: "Add the user of the token to the project in LCS",
}


class PublicApi:
    """One environment by the public API. The client keeps to the limits, and waits where others used them up."""

    def __init__(self, client: Client, place: Place, words: Words) -> None:
        self._client = client
        self._place = place
        self._words = words

    def details(self) -> Environment:
        """Return what LCS says of the environment. Raises ``Refused`` if it is not in the project, ``Failure``."""
        attempted = f"read the state of {self._place}"
        path = f"/environmentinfo/v1/detail/project/{self._place.project}/"
        data = self._get(path, attempted, (("environmentId", self._place.environment),))
        if not data:
            raise Refused(str(self._place), [UNKNOWN_TO_LCS])
        try:
            return parse_api_details(data[0], self._words)
        except ValueError as error:
            raise self._strange(attempted, str(error)) from None

    def history(self) -> list[Action]:
        """Return the first page of the history, which holds the newest actions. Raises ``Failure``."""
        attempted = f"read the history of {self._place}"
        path = f"/environmentinfo/v1/history/project/{self._place.project}/environment/{self._place.environment}/"
        found = [parse_api_action(entry) for entry in self._get(path, attempted, (("page", "1"),))]
        return [action for action in found if action]

    def _get(self, path: str, attempted: str, query: tuple[tuple[str, str], ...]) -> list[Any]:
        try:
            envelope = self._client.get(path, attempted=attempted, query=query).data
        except HttpFailure as failure:
            failure.remedy = failure.remedy.replace("O(url)", "O(api_url)")
            raise
        if not isinstance(envelope, Mapping) or not isinstance(envelope.get("IsSuccess"), bool):
            raise self._strange(attempted, "an answer without IsSuccess")
        if not envelope["IsSuccess"]:
            said = shortened(self._client.redact(str(envelope.get("ErrorMessage") or "it does not say why")))
            raise Failure(
                attempted,
                "",
                f'the public API says "{said}"; activity id {envelope.get("OperationActivityId")}',
                "Check O(project_id) and O(environment_id), and that the user of the token is in the project",
            )
        data = envelope.get("Data")
        return data if isinstance(data, list) else []

    def _strange(self, attempted: str, what: str) -> Failure:
        return Failure(attempted, "", f"the public API sent {what}", "Check O(api_url)")
