# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Where a request goes: the parts of the base URL, and the proxy on the way."""

from __future__ import annotations

import urllib.parse
import urllib.request

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._redaction import basic


def base_url(url: str) -> tuple[urllib.parse.SplitResult, int]:
    """Return the parts of a base URL and its port, or refuse it."""
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Failure(
            "connect", "the server", f"the URL is not one: {error}", "Write it like https://host:4119/api"
        ) from None
    if parts.username or parts.password:
        raise Failure(
            "connect",
            f"{parts.scheme}://{parts.hostname}",
            "the URL holds a user name or password",
            "Give the credential by its own option, where it is kept out of messages and logs",
        )
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        raise Failure("connect", url or "the server", "the URL is not usable", "Write it like https://host:4119/api")
    return parts, port or (443 if parts.scheme == "https" else 80)


def proxy_for(target: str, proxy: str | None, host: str, port: int) -> tuple[str, int, dict[str, str]] | None:
    """Return the proxy's host, port and headers, or None to connect directly."""
    if not proxy:
        if urllib.request.proxy_bypass(f"{host}:{port}"):
            return None
        proxy = urllib.request.getproxies().get("https")
        if not proxy:
            return None
    remedy = "Write it like http://proxy.example.com:3128"
    try:
        parts = urllib.parse.urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        proxy_port = parts.port or 80
    except ValueError:
        raise Failure("connect", target, "the address of the proxy is not usable", remedy) from None
    if parts.scheme != "http" or not parts.hostname:
        raise Failure("connect", target, "the address of the proxy is not usable", remedy)
    headers = {}
    if parts.username:
        user, password = urllib.parse.unquote(parts.username), urllib.parse.unquote(parts.password or "")
        headers["Proxy-Authorization"] = basic(user, password)
    return parts.hostname, proxy_port, headers
