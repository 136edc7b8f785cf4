# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The one shape of a failure: what was attempted, on what, what came back, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Failure(Exception):
    """Something could not be done, said so that a person at night knows what to do next.

    ``attempted`` completes "Could not ..." ("read CONFIGURATIONMODE"), ``target`` names the system,
    ``answer`` quotes what came back, ``remedy`` says what to do. None of them may hold a secret.
    ``details`` goes into the task's result beside the message.
    """

    def __init__(
        self,
        attempted: str,
        target: str,
        answer: str,
        remedy: str,
        *,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        self.attempted = attempted
        self.target = target
        self.answer = answer
        self.remedy = remedy
        self.details: dict[str, Any] = dict(details or {})
        super().__init__(f"Could not {attempted} on {target}: {_sentence(answer)} {_sentence(remedy)}".strip())


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if not text or text[-1] in ".!?" else f"{text}."
