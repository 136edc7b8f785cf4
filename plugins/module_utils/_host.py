# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What a product may ask of a Windows host: run a command line. How it gets there is not a product's business."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Completed:
    """What a command left behind: its exit code and its output, decoded as UTF-8."""

    rc: int
    stdout: str
    stderr: str


class Host(Protocol):
    """A Windows host that runs command lines of cmd.exe.

    ``keeps_secrets`` says whether it can give a program a secret in the environment, where nobody else sees it.
    """

    name: str
    keeps_secrets: bool

    def run(self, line: str, *, doing: str, limit: float, composite: bool = False, secret: bool = False) -> Completed:
        """Run one command line and wait for its end; a long wait is told.

        ``doing`` completes "Could not ..." in a message ("stop W3SVC"); the line itself is never shown, since it
        may hold a secret. ``limit`` is in seconds; beyond it the command is ended and ``Failure`` raised.
        ``composite`` says that several programs print and only stdout counts: the host may fetch it in one piece,
        without empty lines and exit code. ``secret`` says that the program looks for a secret in its environment.
        A broken connection raises ``Unreachable``.
        """
