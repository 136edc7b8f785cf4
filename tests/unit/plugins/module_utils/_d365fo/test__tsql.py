"""The batches: one text for every way to the server, in which nothing that a person wrote can mean anything."""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import sha256

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _tsql
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import (
    LEASE_LENGTH,
    MAX_LENGTH,
    Record,
    parse,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import SqlcmdOptions, command_line
from hypothesis import example, given
from hypothesis import strategies as st

from fakes.system import record, window

PLAIN = record().text()
OTHER = record("set").text()
NASTY = (
    "'); DROP TABLE x; --",
    "$(SQLCMDPASSWORD)",
    '" & del *',
    "%PATH%",
    "\r\nGO\r\n",
    "}{",
    "'' + ''",
    "`",
    "\\`",
    '\\"',
    "^&|<>!",
    "\x00\x1a",
    "',NCHAR(34))",
)


def check(batch: str) -> None:
    """What no batch may hold: it goes through cmd.exe between double quotes, and through sqlcmd."""
    assert batch.isascii()
    assert not set(batch) & set('"%\r\n$!^&|')
    assert re.match(r"SET NOCOUNT ON; SET LOCK_TIMEOUT \d+;", batch)
    assert batch.endswith("SELECT N'end' AS item, N'1' AS content;")


def strings_of(batch: str) -> list[str]:
    """The contents of every string of a batch, as SQL Server reads them."""
    return [each.replace("''", "'") for each in re.findall(r"'((?:[^']|'')*)'", batch)]


def stored_by(batch: str) -> str:
    """The text that a batch stores: the string in which a backtick stands for the double quote."""
    (text,) = (each for each in strings_of(batch) if each.startswith("{"))
    assert f"REPLACE(N'{text}', NCHAR(96), NCHAR(34))" in batch
    return text.replace(chr(96), chr(34))


ITEMS = ["value", "record", "now", "database", "fork", "created", "login", "may_update", "may_alter", "end"]


def test_read_asks_for_everything_and_writes_nothing() -> None:
    batch = _tsql.read()
    check(batch)
    assert not re.search(r"UPDATE dbo|INSERT|DELETE|EXEC|BEGIN|DECLARE", batch)
    items = re.findall(r"SELECT N'(\w+)'", batch)
    assert items == ITEMS


def test_the_name_of_any_database_is_an_identifier() -> None:
    """HAS_PERMS_BY_NAME answers NULL for a database named a.b otherwise."""
    assert "HAS_PERMS_BY_NAME(QUOTENAME(DB_NAME())" in _tsql.read()


@pytest.mark.parametrize(
    ("value", "stored", "holds", "holds_not"),
    [
        pytest.param(
            ("0", "1"),
            (None, PLAIN),
            ["UPDATE dbo.SQLSYSTEMVARIABLES SET VALUE = N'1' WHERE PARM = N'CONFIGURATIONMODE'", "sp_addextended"],
            ["INSERT", "sp_update", "sp_drop"],
            id="on, first record",
        ),
        pytest.param(
            ("1", "0"), (PLAIN, OTHER), ["SET VALUE = N'0'", "sp_updateextended"], ["INSERT", "sp_add"], id="off"
        ),
        pytest.param(
            (None, "1"),
            (None, PLAIN),
            ["INSERT INTO dbo.SQLSYSTEMVARIABLES (PARM, VALUE, IPARM, IVALUE)", "20, NULL", "IF EXISTS"],
            ["UPDATE dbo"],
            id="a missing row",
        ),
        pytest.param(None, (PLAIN, None), ["sp_dropextended"], ["UPDATE dbo", "INSERT", "@value"], id="no record more"),
        pytest.param(("0", "1"), None, ["UPDATE dbo"], ["extendedproperty @"], id="the variable alone"),
        pytest.param(None, (PLAIN, OTHER), ["sp_updateextended"], ["UPDATE dbo"], id="the record alone"),
        pytest.param(
            ("1", "1"), (PLAIN, OTHER), ["IF NOT EXISTS (SELECT 1 FROM dbo."], ["UPDATE dbo"], id="only checked"
        ),
        pytest.param(
            ("0", "1"), (None, None), ["UPDATE dbo", "IF EXISTS"], ["sp_drop", "sp_add"], id="still no record"
        ),
    ],
)
def test_write(
    value: tuple[str | None, str] | None,
    stored: tuple[str | None, str | None] | None,
    holds: list[str],
    holds_not: list[str],
) -> None:
    batch = _tsql.write(value=value, record=stored)
    check(batch)
    for text in holds:
        assert text in batch
    for text in holds_not:
        assert text not in batch


def in_order(batch: str, *parts: str) -> bool:
    positions = [batch.index(part) for part in parts]
    return positions == sorted(positions)


def test_everything_is_one_transaction_that_fails_as_a_whole() -> None:
    batch = _tsql.write(value=("0", "1"), record=(PLAIN, OTHER))
    assert in_order(
        batch,
        "SET XACT_ABORT ON",
        "BEGIN TRANSACTION;",
        "sys.sp_getapplock",
        "HASHBYTES",
        "UPDATE dbo",
        "sp_updateextendedproperty",
        "COMMIT TRANSACTION;",
        "SELECT N'value'",
        "SELECT N'record'",
        "SELECT N'now'",
        "SELECT N'end'",
    )
    assert batch.count("BEGIN TRANSACTION") == batch.count("COMMIT TRANSACTION") == 1


@pytest.mark.parametrize(
    ("value", "condition"),
    [
        pytest.param(("0", "1"), "= N'0'; IF @@ROWCOUNT <> 1 THROW 51000", id="the value as it was read"),
        pytest.param(("1", "1"), "= N'1') THROW 51000", id="only checked"),
        pytest.param((None, "1"), "IF EXISTS (SELECT 1 FROM dbo.SQLSYSTEMVARIABLES", id="still missing"),
    ],
)
def test_the_variable_is_compared_before_it_is_set(value: tuple[str | None, str], condition: str) -> None:
    batch = _tsql.write(value=value)
    assert condition in batch
    assert batch.count("THROW 51000") == 1


@pytest.mark.parametrize("after", [PLAIN, None])
def test_the_record_is_compared_by_its_hash_before_it_is_set(after: str | None) -> None:
    batch = _tsql.write(record=(OTHER, after))
    digest = sha256(OTHER.encode("utf-16-le")).hexdigest()
    assert re.search(rf"IF NOT EXISTS \(.*HASHBYTES\('SHA2_256', .*\) = 0x{digest}\) THROW 51001", batch)


@pytest.mark.parametrize("after", [PLAIN, None])
def test_where_there_was_no_record_there_must_be_none(after: str | None) -> None:
    batch = _tsql.write(record=(None, after))
    assert re.search(r"IF EXISTS \(SELECT 1 FROM sys\.extended_properties .*?\) THROW 51001", batch)
    assert "0x" not in batch


def test_nobody_writes_between_comparing_and_setting() -> None:
    """An AXDB keeps row versions: a reader is not blocked by a writer, so a lock of its own is needed."""
    batch = _tsql.write(record=(OTHER, PLAIN))
    assert "@LockMode = N'Exclusive'" in batch
    assert re.search(r"@LockTimeout = \d+; IF @lock < 0 THROW 51002", batch)


TEXTS = st.text(max_size=40) | st.sampled_from(NASTY)


@given(TEXTS, TEXTS, TEXTS)
@example("'", "''", "'''")
@example(*NASTY[:3])
@example(*NASTY[-3:])
def test_a_record_cannot_break_out(owner: str, reason: str, ticket: str) -> None:
    held = replace(record(), windows=(window(owner=owner, reason=reason, ticket=ticket),))
    batch = _tsql.write(value=("0", "1"), record=(None, held.text()))
    check(batch)
    assert parse(stored_by(batch), "db") == held
    harmless = _tsql.write(value=("0", "1"), record=(None, PLAIN))
    assert batch.replace(stored_by(batch).replace('"', "`"), "") == harmless.replace(PLAIN.replace('"', "`"), "")


@pytest.mark.parametrize("nasty", NASTY)
def test_known_traps(nasty: str) -> None:
    held = replace(record(), windows=(window(owner=nasty, reason=nasty),))
    batch = _tsql.write(value=("0", "1"), record=(None, held.text()))
    check(batch)
    assert parse(stored_by(batch), "db") == held


def longest() -> Record:
    """A record of the greatest length that is accepted."""
    held = record()
    free = MAX_LENGTH - LEASE_LENGTH - len(held.text())
    return replace(held, windows=(window(reason="keys" + "x" * free),))


def test_the_longest_record_goes_through_cmd_exe() -> None:
    held = longest()
    held.check_length()
    text = held.text() + "x" * LEASE_LENGTH
    batch = _tsql.write(value=("0", "1"), record=(text, text))
    line = command_line(SqlcmdOptions(server="s" * 128, database="d" * 128, user="u" * 128, program="p" * 200), batch)
    assert len(line) <= 8191
    assert len(text) <= 3750
