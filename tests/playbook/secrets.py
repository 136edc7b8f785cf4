"""Secrets that must not be seen, and the places where they could be."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Iterable

from lab.estate import Machine


def spellings(secret: str) -> set[str]:
    """A secret as it is and as it could stand in a log: base64 (also PowerShell's), hexadecimal, percent-encoded..."""
    raw, wide = secret.encode(), secret.encode("utf-16-le")
    return {
        secret,
        base64.b64encode(raw).decode().rstrip("="),
        base64.b64encode(wide).decode().rstrip("="),
        raw.hex(),
        urllib.parse.quote(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        secret.replace('"', '\\"'),
        secret.replace('"', '""'),
    }


def found(text: str, secrets: Iterable[str]) -> list[str]:
    """Which spellings of the secrets stand in a text."""
    return sorted({spelling for secret in secrets for spelling in spellings(secret) if spelling in text})


def left_behind(machine: Machine) -> str:
    """What a Windows machine and its database remember of their clients."""
    return "\n".join(
        [
            *machine.winrm.commands,
            *machine.host.processes_started,
            *machine.database.statements,
            *(event.text for event in machine.host.events),
            str(machine.sql.logins_seen),
            str(machine.database.extended_property("quiesce.maintenance")),
        ]
    )
