# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of the modules; the module itself states support and details."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Reports what would change without changing it.
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
