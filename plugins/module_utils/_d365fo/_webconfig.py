# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What web.config of the AOS says, and what kind of environment its host name makes it."""

from __future__ import annotations

import re
from html import unescape

COMMENTS = ("<!--", "-->")
"""Where a comment begins and ends: a setting in it is none."""

SETTINGS = (
    "DataAccess.DbServer",
    "DataAccess.Database",
    "DataAccess.SqlUser",
    "Aos.PackageDirectory",
    "Aos.MetadataDirectory",
    "Common.BinDir",
    "Infrastructure.HostName",
    "Infrastructure.HostUrl",
)
"""The settings that are read (source: d365fo.tools). DataAccess.SqlPwd is not among them."""

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ADD = re.compile(r"<add\s[^>]*>")
_ATTRIBUTE = re.compile(r'\b(key|value)\s*=\s*"([^"]*)"')
# A guess: what ConfigEncryptor.exe writes is not published, but it can't be a server, a path or a host name.
_ENCRYPTED = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")

VHD = "vhd"
ONE_BOX = "azure_one_box"
HOSTED = "microsoft_managed"
ON_PREMISES = "on_premises"
UNKNOWN = "unknown"

_KINDS = (
    # Source: d365fo.tools, which tells environments apart by Infrastructure.HostName. Whatever else lies below
    # dynamics.com (sandbox.ax, sandbox.operations, operations: tier 1, tier 2, production) Microsoft runs itself.
    (re.compile(r"\bcloud\.onebox\.dynamics\.com\.?$", re.IGNORECASE), VHD),
    (re.compile(r"(^|\.)(cloudax|axcloud)\.([\w-]+\.)*dynamics\.com\.?$", re.IGNORECASE), ONE_BOX),
    (re.compile(r"(^|\.)dynamics\.(com|cn)\.?$", re.IGNORECASE), HOSTED),
)

_MICROSOFTS_SQL = re.compile(r"\.database\.(windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)\b", re.IGNORECASE)


def is_microsofts_sql(server: str) -> bool:
    """Whether a SQL Server is one of Azure's: a development machine may be pointed at UAT's database to debug."""
    return bool(_MICROSOFTS_SQL.search(server))


def parse_settings(text: str) -> dict[str, str]:
    """Return the known settings in lines of web.config; any other, a password above all, is dropped."""
    found: dict[str, str] = {}
    for element in _ADD.findall(_COMMENT.sub("", text)):
        attributes = dict(_ATTRIBUTE.findall(element))
        if attributes.get("key") in SETTINGS and "value" in attributes:
            found[attributes["key"]] = unescape(attributes["value"]).strip()  # the last one counts, as in .NET
    return found


def is_encrypted(value: str) -> bool:
    """Whether a value looks like the output of Microsoft's ConfigEncryptor.exe."""
    return bool(_ENCRYPTED.fullmatch(value))


def state_of(settings: dict[str, str]) -> dict[str, str]:
    """Say of each setting whether it is readable: "plain", "encrypted" or "missing"."""
    return {
        name: "missing" if not settings.get(name) else "encrypted" if is_encrypted(settings[name]) else "plain"
        for name in SETTINGS
    }


def kind_of(host_name: str) -> str:
    """Return the kind of environment that an Infrastructure.HostName names."""
    return next((kind for pattern, kind in _KINDS if pattern.search(host_name)), UNKNOWN)
