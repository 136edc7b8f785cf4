# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The action plugins of the systems, each found and loaded once: in the process that starts the workers, if possible.

The workers inherit what is loaded there. Otherwise every one would load the code of its system anew, which costs more
than all that it does.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from functools import cache
from typing import Any

from ansible.plugins.loader import action_loader


@cache
def face(name: str) -> Any:
    """Return the class of the action plugin of a module, by its full name."""
    return action_loader.get(name, class_only=True)


def load(names: Iterable[str]) -> None:
    """Load action plugins here, and take what lies in memory out of the garbage collector's rounds.

    A collection in a worker would write to all that it shares with this process, which then is copied, page by page:
    more work than the task (https://docs.python.org/3/library/gc.html#gc.freeze).
    """
    for name in set(names):
        face(name)
    gc.freeze()
