# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the attributes that every module states, and of those that act on a Windows host."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of the modules; the module itself states support and details."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Says what would change without changing it.
  diff_mode:
    description: Shows the state before and after.
  idempotent:
    description: A second run with the same options changes nothing.
  platform:
    description: What the module acts on.
"""

    ACTION = r"""
attributes:
  action:
    description: Runs as an action plugin on the controller.
    support: full
  async:
    description: Can be used with C(async).
    support: none
"""

    WINDOWS = r"""
attributes:
  platform:
    description: What the module acts on.
    platforms: windows
    support: full
options:
  run_by:
    description:
      - How the commands reach the host. V(auto) runs native programs in a WinRM shell where the connection is
        P(ansible.builtin.winrm#connection), and uses the connection's C(exec_command) elsewhere.
      - V(exec_command) uses the latter over WinRM too, which starts PowerShell for each command.
    type: str
    choices: [auto, exec_command]
    default: auto
notes:
  - Runs programs that Windows has over the host's own connection; copies nothing to the host and compiles nothing
    there, so it works where Application Control blocks unrecognised software.
  - C(become) is refused, since it does not reach the shell in which the commands run. Connect with an account that
    has the rights.
"""
