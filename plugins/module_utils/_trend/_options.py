# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The options of the Trend modules, and what they mean: specs for Ansible, checked values for the product."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils import _connection as connection
from ansible_collections.quiesce.maintenance.plugins.module_utils import _window_options
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Pace
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Patience
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import seconds
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._lookup import Target
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._manager import Manager
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._plan import Wish
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._windows import Windows
from ansible_collections.quiesce.maintenance.plugins.module_utils._window_options import STORE, WINDOW

KEY_VARIABLE = "TREND_API_KEY"

_COMMON: dict[str, dict[str, Any]] = {
    **connection.OPTIONS,
    **connection.secret_options("api_key"),
    "key_header": {"type": "str", "choices": ["api-secret-key", "authorization"], "default": "api-secret-key"},
    "computers": {"type": "list", "elements": "str"},
    "search": {
        "type": "dict",
        "options": {"group": {"type": "str"}, "policy": {"type": "str"}, "platform": {"type": "str"}},
    },
    "max_concurrency": {"type": "int", "default": 10},
    "requests_per_minute": {"type": "int", "default": 450},
}

INFO = {**_COMMON, **STORE}
MODE: dict[str, dict[str, Any]] = {
    **_COMMON,
    "state": {"type": "str", "choices": ["enabled", "disabled"], "default": "enabled"},
    "duration": {"type": "str"},
    "extend": {"type": "str", "choices": ["auto", "true", "false"], "default": "auto"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "str", "default": "15m"},
    "poll_interval": {"type": "str", "default": "10s"},
    "on_unavailable": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
    "rollback": {"type": "bool", "default": False},
    **WINDOW,
    **STORE,
}
# What else AnsibleModule is to check.
RULES: dict[str, Any] = {
    "mutually_exclusive": [("computers", "search")],
    "required_one_of": [("computers", "search")],
}
# Variables of the role that are no option of the modules.
OWN = frozenset({"status", "manager", "computer"})


def manager(params: Mapping[str, Any], tell: Callable[[str], None] = lambda line: None) -> Manager:
    """Return the manager that the options name. Raises Failure for options that cannot be used."""
    key = connection.read_secret(params, "api_key", KEY_VARIABLE)
    if key is None:
        raise Failure(
            "authenticate",
            params["url"],
            "no API key was given",
            f"Set O(api_key), O(api_key_file) or the environment variable {KEY_VARIABLE}",
        )
    header = params["key_header"]
    for name, least in (("max_concurrency", 1), ("requests_per_minute", 0)):
        if params[name] < least:
            raise Invalid(name, f"{params[name]} is less than {least}")
    client = connection.open_client(
        params,
        headers={"api-version": "v1"},
        credentials={"api-secret-key": key} if header == "api-secret-key" else {"Authorization": f"ApiKey {key}"},
        pace=Pace(params["requests_per_minute"]),
        remedies={
            401: "Check the API key, which may be wrong or expired, and key_header: Cloud One takes keys by "
            "authorization, other managers by api-secret-key",
            403: "Give the key's role the right to edit these computers",
            429: "Lower O(requests_per_minute), or give this play a key of its own",
        },
        tell=tell,
    )
    return Manager(client, concurrency=params["max_concurrency"], per_minute=params["requests_per_minute"], tell=tell)


def target(params: Mapping[str, Any]) -> Target:
    """Return the computers that the options name. Raises Failure where they would name none, or every one."""
    if params["computers"] is not None:
        names = tuple(name.strip() for name in params["computers"])
        if not names or not all(names):
            raise Invalid("computers", "the list, or a name in it, is empty")
        return Target(names)
    search = {name: text for name, text in params["search"].items() if text}
    if not search:
        raise Invalid("search", "without a group, policy or platform it would mean every computer")
    return Target(**search)


def wish(params: Mapping[str, Any], owner: str = "") -> Wish:
    """Return what the options ask for; ``owner`` opens a window if they do not say who.

    Raises Failure for a duration that is no whole number of minutes.
    """
    on = params["state"] == "enabled"
    minutes: int | None = None
    if params["duration"] is not None:
        length = seconds(params, "duration", bare_unit="m", zero=True)
        minutes = int(length // 60)
        if length % 60 or not 0 < minutes < 2**31:
            raise Invalid("duration", f"{params['duration']} is not a whole number of minutes from 1 on")
    elif params["extend"] == "true" and on and not params["expires"]:
        raise Invalid("extend", "extend: true needs a duration, or expires, to extend to")
    # As a variable of the host it is there on the way out, too, where it means nothing.
    return Wish(on, minutes if on else None, params["extend"], _window_options.request(params, owner))


def windows(params: Mapping[str, Any], store: FileStore, run: Run, *, check_mode: bool) -> Windows:
    """Return the windows of the computers, in a store. Raises Failure for a time that is none."""
    lease = 2 * (seconds(params, "retry_timeout", zero=True) + seconds(params, "request_timeout"))
    return Windows(_window_options.ledger(params, store, run), lease=lease, check_mode=check_mode)


def patience(params: Mapping[str, Any], run: Run) -> Patience:
    """Return how long to wait for the agents."""
    return Patience(seconds(params, "wait_timeout", zero=True), seconds(params, "poll_interval"), run)
