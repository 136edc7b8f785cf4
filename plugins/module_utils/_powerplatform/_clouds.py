# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The clouds, each with its own hosts and token scopes, and which hosts may be sent a token. Pure.

Hosts and scopes: microsoft/terraform-provider-power-platform 57ba091a, constants. Its comment names another host of the
public API for gcchigh than its code, which is followed here.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Collection
from dataclasses import dataclass

DEFAULT_SCOPE = "/.default"


@dataclass(frozen=True)
class Cloud:
    """``bap`` is the host of the administration API, ``resource`` what its token is for; ``api`` the documented API."""

    bap: str
    resource: str
    login: str
    api: str


CLOUDS = {
    "public": Cloud(
        "api.bap.microsoft.com",
        "https://service.powerapps.com",
        "login.microsoftonline.com",
        "api.powerplatform.com",
    ),
    "gcc": Cloud(
        "gov.api.bap.microsoft.us",
        "https://service.powerapps.us",
        "login.microsoftonline.com",
        "api.gov.powerplatform.microsoft.us",
    ),
    "gcchigh": Cloud(
        "high.api.bap.microsoft.us",
        "https://high.service.apps.appsplatform.us",
        "login.microsoftonline.us",
        "api.appsplatform.us",
    ),
    "dod": Cloud(
        "api.bap.appsplatform.us",
        "https://service.apps.appsplatform.us",
        "login.microsoftonline.us",
        "api.appsplatform.us",
    ),
    "china": Cloud(
        "api.bap.partner.microsoftonline.cn",
        "https://service.powerapps.cn",
        "login.chinacloudapi.cn",
        "api.powerplatform.partner.microsoftonline.cn",
    ),
}


@dataclass(frozen=True)
class Endpoints:
    """Where requests go. URLs have no slash at their end; ``trusted`` are more hosts, with their port if it is not 443,
    to which the token of ``bap`` may be sent."""

    bap: str
    bap_resource: str
    login: str
    api: str
    api_resource: str
    trusted: tuple[str, ...] = ()

    @property
    def home(self) -> str:
        """By which address environments are known: that of the cloud for all hosts of its regions."""
        place = _place(self.bap)
        host = f".{place.host}" if place else ""
        return next((f"https://{cloud.bap}" for cloud in CLOUDS.values() if host.endswith(f".{cloud.bap}")), self.bap)

    def may_have_token(self, url: str) -> bool:
        """Whether the token of the administration API may be sent to ``url``: its own host, and hosts below it.

        An operation is answered for by a host of its region (europe.api.bap.microsoft.com). Its URL comes in a header
        of an answer, so nothing else in it is believed.
        """
        own = _place(self.bap)
        there = _place(url)
        if own is None or there is None or there.scheme != own.scheme:
            return False
        if f"{there.host}:{there.port}" in {name if ":" in name else f"{name}:443" for name in self.trusted}:
            return True
        return there.port == own.port and (there.host == own.host or there.host.endswith(f".{own.host}"))


def endpoints(
    cloud: str,
    *,
    bap: str = "",
    bap_resource: str = "",
    login: str = "",
    api: str = "",
    trusted: Collection[str] = (),
) -> Endpoints:
    """Return the endpoints of a cloud; what is given takes the place of the cloud's own."""
    known = CLOUDS[cloud]
    return Endpoints(
        bap=bap.rstrip("/") or f"https://{known.bap}",
        bap_resource=bap_resource.removesuffix(DEFAULT_SCOPE) or known.resource,
        login=login.rstrip("/") or f"https://{known.login}",
        api=api.rstrip("/") or f"https://{known.api}",
        # What the token is for is the API's public name, whatever address leads to it.
        api_resource=f"https://{known.api}",
        trusted=tuple(name.strip().lower() for name in trusted),
    )


@dataclass(frozen=True)
class _Place:
    scheme: str
    host: str
    port: int


def _place(url: str) -> _Place | None:
    """Return where a URL leads, None for one that is not plain: blanks, a backslash, a user name, no host."""
    if not url.isascii() or not url.isprintable() or any(character in url for character in " \\@"):
        return None
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        return None
    return _Place(parts.scheme, parts.hostname.lower(), port or (443 if parts.scheme == "https" else 80))
