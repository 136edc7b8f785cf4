# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The options that the launch modules share (documented by doc_fragments/launch.py), and the server they name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._connection import (
    OPTIONS,
    open_client,
    read_secret,
    secret_options,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import basic, usable_path
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._activity import DOUBT, empty_is_doubtful
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._server import (
    SETTINGS,
    TOKEN_USER,
    Server,
    remedies,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._window_options import STORE, WINDOW

# Servers before 7.1.1 may require a token in this form; the token alone is a secret as well.
_JSON_TOKEN = re.compile(r'"token"\s*:\s*"([^"]+)"')

CONNECTION: dict[str, dict[str, Any]] = {
    **OPTIONS,
    "username": {"type": "str"},
    **secret_options("password"),
    **secret_options("token"),
}
FIELD: dict[str, dict[str, Any]] = {
    "field": {"type": "str"},
    "read_path": {"type": "str", "default": SETTINGS},
}
ACTIVITY: dict[str, dict[str, Any]] = {
    "activity_api": {"type": "str", "choices": ["auto", "cli", "rest"], "default": "auto"},
    "sees_all_activity": {"type": "bool", "default": False},
}
BLACKOUT_KEYS: dict[str, dict[str, Any]] = {
    "start_key": {"type": "str", "no_log": False},
    "end_key": {"type": "str", "no_log": False},
    "series_key": {"type": "str", "no_log": False},
}
MODE: dict[str, dict[str, Any]] = {
    **CONNECTION,
    **FIELD,
    **ACTIVITY,
    "write_path": {"type": "str", "default": SETTINGS},
    "state": {"type": "str", "choices": ["enabled", "disabled"], "required": True},
    "drain": {"type": "bool", "default": True},
    "drain_timeout": {"type": "str", "default": "30m"},
    "drain_interval": {"type": "str", "default": "10s"},
    "on_undrained": {"type": "str", "choices": ["fail", "continue", "rollback"], "default": "fail"},
    **WINDOW,
    **STORE,
}
MODE_INFO = {**CONNECTION, **FIELD, **ACTIVITY, **STORE}
ACTIVITY_INFO = {**CONNECTION, **ACTIVITY}
BLACKOUT: dict[str, dict[str, Any]] = {
    **CONNECTION,
    **BLACKOUT_KEYS,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "id": {"type": "str"},
    "start": {"type": "str"},
    "end": {"type": "str"},
    "name": {"type": "str"},
    "recurrence": {"type": "str", "choices": ["daily", "weekly", "monthly"]},
    "occurrence": {"type": "str", "choices": ["one", "series"]},
}
BLACKOUT_INFO: dict[str, dict[str, Any]] = {
    **CONNECTION,
    **BLACKOUT_KEYS,
    "range_start": {"type": "str"},
    "range_end": {"type": "str"},
}
MUTUALLY_EXCLUSIVE = [
    ("token", "token_file", "username"),
    ("token", "token_file", "password"),
    ("token", "token_file", "password_file"),
    ("password", "password_file"),
]
RULES: dict[str, Any] = {"mutually_exclusive": MUTUALLY_EXCLUSIVE}


def open_server(
    params: Mapping[str, Any],
    *,
    patient: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> Server:
    """Return the server that the options name, without asking it anything yet.

    ``patient``: also a server that has not answered at all yet is waited for up to retry_timeout, as after its restart.
    Raises Failure where no credential is given, or an option cannot be used.
    """
    for name in ("read_path", "write_path"):
        if name in params and not usable_path(params[name]):
            raise Invalid(name, "it is not a path that can be asked for", f"Use one like {SETTINGS}")
    user, secret = _credential(params)
    client = open_client(
        params,
        first_contact=float("inf") if patient else 10.0,
        credentials={"Authorization": basic(user, secret)},
        secrets=[secret, *_JSON_TOKEN.findall(secret)],
        remedies=remedies(user),
        tell=tell,
    )
    return Server(client, user)


def refuse_empty(params: Mapping[str, Any], *names: str) -> None:
    """Raise Invalid for an option that is given and empty: as if it were left out, it would mean something else."""
    for name in names:
        if params[name] is not None and not params[name].strip():
            raise Invalid(name, "it is empty", "Leave the option out, or give a value")


def doubt(params: Mapping[str, Any], login: str, users: Iterable[str | None]) -> list[str]:
    """Return the warning that an empty list of processes deserves, none where there is no reason for it."""
    return [DOUBT] if not params["sees_all_activity"] and empty_is_doubtful(login, users) else []


def _credential(params: Mapping[str, Any]) -> tuple[str, str]:
    """Return user name and secret: of a token, or of the password that belongs to the user name."""
    user = params.get("username") or os.environ.get("DS_USERNAME")
    if not any(params.get(name) for name in ("username", "password", "password_file")):
        token = read_secret(params, "token", "DS_AUTH_TOKEN")
        if token:
            return TOKEN_USER, token
    password = read_secret(params, "password", "DS_PASSWORD")
    if user and password:
        return user, password
    raise Failure(
        "log in",
        f"the Launch server {params['url']}",
        "there is neither a token nor a user name with a password",
        "Give O(token) or O(token_file), or O(username) with O(password) or O(password_file), or the environment "
        "variables DS_AUTH_TOKEN, or DS_USERNAME and DS_PASSWORD",
    )
