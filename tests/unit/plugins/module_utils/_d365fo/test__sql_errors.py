"""SQL Server's error numbers in what drivers and sqlcmd print."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sql_errors import SqlFailure, number_of
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Msg 229, Level 14, State 5, Server X, Line 1", 229),
        ("rows before\nMsg 1222, Level 16, State 51, Server X\\Y, Line 1\nLock request", 1222),
        ("Meldung 208, Ebene 16, Status 1, Server X, Zeile 1", 208),
        ("Mens. 208, Nivel 16, Estado 1, Servidor X, Línea 1", 208),
        ("Login failed for user 'x'.", 18456),
        ("Cannot open database \"A\". Login failed for user 'x'.", 4060),
        ("the reason was Msg 229, Level 14", 0),
        ("", 0),
    ],
)
def test_number_of(text: str, number: int) -> None:
    assert number_of(text) == number


@given(st.text())
def test_any_text_has_a_number_or_none(text: str) -> None:
    assert number_of(text) >= 0


@given(st.integers(1, 10**6))
def test_every_number_is_found(number: int) -> None:
    assert number_of(f"Msg {number}, Level 16, State 1, Server X, Line 1\nText") == number


@pytest.mark.parametrize("number", [208, 229, 911, 1205, 1222, 4060, 15135, 15233, 15217, 18452, 18456])
def test_known_numbers_have_a_meaning_and_a_way_out(number: int) -> None:
    failure = SqlFailure("read X", "db", number, "raw text")
    assert str(number) in failure.answer
    assert failure.remedy
    assert "raw text" not in str(failure)
    assert failure.details == {"sql_error": number}


def test_unknown_numbers_show_the_text() -> None:
    assert "raw text. See SQL Server's message." in str(SqlFailure("read X", "db", 4711, "raw\n text"))
    nothing = SqlFailure("read X", "db", 0, "")
    assert "no message. Check that SQL Server runs" in str(nothing)
    assert nothing.details == {}
    assert len(str(SqlFailure("read X", "db", 0, "x" * 9999))) < 600
