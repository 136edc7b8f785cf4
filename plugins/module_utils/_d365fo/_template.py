# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""ConfigTemplate.xml of an on-premises environment: its database and the nodes of its AOS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure

AOS_NODE_TYPES = ("AOSNodeType", "BatchOnlyAOSNodeType", "InteractiveOnlyAOSNodeType")
"""Node types that run an AOS (Microsoft Learn, "Set up and deploy on-premises environments")."""


@dataclass(frozen=True)
class Template:
    """What is needed of the template. ``aos_nodes`` is (name, node type) of each node that runs an AOS."""

    database: str
    sql_server: str
    aos_nodes: tuple[tuple[str, str], ...]

    def result(self) -> Mapping[str, Any]:
        """Return the template as a task's result shows it."""
        nodes = [{"name": name, "type": kind} for name, kind in self.aos_nodes]
        return {"database": self.database, "sql_server": self.sql_server, "aos_nodes": nodes}


def parse(text: str, where: str) -> Template:
    """Read a template; ``where`` names its file for a message. Raises ``Failure`` where it can't be used."""
    try:
        root = ElementTree.fromstring(text.lstrip("\ufeff").strip())
    except ElementTree.ParseError as error:
        raise _unusable(where, f"it is not XML: {error}") from None
    if root.tag != "Config":
        raise _unusable(where, f"its root is {root.tag}, not Config")
    database = next(
        (item.get("dbName", "") for item in root.iter("Database") if item.get("refName", "").lower() == "axdb"), ""
    )
    # A blank listener means a single SQL Server (Microsoft's template says so in a comment).
    listener = next((text.strip() for item in root.iter("ListenerName") if (text := item.text or "").strip()), "")
    server = listener or next((item.get("name", "") for item in root.iter("SQLVM")), "")
    if not database or not server:
        missing = "database with refName axDB" if not database else "SQL Server (ListenerName or SQLVM)"
        raise _unusable(where, f"it names no {missing}")
    nodes = tuple(
        (machine.get("name", ""), kind.get("name", ""))
        for kind in root.iter("NodeType")
        if kind.get("name") in AOS_NODE_TYPES and kind.get("disabled", "false").lower() != "true"
        for machine in kind.iter("VM")
    )
    if not nodes:
        raise _unusable(where, f"it has no node of type {', '.join(AOS_NODE_TYPES)}")
    return Template(database, server, nodes)


def _unusable(where: str, answer: str) -> Failure:
    return Failure("use the configuration template", where, answer, "Give the ConfigTemplate.xml of this environment")
