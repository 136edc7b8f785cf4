"""What a Retry-After header says, and what is made of one that says nothing of use."""

from __future__ import annotations

import email.utils
import time

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._retry import http_date, retry_after
from hypothesis import example, given
from hypothesis import strategies as st


@pytest.mark.parametrize(("value", "seconds"), [("7", 7.0), (" 120 ", 120.0), ("9" * 12, 999999999999.0)])
def test_a_number_of_seconds(value: str, seconds: float) -> None:
    assert retry_after(value) == seconds


def test_a_date() -> None:
    seconds = retry_after(email.utils.formatdate(time.time() + 60, usegmt=True))
    assert seconds is not None
    assert 58 < seconds <= 60


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", "0", "00", "-5", "1.5", "soon", "²", "٣", "0\x1f", "9" * 5000),
        *("Wed, 21 Oct 2015 07:28:00 GMT", "Mon, 00 Foo 2026 99:99:99 GMT", "Mon, 01 Jan 0001 00:00:00 +9999999999"),
    ],
)
def test_none_of_use_is_the_clients_own_pause(value: str | None) -> None:
    """0 or a moment in the past would be request after request without any pause."""
    assert retry_after(value) is None


@example("0\x1f")
@example("Mon, 01 Jan 0001 00:00:00 -0000")
@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (GMT|[+-]\d{4,9})"))
def test_any_header_is_read_or_ignored(value: str) -> None:
    seconds = retry_after(value)
    assert seconds is None or seconds > 0
    moment = http_date(value)
    assert moment is None or isinstance(moment, float)


@pytest.mark.parametrize("text", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"])
def test_dates_of_rfc_9110(text: str) -> None:
    assert http_date(text) == 784111777.0
