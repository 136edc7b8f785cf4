# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The shapes of a failure: what was attempted, on what, what came back, what to do; and input that is refused."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._text import one_line

_OPTION = re.compile(r"\bO\(([a-z][a-z0-9_]*)(=[^)]*| of [^)]*)?\)")
_VALUE = re.compile(r"\bV\(([^)]*)\)")


class Failure(Exception):
    """Something could not be done, said so that a person at night knows what to do next.

    ``attempted`` completes "Could not ..." ("read CONFIGURATIONMODE"), ``target`` names the system,
    ``answer`` quotes what came back, ``remedy`` says what to do. None of them may hold a secret. An option is written
    as in Ansible's documentation, ``O(kill_hung)``: the face that shows the message knows what its user calls it.
    ``details`` goes into the task's result beside the message. ``state``, set by whoever knows, says in which state
    the system is left. ``unknown`` says that what was attempted may have been done all the same: its answer was lost.
    """

    unknown = False

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
        self.state = ""
        super().__init__(attempted, target, answer, remedy)

    def __str__(self) -> str:
        where = f" on {self.target}" if self.target else ""
        return _joined(f"Could not {self.attempted}{where}: {sentence(self.answer)}", self.remedy, self.state)


class Invalid(Failure):
    """An option that cannot be used, in the form ``Invalid drain_timeout: "ten" is not a duration. Use 30m.``."""

    def __init__(self, option: str, answer: str, remedy: str = "") -> None:
        super().__init__(f"use O({option})", "", answer, remedy)
        self.option = option

    def __str__(self) -> str:
        return _joined(f"Invalid O({self.option}): {sentence(self.answer)}", self.remedy)


class Refused(Failure):
    """The system must not be switched as it is now; nothing was touched. ``reasons`` name the way out, each its own."""

    def __init__(self, target: str, reasons: list[str]) -> None:
        super().__init__("switch maintenance mode", target, " ".join(reasons), "")
        self.reasons = reasons

    def __str__(self) -> str:
        return _joined(f"Refused, nothing was touched on {self.target}.", *self.reasons)


class TimedOut(Failure):
    """The answer did not come in time. Whether what was sent was still done is not known."""

    unknown = True


class Unreachable(Failure):
    """The way to the system broke. Whether the last thing that was sent was still done is not known."""

    unknown = True


def _joined(*parts: str) -> str:
    return " ".join(filter(None, (sentence(part) for part in parts)))


def sentence(text: str) -> str:
    """Return ``text`` on one line, ending as a sentence does; what a terminal would obey is escaped."""
    text = one_line(text)
    return text if not text or text[-1] in ".!?" else f"{text}."


def spoken(text: str, prefix: str = "", bare: Collection[str] = (), shared: Collection[str] = ()) -> str:
    """Return a message with its options as their user calls them.

    ``O(kill_hung=true)`` becomes "kill_hung: true", ``O(manager of dev01)`` "manager of dev01", with ``prefix`` put
    before it unless it is among the ``bare`` ones; before the ``shared`` ones, which came from a variable for all
    systems, "quiesce_".
    """

    def called(match: re.Match[str]) -> str:
        before = "" if match[1] in bare else "quiesce_" if match[1] in shared else prefix
        return f"{before}{match[1]}{(match[2] or '').replace('=', ': ', 1)}"

    return _VALUE.sub(r"\1", _OPTION.sub(called, text))
