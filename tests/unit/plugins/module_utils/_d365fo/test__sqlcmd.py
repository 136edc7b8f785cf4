"""The command line of sqlcmd.exe, and what of its output is believed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sql_errors import SqlFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import (
    Sqlcmd,
    SqlcmdOptions,
    checked_rows,
    command_line,
    messages,
    parse_rows,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed
from hypothesis import given
from hypothesis import strategies as st

TAIL = '-l 15 -t 60 -b -x -h -1 -W -w 8000 -Q "SELECT 1"'


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, f'sqlcmd.exe -S "." -d "AXDB" -E {TAIL}'),
        ({"user": "axdbadmin"}, f'sqlcmd.exe -S "." -d "AXDB" -U "axdbadmin" {TAIL}'),
        ({"encrypt": True}, f'sqlcmd.exe -S "." -d "AXDB" -E -N {TAIL}'),
        ({"encrypt": True, "validate_certs": False}, f'sqlcmd.exe -S "." -d "AXDB" -E -N -C {TAIL}'),
        ({"program": r"C:\Program Files\sqlcmd.exe"}, rf'@"C:\Program Files\sqlcmd.exe" -S "." -d "AXDB" -E {TAIL}'),
        ({"server": r"sql01\AX,1433"}, rf'sqlcmd.exe -S "sql01\AX,1433" -d "AXDB" -E {TAIL}'),
    ],
)
def test_command_line(changes: dict[str, Any], line: str) -> None:
    assert command_line(replace(SqlcmdOptions(), **changes), "SELECT 1") == line


def test_a_variable_of_cmd_may_stand_in() -> None:
    assert '-S "%s" -d "%b"' in command_line(SqlcmdOptions(), "SELECT 1", server="%s", database="%b")


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("server", "sql_server"),
        ("database", "sql_database"),
        ("user", "sql_login_user"),
        ("program", "sqlcmd_path"),
    ],
)
@pytest.mark.parametrize("character", list('"%^&|<>\r\n'))
def test_what_cmd_would_read_as_something_else(name: str, option: str, character: str) -> None:
    changes: dict[str, Any] = {name: f"a{character}b"}
    with pytest.raises(Invalid, match=rf"O\({option}\): it contains a quote"):
        command_line(replace(SqlcmdOptions(), **changes), "SELECT 1")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", []),
        ("value 0\r\nlogin DEV01\\ops admin\r\n\r\n", [("value", "0"), ("login", "DEV01\\ops admin")]),
        ("value  1 ", [("value", " 1")]),
        ("value NULL", [("value", "")]),
        ("value", [("value", "")]),
        ("valued 1\r\nMsg 229, Level 14\r\n", []),
    ],
)
def test_parse_rows(text: str, rows: list[tuple[str, str]]) -> None:
    assert parse_rows(text) == rows


@given(st.text())
def test_any_output_is_rows_and_messages(text: str) -> None:
    rows, said = parse_rows(text), messages(text)
    assert len(rows) + len(said.splitlines()) <= len(text.splitlines())
    assert parse_rows(said) == []


END = "end 1\r\n"
MESSAGE = "Msg 229, Level 14, State 5, Server DEV01, Line 1\r\nThe SELECT permission was denied\r\n"
GERMAN = "Meldung 229, Ebene 14, Status 5, Server DEV01, Zeile 1\r\nDie SELECT-Berechtigung wurde verweigert\r\n"
JAPANESE = "メッセージ 229、レベル 14、状態 5、サーバー DEV01、行 1\r\n権限がありません\r\n"
LOGIN = "Sqlcmd: Error: Microsoft ODBC Driver 17 for SQL Server : Login failed for user 'x'..\r\n"
CLOSED = 'Sqlcmd: Error: Microsoft ODBC Driver 17 for SQL Server : Cannot open database "A" requested by the login.\r\n'
ROWS = "value 0\r\nnow 2026-11-24T21:00:00.1234567\r\n"


@pytest.mark.parametrize(
    ("completed", "number", "words"),
    [
        pytest.param(Completed(1, MESSAGE, ""), 229, "no permission", id="English"),
        pytest.param(Completed(1, GERMAN, ""), 229, "no permission", id="German"),
        pytest.param(Completed(1, JAPANESE, ""), 229, "no permission", id="Japanese"),
        pytest.param(Completed(1, ROWS + MESSAGE, ""), 229, "no permission", id="after rows"),
        pytest.param(Completed(0, MESSAGE, ""), 229, "no permission", id="exit code lost in a loop of cmd.exe"),
        pytest.param(Completed(1, "", LOGIN), 18456, "login failed", id="login"),
        pytest.param(Completed(1, "", CLOSED + LOGIN), 4060, "cannot open the database", id="database before login"),
        pytest.param(Completed(1, "", LOGIN + CLOSED), 4060, "cannot open the database", id="login before database"),
        pytest.param(Completed(1, "", "Sqlcmd: Error: something new"), 0, "something new", id="unknown"),
        pytest.param(Completed(1, "", ""), 0, "no answer", id="silence"),
        pytest.param(Completed(0, "", ""), 0, "no answer", id="exit code 0 and nothing"),
        pytest.param(Completed(0, ROWS, ""), 0, "no answer", id="exit code 0 and no last row"),
        pytest.param(Completed(0, ROWS, "mssql: Timeout expired"), 0, "Timeout expired", id="exit code 0, a time-out"),
        pytest.param(Completed(0, ROWS + "end", ""), 0, "no answer", id="the last row cut off"),
        pytest.param(Completed(1, ROWS + END, ""), 0, "no answer", id="all rows, but a failure"),
    ],
)
def test_a_batch_that_failed(completed: Completed, number: int, words: str) -> None:
    with pytest.raises(SqlFailure, match=f"Could not set X on db as me: .*{words}") as caught:
        checked_rows(completed, "set X", "db", "me")
    assert caught.value.number == number


def test_what_was_sent_may_have_been_done() -> None:
    with pytest.raises(SqlFailure) as caught:
        checked_rows(Completed(0, ROWS, "mssql: Timeout expired"), "set X", "db")
    assert caught.value.unknown


REASONS = [
    "Login failed for user 'sa'",
    'Cannot open database \\"AXDB\\" requested by the login',
    "Msg 229, Level 14, State 5, Server X, Line 1",
    "Meldung 4060, Ebene 11, Status 1, Server X, Zeile 1",
    "'sqlcmd.exe' is not recognized",
    "Timeout expired",
]


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("rest", ["", "login Login failed\r\n", "database Cannot open database\r\n"])
def test_a_reason_that_quotes_an_error_is_none(reason: str, rest: str) -> None:
    """It made a host refuse both directions once, while its AOS stayed in maintenance."""
    text = f'value 1\r\nrecord {{"reason":"{reason}"}}\r\n{rest}{END}'
    assert dict(checked_rows(Completed(0, text, ""), "read X", "db"))["record"] == f'{{"reason":"{reason}"}}'


@pytest.mark.parametrize("reason", REASONS)
def test_nor_does_it_explain_another_failure(reason: str) -> None:
    text = f'value 1\r\nrecord {{"reason":"{reason}"}}\r\nMsg 1222, Level 16, State 51, Server X, Line 1\r\nLock\r\n'
    with pytest.raises(SqlFailure) as caught:
        checked_rows(Completed(1, text, ""), "set X", "db")
    assert caught.value.number == 1222
    with pytest.raises(SqlFailure) as caught:
        checked_rows(Completed(0, text.partition("Msg 1222")[0], ""), "set X", "db")
    assert (caught.value.number, caught.value.answer) == (0, "no answer")


@pytest.mark.parametrize(
    "completed",
    [
        pytest.param(Completed(1, "", "'sqlcmd.exe' is not recognized as an internal or external command,"), id="en"),
        pytest.param(Completed(1, "'sqlcmd.exe' is not recognized as an internal or external command,", ""), id="2>&1"),
        pytest.param(Completed(1, "", "'sqlcmd.exe' n'est pas reconnu en tant que commande interne"), id="fr"),
        pytest.param(Completed(1, "", 'Der Befehl "sqlcmd.exe" ist entweder falsch geschrieben oder\r\n'), id="de"),
        pytest.param(Completed(1, "", '"sqlcmd.exe" no se reconoce como un comando interno o externo,'), id="es"),
        pytest.param(Completed(9009, "", "whatever"), id="by its exit code"),
    ],
)
def test_no_sqlcmd(completed: Completed) -> None:
    with pytest.raises(
        Failure, match=r"sqlcmd.exe is not on the search path of the host\. Give its path \(O\(sqlcmd_path\)\)"
    ):
        checked_rows(completed, "set X", "db")


def test_success() -> None:
    rows = checked_rows(Completed(0, ROWS + END, "a warning"), "set X", "db")
    assert rows == [("value", "0"), ("now", "2026-11-24T21:00:00.1234567"), ("end", "1")]


@dataclass
class FakeHost:
    """A host that answers every command alike."""

    answer: Completed
    name: str = "dev01"
    keeps_secrets: bool = True
    asked: list[tuple[str, float, bool]] = field(default_factory=list)

    def run(self, line: str, *, doing: str, limit: float, composite: bool = False, secret: bool = False) -> Completed:
        assert not composite, "the exit code is needed"
        self.asked.append((line, limit, secret))
        return self.answer


@pytest.mark.parametrize(("user", "secret"), [("", False), ("axdbadmin", True)])
def test_query(user: str, secret: bool) -> None:
    """Only a SQL login needs the shell that has the password."""
    host = FakeHost(Completed(0, ROWS + END, ""))
    options = SqlcmdOptions(user=user, connect_timeout=3, query_timeout=4)
    assert Sqlcmd(host, options).query("SELECT 1", "ask")[0] == ("value", "0")
    ((line, limit, needs_secret),) = host.asked
    assert "-l 3 -t 4" in line
    assert limit > 7
    assert needs_secret is secret
    assert Sqlcmd(host, options).describe() == "database AXDB of SQL Server . at dev01"
