# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""A process that looks after something as long as ansible-playbook lives, and does one last thing when that has ended.

A task can't: its worker ends with it, and nothing of Ansible's runs while a task of somebody else's does.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable

_EVERY = 1.0


def ended(pid: int, seconds: float) -> bool:
    """Wait until a process has ended, at most so many seconds; return whether it has."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    except (AttributeError, OSError):  # not Linux, or an old one
        return _gone(pid, seconds)
    try:
        # One that has ended and whom nobody has asked for its exit code is reported, too.
        waiting = select.poll()
        waiting.register(process, select.POLLIN)
        return bool(waiting.poll(seconds * 1000))
    finally:
        os.close(process)


def _gone(pid: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        left = until - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(_EVERY, left))


def start(pid: int, every: float, keep: Callable[[], bool], last: Callable[[], None]) -> None:
    """Start the process and return at once.

    It calls ``keep`` every so many seconds until that returns False, and ``last`` if the process ``pid`` has ended
    before. It has neither our terminal nor our files, so that nobody waits for it.
    """
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    code = 1
    try:
        os.setsid()
        if os.fork() == 0:
            _let_go()
            _watch(pid, every, keep, last)
        code = 0
    finally:
        # Nothing of ansible-playbook's is to be cleaned up here.
        os._exit(code)


def _let_go() -> None:
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDWR)
    for file in (0, 1, 2):
        os.dup2(nothing, file)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))


def _watch(pid: int, every: float, keep: Callable[[], bool], last: Callable[[], None]) -> None:
    while not ended(pid, every):
        if not keep():
            return
    last()
