# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Where a request goes: the parts of the base URL, and the proxy on the way.

What Python's own parser lets through would fail later with an error that helps nobody, so a URL is judged here. No
message quotes it: it may hold a password.
"""

from __future__ import annotations

import ipaddress
import re
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._redaction import basic

_EXAMPLE = "Use one like https://host.example.com:4119/api"
_PROXY_EXAMPLE = "Use one like http://proxy.example.com:3128"
_PORTS = {"https": 443, "http": 80}
_NETLOC = re.compile(r"(?:(?P<login>.*)@)?(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>.*))?")


class _Unusable(Exception):
    """What is wrong with a URL, and what to do unless another URL is all that helps."""

    def __init__(self, why: str, remedy: str = "") -> None:
        super().__init__(why)
        self.remedy = remedy


@dataclass(frozen=True)
class Address:
    """A base URL in parts: ``host`` as it goes to the resolver, ``path`` without a slash at its end."""

    scheme: str
    host: str
    port: int
    path: str
    netloc: str
    login: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """Return how messages call it."""
        return f"{self.scheme}://{self.netloc}{self.path}"

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme == "https"


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy; ``headers`` say who asks, ``secrets`` are what must not be shown of that."""

    host: str
    port: int
    headers: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


def usable_path(text: str) -> bool:
    """Whether ``text`` can be asked for: a path, with a query or without."""
    return re.fullmatch(r'/[!"$-~]*', text) is not None


def base_address(url: str, option: str = "url") -> Address:
    """Return the parts of a base URL. Raises ``Invalid``, in the name of ``option``, for one that cannot be used."""
    try:
        address = _parse(url, _PORTS, may_log_in=False)
        if "?" in url or "#" in url:
            raise _Unusable("it contains a query or a fragment (? or #)")
        if not address.path.isascii():
            raise _Unusable("its path contains characters that must be percent-encoded")
    except _Unusable as unusable:
        raise Invalid(option, str(unusable), unusable.remedy or _EXAMPLE) from None
    return address


def proxy_for(address: Address, proxy: str | None, option: str = "proxy") -> Proxy | None:
    """Return the proxy on the way to ``address``: ``proxy``, else the environment's. None: connect directly.

    Raises ``Invalid``, in the name of ``option``, or ``Failure`` for one that cannot be used.
    """
    if proxy:
        try:
            return _proxy(proxy)
        except _Unusable as unusable:
            raise Invalid(option, str(unusable), _PROXY_EXAMPLE) from None
    if urllib.request.proxy_bypass(f"{address.host}:{address.port}"):
        return None
    found = urllib.request.getproxies_environment().get(address.scheme)
    if not found:
        return None
    try:
        return _proxy(found)
    except _Unusable as unusable:
        raise Failure(
            "connect",
            str(address),
            f"the environment variable {address.scheme}_proxy contains an unusable address: {unusable}",
            f"{_PROXY_EXAMPLE}, or name this host in no_proxy",
        ) from None


def _proxy(text: str) -> Proxy:
    address = _parse(text if "://" in text else f"http://{text}", {"http": 80}, may_log_in=True)
    if not address.login:
        return Proxy(address.host, address.port, {}, ())
    user, _colon, password = map(urllib.parse.unquote, address.login.partition(":"))
    login = basic(user, password)
    return Proxy(address.host, address.port, {"Proxy-Authorization": login}, (password,))


def _parse(url: str, ports: Mapping[str, int], *, may_log_in: bool) -> Address:
    """Return the parts of a URL; ``ports`` are the schemes that may stand there, and their usual ports."""
    # Python's parser drops some of these silently.
    if not url.isprintable() or " " in url:
        raise _Unusable("it contains a blank or a control character")
    scheme, colon, rest = url.partition(":")
    scheme = scheme.lower()
    if not colon or scheme not in ports:
        raise _Unusable(f"it does not begin with {' or '.join(f'{scheme}://' for scheme in ports)}")
    match = re.match(r"//([^/?#]*)([^?#]*)", rest)
    netloc, path = match.groups() if match else ("", "")
    parts = _NETLOC.fullmatch(netloc)
    if parts is None:
        raise _Unusable("its host name is malformed")
    login = parts["login"]
    if login is not None and not may_log_in:
        # It would stand in every message.
        raise _Unusable("it contains a user name or password", "Set the credential with its own option")
    port = _port(parts["port"] or str(ports[scheme]))
    return Address(scheme, _host(parts["host"]), port, path.rstrip("/"), netloc, login)


def _port(text: str) -> int:
    if ":" in text:
        raise _Unusable("an IPv6 address must stand in brackets")
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise _Unusable("its port is not a number from 1 to 65535")
    return int(text)


def _host(text: str) -> str:
    """Return a host as it goes to the resolver."""
    if not text:
        raise _Unusable("it contains no host name")
    if text.startswith("["):
        try:
            return str(ipaddress.IPv6Address(text[1:-1]))
        except ValueError:
            raise _Unusable("its IPv6 address is malformed") from None
    try:
        name = text.encode("idna").decode()
    except UnicodeError:
        name = ""
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        raise _Unusable("its host name is malformed")
    return name
