# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""One client for JSON over HTTPS: TLS, proxy, time limits, retries with back-off, redaction. It knows no product."""

from __future__ import annotations

from ansible_collections.quiesce.maintenance.plugins.module_utils._http._address import usable_path
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._answer import Answer, Raw
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._client import Client
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._redaction import basic
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._retry import (
    Pace,
    Retry,
    http_date,
    retry_after,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._trouble import HttpFailure

__all__ = [
    "Answer",
    "Client",
    "HttpFailure",
    "Pace",
    "Raw",
    "Retry",
    "basic",
    "http_date",
    "retry_after",
    "usable_path",
]
