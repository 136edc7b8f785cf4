"""How long it takes to send many requests."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._estimate import sending_time


@pytest.mark.parametrize(
    ("requests", "concurrency", "per_minute", "seconds"),
    [
        (1, 10, 450, 0.5),
        (450, 10, 450, 22.5),
        (451, 10, 450, 61),  # the 451st waits for the next minute
        (5000, 10, 450, 11 * 61),
        (5000, 10, 0, 250),
        (500, 1, 450, 250),
    ],
)
def test_sending_time(requests: int, concurrency: int, per_minute: int, seconds: float) -> None:
    assert sending_time(requests, concurrency=concurrency, per_minute=per_minute) == seconds
