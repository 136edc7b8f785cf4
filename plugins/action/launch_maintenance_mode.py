# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the progress of the module of the same name, which is documented there and does the work."""

from __future__ import annotations

from ansible_collections.quiesce.maintenance.plugins.plugin_utils._progress import ProgressAction


class ActionModule(ProgressAction):
    """launch_maintenance_mode with progress."""
