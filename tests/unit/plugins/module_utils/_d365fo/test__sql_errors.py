"""What went wrong, by number or by a driver's own words, and what to do about it."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sql_errors import (
    CONFLICTS,
    LOCKED,
    RECORD_CHANGED,
    VARIABLE_CHANGED,
    SqlFailure,
    number_of,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "number"),
    [
        pytest.param("Msg 229, Level 14, State 5, Server X, Line 1", 229, id="English"),
        pytest.param("Msg 1222, Level 16, State 51, Server X\\Y, Line 1\nLock request", 1222, id="a named instance"),
        pytest.param("first\nMsg 208, Level 16, State 1, Server X, Line 1", 208, id="not in the first line"),
        pytest.param("Msg 208, Niveau 16, État 1, Serveur X, Ligne 1", 208, id="French"),
        pytest.param("Meldung 208, Ebene 16, Status 1, Server X, Zeile 1", 208, id="German"),
        pytest.param("Mens. 208, Nivel 16, Estado 1, Servidor X, Línea 1", 208, id="Spanish"),
        pytest.param("メッセージ 208、レベル 16、状態 1、サーバー X、行 1", 208, id="Japanese"),
        pytest.param("メッセージ 208, レベル 16, 状態 1, サーバー X, 行 1", 208, id="Japanese, other commas"),
        pytest.param("消息 208，级别 16，状态 1，服务器 X，第 1 行", 208, id="Chinese"),
        pytest.param("消息 208,级别 16,状态 1,服务器 X,第 1 行", 208, id="Chinese, other commas"),
        pytest.param("訊息 208，層級 16，狀態 1，伺服器 X，行 1", 208, id="Chinese, traditional"),
        pytest.param("Msg 208, Level 16, State 1, Server X, Line 1\r\nText\r\n", 208, id="Windows' line ends"),
        pytest.param("Login failed for user 'x'.", 18456, id="a driver's words"),
        pytest.param("mssql: login error: Login failed for user 'x'.", 18456, id="words of the sqlcmd in Go"),
        pytest.param(
            "Cannot open database \"A\". Login failed for user 'x'.", 4060, id="the database before the login"
        ),
        pytest.param("Login failed for user 'x'.\nCannot open database \"A\".", 4060, id="in the other order"),
        pytest.param(
            "Msg 18456, Level 14, State 1, Server X, Line 1\nx\nMsg 4060, Level 11, State 1, Server X, Line 1\ny",
            4060,
            id="both with numbers, the database wins",
        ),
        pytest.param("the reason was Msg 229, Level 14", 0, id="cut off"),
        pytest.param("1, 2, 3, 4", 0, id="numbers"),
        pytest.param("", 0, id="nothing"),
    ],
)
def test_number_of(text: str, number: int) -> None:
    assert number_of(text) == number


@given(st.text())
def test_any_text_has_a_number_or_none(text: str) -> None:
    assert number_of(text) >= 0


@given(
    st.integers(1, 10**6),
    st.sampled_from(["Msg {0}, Level 16, State 1, Server X, Line 1", "消息 {0}，级别 16，状态 1，服务器 X，第 1 行"]),
)
def test_every_number_is_found(number: int, heading: str) -> None:
    assert number_of(heading.format(number) + "\nText") == number


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (208, "O(sql_database)"),
        (229, "UPDATE on SQLSYSTEMVARIABLES and ALTER"),
        (911, "O(sql_database)"),
        (1205, "Nothing was changed"),
        (1222, "Find the blocking session"),
        (4060, "Check O(sql_database)"),
        (15135, "ALTER on the database"),
        (15233, "Run again"),
        (15217, "Run again"),
        (18452, "Set O(sql_login_user)"),
        (18456, "check O(sql_database) too"),
        (18470, "Enable the login"),
        (18486, "Unlock the login"),
        (18487, "Change the password"),
        (18488, "Change the password"),
    ],
)
def test_known_numbers_have_a_meaning_and_a_way_out(number: int, remedy: str) -> None:
    failure = SqlFailure("read X", "db", number, "raw text")
    assert f"(error {number}" in failure.answer
    assert remedy in failure.remedy
    assert "raw text" not in str(failure)
    assert failure.details == {"sql_error": number}


@pytest.mark.parametrize("number", [18470, 18486, 18487, 18488, 18452])
def test_what_is_wrong_with_a_login_is_not_a_certificate(number: int) -> None:
    assert "ertificate" not in str(SqlFailure("connect", "db", number, "Login failed, certificate, TLS"))


MS = "[Microsoft][ODBC Driver 18 for SQL Server]"
REACH, SLOW, TRUST = "that SQL Server is running", "O(sql_query_timeout)", "O(sql_ca_path)"


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        pytest.param(
            f"[08001] {MS}SSL Provider: [error:0A000086:SSL routines::certificate verify failed] (-1)", TRUST, id="TLS"
        ),
        pytest.param(
            "Sqlcmd: Error: Microsoft ODBC Driver 17 for SQL Server : SSL Provider: The certificate chain was issued "
            "by an authority that is not trusted.",
            TRUST,
            id="sqlcmd, untrusted",
        ),
        pytest.param(
            "mssql: TLS Handshake failed: x509: certificate signed by unknown authority", TRUST, id="Go, untrusted"
        ),
        pytest.param(f"[HYT00] {MS}Query timeout expired (0) (SQLExecDirectW)", SLOW, id="a query's time-out"),
        pytest.param(
            "Sqlcmd: Error: Microsoft ODBC Driver 17 for SQL Server : Query timeout expired.", SLOW, id="sqlcmd, slow"
        ),
        pytest.param("Timeout expired", SLOW, id="an old sqlcmd, slow"),
        pytest.param(f"[HYT00] {MS}Login timeout expired (0) (SQLDriverConnect)", REACH, id="a login's time-out"),
        pytest.param(
            f"[08001] {MS}TCP Provider: Error code 0x2749 (10057) (SQLDriverConnect); [08001] {MS}Login timeout expired"
            f" (0); [08001] {MS}A network-related or instance-specific error has occurred",
            REACH,
            id="nobody there",
        ),
        pytest.param(
            "Sqlcmd: Error: Microsoft ODBC Driver 17 for SQL Server : Login timeout expired.",
            REACH,
            id="sqlcmd, nobody",
        ),
        pytest.param("unable to open tcp connection with host 'x:1433': connection refused", REACH, id="Go, nobody"),
        pytest.param("something new", REACH, id="anything else"),
        pytest.param("", REACH, id="nothing"),
    ],
)
def test_a_drivers_own_words_have_a_remedy_of_their_own(text: str, remedy: str) -> None:
    found = SqlFailure("read X", "db", 0, text).remedy
    assert [each for each in (REACH, SLOW, TRUST) if each in found] == [remedy]


def test_a_login_that_was_not_passed_on() -> None:
    failure = SqlFailure("read X", "db", 18456, r"Login failed for user 'NT AUTHORITY\ANONYMOUS LOGON'.")
    assert "anonymous login" in failure.answer
    assert "double hop" in failure.remedy


def test_unknown_numbers_show_the_text() -> None:
    assert "raw text. See SQL Server's message." in str(SqlFailure("read X", "db", 4711, "raw\n text"))
    nothing = SqlFailure("read X", "db", 0, "")
    assert "no answer" in str(nothing)
    assert nothing.details == {}
    assert len(str(SqlFailure("read X", "db", 0, "x" * 9999))) < 600


@pytest.mark.parametrize(
    ("number", "sent", "unknown"),
    [
        pytest.param(0, True, True, id="a driver's complaint after sending: it may have been done"),
        pytest.param(0, False, False, id="a driver's complaint before sending"),
        pytest.param(208, True, False, id="SQL Server refused: it was rolled back"),
    ],
)
def test_whether_a_batch_may_have_been_carried_out(number: int, sent: bool, unknown: bool) -> None:
    assert SqlFailure("write", "db", number, "text", sent=sent).unknown is unknown


def test_conflicts_are_what_another_writer_causes() -> None:
    assert {VARIABLE_CHANGED, RECORD_CHANGED, LOCKED, 15233, 15217} == CONFLICTS
