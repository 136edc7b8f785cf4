"""The batches: nothing that a person wrote can mean anything in them."""

from __future__ import annotations

import re

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _tsql
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import Record, parse
from hypothesis import given
from hypothesis import strategies as st

RECORD = Record("enabled", "set", "2026-11-24T21:00:00Z", "me", "why")
TEXTS = st.text(max_size=60)
NASTY = st.sampled_from(
    ["'); DROP TABLE x; --", "$(SQLCMDPASSWORD)", '" & del *', "%PATH%", "\r\nGO\r\n", "}{", "'' + ''"]
)


def check(batch: str) -> None:
    """What no batch may hold: it goes through cmd.exe between double quotes, and through sqlcmd."""
    assert batch.isascii()
    assert not set(batch) & set('"%\r\n$!^&|')
    assert re.match(r"SET NOCOUNT ON; SET LOCK_TIMEOUT \d+;", batch)


def test_read() -> None:
    batch = _tsql.read()
    check(batch)
    assert batch.count("SELECT") == 6
    assert not re.search("UPDATE dbo|INSERT|DELETE|EXEC|BEGIN", batch)


@pytest.mark.parametrize(
    ("value", "record", "holds", "holds_not"),
    [
        (("0", "1"), (None, RECORD), ["UPDATE dbo.SQLSYSTEMVARIABLES SET VALUE = N'1'", "sp_addext"], ["INSERT"]),
        (("1", "0"), (RECORD, RECORD), ["SET VALUE = N'0'", "= N'1';", "sp_updateext"], ["INSERT"]),
        ((None, "1"), (None, RECORD), ["INSERT INTO", "sp_addext"], ["UPDATE dbo"]),
        (None, (RECORD, None), ["sp_dropextendedproperty"], ["UPDATE dbo", "INSERT", "DECLARE"]),
        (("0", "1"), None, ["UPDATE dbo"], ["extendedproperty"]),
    ],
)
def test_write(
    value: tuple[str | None, str] | None,
    record: tuple[Record | None, Record | None] | None,
    holds: list[str],
    holds_not: list[str],
) -> None:
    batch = _tsql.write(value=value, record=record)
    check(batch)
    assert "SET XACT_ABORT ON" in batch
    assert batch.index("BEGIN TRANSACTION;") < batch.index("COMMIT TRANSACTION;")
    assert batch.endswith("COMMIT TRANSACTION;")
    for text in holds:
        assert text in batch
    for text in holds_not:
        assert text not in batch
    if value and value[0] is not None:
        assert f"IF @@ROWCOUNT <> 1 THROW {_tsql.LOST_UPDATE}" in batch


@given(owner=TEXTS | NASTY, reason=TEXTS | NASTY, services=st.lists(TEXTS | NASTY, max_size=3))
def test_a_record_can_not_break_out(owner: str, reason: str, services: list[str]) -> None:
    record = Record("enabled", "set", "2026-11-24T21:00:00Z", owner, reason, "", tuple(services))
    batch = _tsql.write(value=("0", "1"), record=(None, record))
    check(batch)
    harmless = _tsql.write(value=("0", "1"), record=(None, RECORD))
    digits = re.compile(r"0x([0-9a-f]+)")
    assert digits.sub("", batch) == digits.sub("", harmless)
    found = digits.search(batch)
    assert found
    assert parse(bytes.fromhex(found[1]).decode(), "db") == record
    assert len(batch) < 8191 - 500
