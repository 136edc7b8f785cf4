"""Moments for tests."""

from __future__ import annotations

from datetime import datetime, timezone

from hypothesis import strategies as st

NOW = datetime(2026, 11, 24, 21, 0, tzinfo=timezone.utc)
"""When the tests play."""

MOMENTS = st.integers(0, 250_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, timezone.utc))
"""Any moment in whole seconds that a record may hold, up to the year 9892."""
