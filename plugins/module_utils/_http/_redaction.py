# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What must not be read: credentials, in all the forms in which they could appear in a text."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Iterable

MASK = "********"


def basic(user: str, password: str) -> str:
    """Return the value of an Authorization header for ``user`` and ``password`` (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def spellings(secrets: Iterable[str]) -> list[str]:
    """Return the forms in which secrets could appear in a text, the longest first."""
    forms: set[str] = set()
    for secret in secrets:
        # "Basic abc", "ApiKey abc": the second word is the secret, too.
        for text in (secret, secret.partition(" ")[2]):
            if text:
                forms |= {text, urllib.parse.quote(text, safe=""), json.dumps(text)[1:-1]}
    return sorted(forms, key=len, reverse=True)
