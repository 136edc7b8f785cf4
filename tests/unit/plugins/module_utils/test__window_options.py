"""Times and windows that no system could use, found without asking one."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._window_options import judge

USABLE: dict[str, Any] = {
    "window": "CHG0042",
    "expires": "2h",
    "drain_timeout": "0",
    "poll_interval": "5s",
    "duration": "90",
    "retry_timeout": None,
    "reason": "5x",
}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"expires": None},
        {"expires": "2020-01-01T00:00Z"},  # only the system's clock can say that it has passed
        {"duration": None},
    ],
)
def test_usable(more: dict[str, Any]) -> None:
    judge({**USABLE, **more})
    judge({name: value for name, value in {**USABLE, **more}.items() if name not in ("window", "expires")})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("drain_timeout", "ten"),
        ("poll_interval", "0"),
        ("duration", "0s"),
        ("expires", "tomorrow"),
        ("expires", "0"),
        ("expires", "2026-12-24T22:00"),
        ("window", " "),
    ],
)
def test_unusable(name: str, value: str) -> None:
    with pytest.raises(Invalid) as caught:
        judge({**USABLE, name: value})
    assert caught.value.option == name
