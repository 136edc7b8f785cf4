# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Whether an AOS answers over HTTPS, as a ``System`` of the verb that has nothing to write and only waits."""

from __future__ import annotations

import ssl
from collections.abc import Collection
from dataclasses import dataclass
from urllib.error import HTTPError, URLError

from ansible.module_utils.urls import Request
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan

REQUEST_TIMEOUT = 30
"""Seconds for one request: an AOS that warms up may take its time to answer."""


@dataclass(frozen=True)
class Aos:
    """One AOS address. ``accept`` holds the HTTP statuses that mean ready.

    A redirect to the sign-in page is not followed: it shows that the AOS works, which the identity provider's answer
    would not. That 302 means ready is a guess (Microsoft's own check asks for 200), so ``accept`` is an option.
    """

    url: str
    accept: Collection[int] = (200, 302)
    validate_certs: bool = True
    ca_path: str | None = None

    def describe(self) -> str:
        return f"the AOS at {self.url}"

    def read(self) -> str:
        """Return "" where the AOS is ready, else what it says instead. Raises ``Failure`` for a bad certificate."""
        try:
            response = Request().open(
                "GET",
                self.url,
                timeout=REQUEST_TIMEOUT,
                follow_redirects="none",
                validate_certs=self.validate_certs,
                ca_path=self.ca_path,
                use_proxy=True,
            )
            status = int(response.status)
            response.close()
        except HTTPError as error:
            status = error.code
            error.close()
        except (URLError, OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, ssl.SSLCertVerificationError):
                raise Failure(
                    "ask whether the AOS is ready",
                    self.url,
                    f"its certificate can't be verified: {reason.verify_message}",
                    "Give the authority's certificate (ca_path), or the name that the certificate holds",
                ) from None
            return f"no answer ({reason})"
        return "" if status in self.accept else f"HTTP {status}"

    def plan(self, reading: str) -> Plan[None]:
        state = {"ready": not reading}
        return Plan(before=state, after={"ready": True}, pending=(reading,) if reading else ())

    def apply(self, plan: Plan[None]) -> None:
        """Nothing is ever written."""
