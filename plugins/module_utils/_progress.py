# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Lines about a long wait, on their way from a module to the screen.

A module can't print. It writes the lines into a file in its temporary folder; where an action plugin made that folder
and the module runs on the controller, the plugin shows them as they come (plugins/plugin_utils/_progress.py).
Elsewhere the file goes away unread with the folder.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ansible_collections.quiesce.maintenance.plugins.module_utils._text import one_line

FILE_NAME = "progress"


def teller(folder: str) -> Callable[[str], None]:
    """Return a function that adds one line to the file in ``folder`` (a module's ``tmpdir``)."""
    path = Path(folder, FILE_NAME)

    def tell(line: str) -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write(one_line(line) + "\n")

    return tell
