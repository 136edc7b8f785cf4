"""Writes the results of a run to stdout as lines of JSON, as the callbacks of other collections do."""

from __future__ import annotations

import json
import sys
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: lines_json
type: stdout
short_description: Writes the results of a run to stdout as lines of JSON
description: [Writes each result as a line of JSON, and the custom statistics as the last one.]
"""


class CallbackModule(CallbackBase):
    """A stdout callback for programs; whoever else writes to stdout breaks it."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "lines_json"

    def _line(self, content: Any) -> None:
        sys.stdout.write(json.dumps(content, default=str) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        """Write a success."""
        self._line({"ok": getattr(result, "result", None) or result._result})

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Write the custom statistics."""
        self._line({"statistics": stats.custom})
