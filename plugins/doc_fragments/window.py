# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the options in module_utils/_window_options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Windows, and where the record of them is kept."""

    DOCUMENTATION = r"""
options:
  window:
    description:
      - Id of the window to open or close, normally the number of the change. It is case-sensitive.
      - A variable C(quiesce_window) gives it for all systems; so do C(quiesce_all_windows), C(quiesce_owner),
        C(quiesce_reason), C(quiesce_ticket) and C(quiesce_expires).
    type: str
    default: default
  all_windows:
    description: Whether O(state=disabled) closes every open window, no matter who opened it.
    type: bool
    default: false
  owner:
    description:
      - Who opens the window. The default is the AWX user, otherwise the user on the controller. An open window keeps
        its owner.
    type: str
  reason:
    description: Why the window is opened, for the record.
    type: str
  ticket:
    description: Number of the change, for the record.
    type: str
  expires:
    description:
      - When the window ends, as a time with a time zone, or as a duration from its opening, with a unit, like V(2h).
        Maintenance mode is not turned off automatically then; the status reports the window as overdue.
      - An end in the past is refused.
    type: str
  busy_timeout:
    description:
      - How long to wait for another run that is at work on the system before this one is refused. A run that died is
        taken over when its lease ends, three minutes after it was last renewed. Check mode does not wait.
    type: str
    default: 4m
  take_over:
    description:
      - Whether to take over at once from a run that is recorded as being at work. Only for a run that you know to be
        dead.
    type: bool
    default: false
"""

    STORE = r"""
options:
  store_host:
    description:
      - Host of the inventory that keeps the record, since the system itself cannot. It needs a POSIX shell and Python
        3.7 or newer, and is reached through its own connection, without become. Windows is refused.
      - By default the controller. B(In an execution environment, of AWX for instance, what the controller keeps is gone
        when the job ends,) so that the next job takes the mode for somebody else's. Name a host there.
      - A variable C(quiesce_store_host) gives it for all systems, and C(quiesce_store_path) the path.
    type: str
  store_path:
    description:
      - Directory of the records on O(store_host). It is made if it is not there, for this account alone.
      - By default C(quiesce.maintenance) below E(XDG_STATE_HOME), else C(~/.local/state/quiesce.maintenance), for root
        C(/var/lib/quiesce.maintenance).
      - Several accounts that switch the same systems need one directory that belongs to a group of theirs, with the
        mode V(2770). Where the group may write, its members can read and write the files; otherwise the owner alone.
    type: str
"""
