# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The lease of a change window: it lives as long as the ansible-playbook of the window does."""

from __future__ import annotations

import os
from typing import Any

from ansible.utils.display import Display
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import LEASE, Run
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window import _guard
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window._step import WindowStep


class _Nobody:
    """Hears what a process says that has no ansible-playbook any more: connections do, at -vvv."""

    def send_display(self, *_args: object, **_more: object) -> None:
        """Hear it."""


_NOBODY: Any = _Nobody()


def keep_alive(step: WindowStep, run: Run, window: str) -> None:
    """Have the lease renewed as long as ansible-playbook lives, and ended when it has."""

    def keep() -> bool:
        step._parent = os.getppid()  # here it is another process
        Display().set_queue(_NOBODY)
        try:
            with step.book(run) as book:
                return book.keep(window)
        except Failure:
            return True  # nobody hears it; the lease ends by itself if this goes on

    def last() -> None:
        step._parent = os.getppid()
        Display().set_queue(_NOBODY)
        with step.book(run) as book:
            book.let_go(window)

    _guard.start(step._parent, LEASE / 4, keep, last)
