"""The command line of sqlcmd.exe and what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sql_errors import SqlFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import (
    Sqlcmd,
    SqlcmdOptions,
    check,
    command_line,
    parse_rows,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
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


@pytest.mark.parametrize("name", ["server", "database", "user", "program"])
@pytest.mark.parametrize("character", list('"%^&|<>\r\n'))
def test_what_cmd_would_read_as_something_else(name: str, character: str) -> None:
    changes: dict[str, Any] = {name: f"a{character}b"}
    with pytest.raises(Failure, match=f"the option for the SQL {name} holds a quote"):
        command_line(replace(SqlcmdOptions(), **changes), "SELECT 1")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", []),
        ("value 0\r\nlogin DEV01\\ops admin\r\n\r\n", [("value", "0"), ("login", "DEV01\\ops admin")]),
        ("value  1 ", [("value", " 1")]),
        ("value NULL", [("value", "")]),
        ("value", [("value", "")]),
    ],
)
def test_parse_rows(text: str, rows: list[tuple[str, str]]) -> None:
    assert parse_rows(text) == rows


@given(st.text())
def test_any_output_is_rows(text: str) -> None:
    assert all(item and not item.isspace() for item, _content in parse_rows(text))


MESSAGE = "Msg 229, Level 14, State 5, Server DEV01, Line 1\r\nThe SELECT permission was denied\r\n"
GERMAN = "Meldung 229, Ebene 14, Status 5, Server DEV01, Zeile 1\r\nDie SELECT-Berechtigung wurde verweigert\r\n"
LOGIN = "Sqlcmd: Error: Microsoft ODBC Driver 17 for SQL Server : Login failed for user 'x'..\r\n"
CLOSED = 'Sqlcmd: Error: Microsoft ODBC Driver 17 for SQL Server : Cannot open database "A" requested by the login.\r\n'
NOT_THERE = "'sqlcmd.exe' is not recognized as an internal or external command,\r\n"


@pytest.mark.parametrize(
    ("completed", "number", "words"),
    [
        (Completed(1, MESSAGE, ""), 229, "no permission"),
        (Completed(1, GERMAN, ""), 229, "no permission"),
        (Completed(0, MESSAGE, ""), 229, "no permission"),  # without -b, or lost in a loop of cmd.exe
        (Completed(1, "", LOGIN), 18456, "login failed"),
        (Completed(1, "", CLOSED + LOGIN), 4060, "can't be opened"),
        (Completed(1, "", "Sqlcmd: Error: something new"), 0, "something new"),
        (Completed(1, "", ""), 0, "no message"),
    ],
)
def test_check(completed: Completed, number: int, words: str) -> None:
    with pytest.raises(SqlFailure, match=f"set X on db as me: .*{words}") as caught:
        check(completed, "set X", "db", "me")
    assert caught.value.number == number


@pytest.mark.parametrize("completed", [Completed(1, "", NOT_THERE), Completed(9009, "", "Der Befehl ist falsch")])
def test_no_sqlcmd(completed: Completed) -> None:
    with pytest.raises(Failure, match=r"no sqlcmd.exe on its path. Give its path \(sqlcmd_path\)"):
        check(completed, "set X", "db")


def test_success() -> None:
    check(Completed(0, "value 0\r\nreason Msg 229 was seen\r\n", ""), "set X", "db")


@dataclass
class FakeHost:
    """A host that answers every command alike."""

    answer: Completed
    name: str = "dev01"
    asked: list[tuple[str, float]] = field(default_factory=list)

    def run(self, line: str, *, doing: str, limit: float, tell: Callable[[str], None] | None = None) -> Completed:
        self.asked.append((line, limit))
        return self.answer


def test_query() -> None:
    host = FakeHost(Completed(0, "value 0\r\n", ""))
    options = SqlcmdOptions(connect_timeout=3, query_timeout=4)
    assert Sqlcmd(host, options).query("SELECT 1", "ask") == [("value", "0")]
    ((line, limit),) = host.asked
    assert "-l 3 -t 4" in line
    assert limit > 7
    assert Sqlcmd(host, options).describe() == "database AXDB of SQL Server . at dev01"
