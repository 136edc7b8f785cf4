"""Writes the result of each task as a line of JSON, for the tests."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: record
type: notification
short_description: Writes the result of each task as a line of JSON
description: [Writes the result of each task as a line of JSON to the file that the environment names.]
requirements: [Enabled in configuration.]
"""


class CallbackModule(CallbackBase):
    """One line a result."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    def _record(self, outcome: str, result: Any) -> None:
        # ansible-core 2.19 has result.task, older ones result._task; both know these.
        task = getattr(result, "task", None) or result._task
        host = getattr(result, "host", None) or result._host
        content = getattr(result, "result", None) or result._result
        line = {
            "outcome": outcome,
            "host": host.get_name(),
            "task": task.get_name(),
            "action": task.resolved_action or task.action,
            "result": content,
        }
        with Path(os.environ["QUIESCE_RECORD"]).open("a") as file:
            file.write(json.dumps(line, default=str) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        """Record a success."""
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Record a failure."""
        self._record("failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Record a lost host."""
        self._record("unreachable", result)
