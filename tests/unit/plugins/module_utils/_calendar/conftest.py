"""The options of a task, with their defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._options import OPTIONS

Params = Callable[..., dict[str, Any]]


@pytest.fixture
def params() -> Params:
    """Returns the options of a task."""

    def params(**given: Any) -> dict[str, Any]:
        defaults = {name: option.get("default") for name, option in OPTIONS.items()}
        return {**defaults, "use_proxy": False, "retry_timeout": "0", **given}

    return params
