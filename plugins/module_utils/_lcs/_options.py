# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The options of the LCS modules (documented by doc_fragments/lcs.py), and what they name."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils import _window_options
from ansible_collections.quiesce.maintenance.plugins.module_utils._connection import (
    OPTIONS,
    open_client,
    read_secret,
    secret_options,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid, Refused
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Pace, usable_path
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs import _api, _portal
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._cookies import parse_cookies
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._look import START, Look
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._place import DEFAULTS, FOUND, Place
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._servicing import Servicing
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._state import (
    OTHER_STATES,
    OTHER_STATUSES,
    SAFE_MODE,
    STATES,
    Words,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Patience
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import seconds
from ansible_collections.quiesce.maintenance.plugins.module_utils._window_options import STORE, WINDOW

PUBLIC = "https://lcs.dynamics.com"

# The portals that Microsoft runs; the host of the public API is that of the portal with a word before it.
_PORTALS = re.compile(r"(?:(?:eu|fr|sa|uae|ch|no)\.)?lcs\.dynamics\.(?:com|cn)|gov\.lcs\.microsoftdynamics\.us")
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_MARGIN = 30.0

_UNDOCUMENTED = (
    "LCS has no public API for maintenance mode. The interface of its portal is not documented or supported by "
    "Microsoft, may change at any time, and needs the cookies of a person's session. If you accept that, set "
    "O(accept_undocumented_api=true)."
)

COMMON: dict[str, dict[str, Any]] = {
    **OPTIONS,
    "url": {"type": "str", "default": PUBLIC},
    "project_id": {"type": "str", "required": True},
    "environment_id": {"type": "str", "required": True},
    **secret_options("cookies"),
    "api_url": {"type": "str"},
    **secret_options("api_token"),
    "accept_undocumented_api": {"type": "bool", "default": False},
    "maintenance_status": {"type": "list", "elements": "str", "default": list(Words.statuses)},
    "maintenance_states": {"type": "list", "elements": "int", "default": [SAFE_MODE]},
    **{name: {"type": "str"} for name in FOUND},
    **{name: {"type": "str", "default": path} for name, path in DEFAULTS.items()},
}
MODE: dict[str, dict[str, Any]] = {
    **COMMON,
    "state": {"type": "str", "choices": ["enabled", "disabled"], "required": True},
    "servicing_timeout": {"type": "str", "default": "2h"},
    "start_timeout": {"type": "str", "default": "5m"},
    "poll_interval": {"type": "str", "default": "30s"},
    "on_session_over": {"type": "str", "choices": ["continue", "fail"], "default": "continue"},
    **WINDOW,
    **STORE,
}
INFO = {**COMMON, **STORE}
RULES: dict[str, Any] = {"mutually_exclusive": [("cookies", "cookies_file"), ("api_token", "api_token_file")]}


def place(params: Mapping[str, Any]) -> Place:
    """Return which environment is meant. Raises ``Invalid`` for ids that are none."""
    project, environment = params["project_id"].strip(), params["environment_id"].strip()
    if not re.fullmatch("0*[1-9][0-9]{0,17}", project):
        raise Invalid("project_id", f'"{project}" is not a number', "It is the number in the address of the project")
    if not _GUID.fullmatch(environment):
        raise Invalid(
            "environment_id",
            f'"{environment}" is not a GUID',
            "It is EnvironmentId in the address of the environment's details page in LCS",
        )
    # The file with the record is called after it, so there is one way to write it.
    return Place(project.lstrip("0"), environment.lower(), params["url"].rstrip("/"))


def words(params: Mapping[str, Any]) -> Words:
    """Return by what maintenance mode is recognised. Raises ``Invalid`` for what is known to mean something else."""
    use = "Use the text and the number that LCS shows while maintenance mode is on"
    for status in params["maintenance_status"]:
        if status.strip().casefold() in OTHER_STATUSES:
            raise Invalid("maintenance_status", f'"{status}" is known to mean something else', use)
    for state in params["maintenance_states"]:
        if state in OTHER_STATES:
            raise Invalid("maintenance_states", f"{state} ({STATES[state]}) is known to mean something else", use)
    return Words(tuple(params["maintenance_status"]), tuple(params["maintenance_states"]))


def open_system(params: Mapping[str, Any], store: FileStore, run: Run, *, check_mode: bool) -> Servicing:
    """Return the environment as a task switches it, without asking anything yet.

    Raises ``Refused`` without the consent to use what is not documented, ``Failure`` for options that cannot be used.
    """
    start = seconds(params, "start_timeout", zero=True)
    return Servicing(
        open_portal(params, place(params), run, start=start),
        _window_options.request(params, run.owner),
        _window_options.ledger(params, store, run),
        Patience(seconds(params, "servicing_timeout", zero=True), seconds(params, "poll_interval"), run),
        lease=seconds(params, "request_timeout") + _MARGIN,
        check_mode=check_mode,
    )


def open_portal(params: Mapping[str, Any], where: Place, run: Run, *, start: float = START) -> Look:
    """Return who looks at the environment in the portal, without asking it anything yet.

    Raises ``Refused`` without the consent to use what is not documented, ``Failure`` without usable cookies.
    """
    if not params["accept_undocumented_api"]:
        raise Refused(str(where), [_UNDOCUMENTED, f"Otherwise use Maintain on the page {where.page()}"])
    secret = read_secret(params, "cookies", "LCS_COOKIES")
    if not secret:
        raise Failure(
            "sign in",
            where.portal,
            "no cookies of a session were given",
            f"Sign in at {where.login_page} with a browser, copy the Cookie header of a request to LCS, and give it as "
            "O(cookies) or O(cookies_file), or in the environment variable LCS_COOKIES",
        )
    jar = parse_cookies(secret, where.project)
    paths = {name: _path(name, params[name], where) for name in (*DEFAULTS, *FOUND) if params[name]}
    client = open_client(
        params,
        headers=_portal.HEADERS,
        secrets=[secret, *jar.secrets],
        tell=run.tell,
        now=run.now,
        sleep=run.rest,
    )
    portal = _portal.Portal(client, jar, where, paths, words(params))
    return Look(portal, run, start, open_api(params, where, run))


def open_api(params: Mapping[str, Any], where: Place, run: Run) -> _api.PublicApi | None:
    """Return the environment by the public API, None without its token. Raises ``Failure``."""
    token = read_secret(params, "api_token", "LCS_API_TOKEN")
    if not token:
        return None
    client = open_client(
        {**params, "url": _api_url(params)},
        headers=_api.HEADERS,
        credentials={"Authorization": f"Bearer {token}"},
        secrets=[token],
        remedies=_api.REMEDIES,
        pace=Pace(_api.PER_MINUTE, now=run.now, sleep=run.rest),
        tell=run.tell,
        now=run.now,
        sleep=run.rest,
    )
    return _api.PublicApi(client, where, words(params))


def has_cookies(params: Mapping[str, Any]) -> bool:
    """Whether there is a session of the portal."""
    return read_secret(params, "cookies", "LCS_COOKIES") is not None


def _api_url(params: Mapping[str, Any]) -> str:
    if params["api_url"]:
        return str(params["api_url"])
    host = urllib.parse.urlsplit(params["url"]).hostname or ""
    if not _PORTALS.fullmatch(host):
        raise Invalid(
            "api_url",
            "it is not given, and O(url) is not one of Microsoft's portals",
            "Use one like https://lcsapi.lcs.dynamics.com",
        )
    return f"https://lcsapi.{host}"


def _path(name: str, template: str, where: Place) -> str:
    if not usable_path(where.path(template)):
        raise Invalid(
            name,
            f'"{template}" is not a valid path',
            "Use one like /V2, with {project_id} and {environment_id} for the ids",
        )
    return template
