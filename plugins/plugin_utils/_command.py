# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What every way to a Windows host has in common: what a command line may be, and how its failures are told."""

from __future__ import annotations

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, TimedOut, Unreachable

MAX_LINE = 8191
"""Longest command line that cmd.exe takes, in characters (Microsoft Learn: "Command prompt line string limitation")."""

SAY_AFTER = 10.0
"""Seconds after which a command is long enough to say how it goes on."""


def check_line(line: str, doing: str, name: str) -> None:
    """Refuse what cmd.exe would cut or reinterpret (a leading quote may be stripped by ``cmd.exe /c``)."""
    if len(line) > MAX_LINE or line.startswith('"') or "\n" in line:
        raise Failure(
            doing,
            name,
            f"cmd.exe cannot take the command line of {len(line)} characters unchanged",
            "Shorten O(reason), O(owner) or paths",
        )


def signed(rc: int | None) -> int:
    """Return an exit code as Windows documents it: WinRM sends 3762504530 for -532462766."""
    rc = -1 if rc is None else rc
    return rc - (1 << 32) if rc >= 1 << 31 else rc


def last_line(text: str) -> str:
    """Return the end of an output, for a line of progress."""
    return next((line.strip()[:100] for line in reversed(text.split("\n")) if line.strip()), "")


def too_long(doing: str, name: str, limit: float, seen: str) -> TimedOut:
    """Return the failure of a command that did not end in time."""
    tail = seen.strip()[-200:]
    return TimedOut(
        doing,
        name,
        f"timed out after {limit:.0f} s; the command was abandoned" + (f"; last output: {tail}" if tail else ""),
        "Find out on the host what it is waiting for, or raise the time limit",
    )


def lost(name: str, doing: str, error: BaseException) -> Unreachable:
    """Return the failure of a connection that broke."""
    return Unreachable(
        doing,
        name,
        f"the connection broke: {str(error) or type(error).__name__}",
        "The command may or may not have finished on the host. Run again: the next run looks first and continues "
        "from there",
    )
