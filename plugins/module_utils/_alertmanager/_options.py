# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The options of the Alertmanager modules (documented by doc_fragments/alertmanager.py), and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._matchers import parse_matchers
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._plan import Wish
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._server import REMEDIES, Server
from ansible_collections.quiesce.maintenance.plugins.module_utils._connection import (
    OPTIONS,
    open_client,
    read_secret,
    secret_options,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import basic
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import seconds
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import DEFAULT, Opening

ENABLED = "enabled"

INFO: dict[str, dict[str, Any]] = {
    **OPTIONS,
    "username": {"type": "str"},
    **secret_options("password"),
    **secret_options("token"),
    "matchers": {"type": "list", "elements": "str", "required": True},
    "system": {"type": "str"},
}
SILENCE: dict[str, dict[str, Any]] = {
    **INFO,
    "state": {"type": "str", "choices": [ENABLED, "disabled"], "required": True},
    "window": {"type": "str", "default": DEFAULT},
    "all_windows": {"type": "bool", "default": False},
    "owner": {"type": "str"},
    "reason": {"type": "str"},
    "ticket": {"type": "str"},
    "expires": {"type": "str"},
    "duration": {"type": "str", "default": "8h"},
}
RULES: dict[str, Any] = {
    "mutually_exclusive": [
        ("token", "token_file", "username"),
        ("token", "token_file", "password"),
        ("token", "token_file", "password_file"),
        ("password", "password_file"),
    ]
}


def open_server(params: Mapping[str, Any], tell: Callable[[str], None]) -> Server:
    """Return the Alertmanager that the options name, without asking it anything yet. Raises ``Failure``."""
    credentials, secrets = _credential(params)
    # Without a credential there is nothing that somebody on the way could read and use.
    in_the_clear = not credentials and params["url"].lower().startswith("http://")
    return Server(
        open_client(
            {**params, "validate_certs": params["validate_certs"] and not in_the_clear},
            credentials=credentials,
            secrets=secrets,
            remedies=REMEDIES,
            tell=tell,
        )
    )


def wish(params: Mapping[str, Any], name: str, owner: str) -> Wish:
    """Return what the task asks for, for the host ``name``. Raises ``Invalid``."""
    enabled = params["state"] == ENABLED
    return Wish(
        enabled=enabled,
        system=params["system"] or name,
        matchers=parse_matchers(params["matchers"]),
        opening=Opening(
            id=params["window"],
            owner=owner,
            reason=(params["reason"] or "").strip(),  # as it is read again
            ticket=params["ticket"] or "",
            expires=(params["expires"] or "") if enabled else "",
        ),
        duration=f"{seconds(params, 'duration'):.0f}s",
        all_windows=params["all_windows"],
    )


def _credential(params: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Return the header to log in with, and the secrets; both are empty without a credential."""
    if token := read_secret(params, "token", ""):
        return {"Authorization": f"Bearer {token}"}, [token]
    user, password = params["username"], read_secret(params, "password", "")
    if bool(user) != bool(password):
        missing = "password" if user else "username"
        raise Invalid(missing, "it is not given", "Give both for basic authentication, neither without a login")
    return ({"Authorization": basic(user, password)}, [password]) if user and password else ({}, [])
