# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The AOS of a machine: whether it answers over HTTP, asked from the controller or from the machine itself."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from ansible.module_utils.urls import Request
from ansible_collections.quiesce.maintenance.plugins.module_utils._cmd import check_plain
from ansible_collections.quiesce.maintenance.plugins.module_utils._deadline import within
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Host

REQUEST_LIMIT = 30
"""Seconds for one request: an AOS that warms up may take its time to answer."""

CONTROLLER, HOST, AUTO = "controller", "host", "auto"

UNTRUSTED, UNRESOLVED, SILENT, NO_HTTP = "untrusted", "unresolved", "silent", "no HTTP"

_CURL = {6: UNRESOLVED, 51: UNTRUSTED, 58: UNTRUSTED, 60: UNTRUSTED, 77: UNTRUSTED}
"""What exit codes of curl mean (curl's manual, "EXIT CODES")."""

_SCHANNEL = re.compile("SEC_E_UNTRUSTED_ROOT|SEC_E_CERT|SEC_E_WRONG_PRINCIPAL|CERT_E_")
"""Errors of Windows about a certificate, which older versions of curl report as 35, like any broken handshake."""

_TRUST = "Set the certificate authority (O(url_ca_path)), or use the name in the certificate (O(url))"
_ADDRESS = "Check that the AOS is running and that this is its address (O(url))"


@dataclass(frozen=True)
class Answer:
    """What came back: an HTTP status, or None, the kind of trouble and what it was in words."""

    status: int | None = None
    trouble: str = ""
    kind: str = ""


Get = Callable[[str], Answer]
"""Asks an address once."""


def check_url(url: str) -> None:
    """Refuse an address that is none, or that holds a password. Raises ``Invalid``."""
    if re.match(r"[^/]*//[^/]*@", url):
        raise Invalid("url", "it contains a user name or password", "Remove them: they would appear in logs")
    if not _usable(url):
        raise Invalid("url", f'"{url}" is not an AOS address', "Use one like https://dev01.example.com/")


def _usable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return usable and url.isascii() and url.isprintable() and " " not in url


def from_controller(
    validate_certs: bool, ca_path: str | None, tick: Callable[[], None], limit: float = REQUEST_LIMIT
) -> Get:
    """Return how the controller asks. A redirect to the sign-in page is not followed: it shows that the AOS works.

    ``limit`` is the longest that one request may take, in seconds, as for ``from_host``.
    """

    def ask(url: str) -> Answer:
        response = Request().open(
            "GET",
            url,
            timeout=limit,
            follow_redirects="none",
            validate_certs=validate_certs,
            ca_path=ca_path,
            use_proxy=True,
        )
        with response:
            return Answer(int(response.status))

    def get(url: str) -> Answer:
        if not _usable(url):
            return Answer(None, f'"{url}" is not an AOS address', UNRESOLVED)
        try:
            return within(limit, lambda: ask(url), tick=tick)
        except HTTPError as error:
            error.close()
            return Answer(error.code)
        except http.client.RemoteDisconnected:
            return Answer(None, "it closed the connection without an answer", SILENT)
        except http.client.HTTPException as error:
            return Answer(None, f"the answer is not HTTP ({type(error).__name__})", NO_HTTP)
        except (URLError, OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, ssl.SSLCertVerificationError):
                return Answer(None, f"its certificate cannot be verified: {reason.verify_message}", UNTRUSTED)
            if isinstance(reason, socket.gaierror):
                return Answer(None, f"the host name does not resolve ({reason.strerror})", UNRESOLVED)
            return Answer(None, f"no answer ({reason})", SILENT)

    return get


def from_host(host: Host, validate_certs: bool, limit: float = REQUEST_LIMIT) -> Get:
    """Return how the machine asks itself: by the curl.exe that Windows has since Server 2019.

    It trusts what the machine trusts; whether certificates were revoked is not asked, since many machines can't.
    """

    def get(url: str) -> Answer:
        check_plain("url", url)
        insecure = "" if validate_certs else "-k "
        completed = host.run(
            f"curl.exe -sS -o nul -D - --ssl-no-revoke {insecure}"
            f'--connect-timeout {min(10, limit):.0f} --max-time {limit:.0f} "{url}"',
            doing="ask the AOS",
            limit=limit + 30,
        )
        statuses = re.findall(r"^HTTP/[0-9.]+ ([0-9]{3})", completed.stdout, re.MULTILINE)
        if statuses:
            return Answer(int(statuses[-1]))
        said = " ".join(completed.stderr.split())
        if completed.rc == 9009 or said.startswith("'curl.exe'"):
            return Answer(None, "curl.exe does not exist there", SILENT)
        kind = UNTRUSTED if _SCHANNEL.search(said) else _CURL.get(completed.rc, SILENT)
        return Answer(None, said or f"curl.exe ended with {completed.rc}", kind)

    return get


@dataclass
class Aos:
    """One AOS address. ``accept`` holds the HTTP statuses that mean ready.

    ``gets`` are the places from which it is asked, by name and in order; the first that gets any HTTP answer stays.
    That 302 means ready is a guess (Microsoft's own check asks for 200), so ``accept`` is an option.
    """

    url: str
    gets: Mapping[str, Get]
    accept: Collection[int] = (200, 302)
    _place: str = field(default="")

    def describe(self) -> str:
        """Name it for a message."""
        return f"the AOS at {self.url}"

    def objection(self) -> str:
        """Ask once, while IIS still runs; return why it can't be waited for, and what to do; "" where it can."""
        answer, told = self._ask()
        if answer.status is not None:
            return ""
        return f"{self.url}: {told}. {_TRUST if answer.kind == UNTRUSTED else _ADDRESS}"

    def pending(self) -> list[str]:
        """Return what it says in place of being ready. Raises ``Failure`` for what waiting does not mend."""
        answer, told = self._ask()
        if answer.kind == UNTRUSTED:
            raise Failure("ask whether the AOS is ready", self.url, told, _TRUST)
        if answer.status is None:
            return [told]
        return [] if answer.status in self.accept else [f"HTTP {answer.status}"]

    def _ask(self) -> tuple[Answer, str]:
        """Ask from the place that got an answer before, else from one after the other."""
        troubles = {}
        for place in [self._place] if self._place else self.gets:
            answer = self.gets[place](self.url)
            if answer.status is not None:
                self._place = place
                return answer, ""
            troubles[place] = answer.trouble
            if answer.kind in (UNTRUSTED, NO_HTTP):
                break  # it was reached, so it would say the same to others
        if len(troubles) == 1:
            return answer, next(iter(troubles.values()))
        return answer, "; ".join(f"from the {place}: {trouble}" for place, trouble in troubles.items())
