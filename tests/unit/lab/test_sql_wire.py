"""What the lab's TDS server puts on the wire, token by token, as a real SQL Server was seen to do."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable

import pytest

from lab.clock import Clock
from lab.sql import Database, SqlServer, axdb
from lab.tds import TdsServer
from lab.tds.login import obscure, prelogin, prelogin_message
from lab.tds.packets import ATTENTION, BATCH, HEADER, LOGIN, PRELOGIN, RPC, TRANSACTION, Header, packets

VENDOR = "UPDATE SQLSYSTEMVARIABLES SET VALUE = 1 WHERE PARM = 'CONFIGURATIONMODE'"
MORE, ERROR, COUNT, ATTN = 0x01, 0x02, 0x10, 0x20
HEADERS = struct.pack("<IIHQI", 22, 18, 2, 0, 1)
ENDS = {0xFD: "DONE", 0xFE: "DONEPROC", 0xFF: "DONEINPROC"}
NAMES = {0xE3: "ENVCHANGE", 0xAA: "ERROR", 0xAB: "INFO", 0xAD: "LOGINACK"}

Token = tuple[object, ...]


class Client:
    """As little of a TDS client as it takes to see every token."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, kind: int, message: bytes) -> None:
        self._writer.write(b"".join(packets(kind, message)))
        await self._writer.drain()

    async def receive(self) -> bytes:
        """The next message of the server."""
        parts = b""
        while True:
            header = Header.parse(await self._reader.readexactly(HEADER.size))
            parts += await self._reader.readexactly(header.length - HEADER.size)
            if header.status & 1:
                return parts

    async def sign_in(self, instance: bytes = b"\0") -> dict[int, bytes]:
        """PRELOGIN without TLS, and LOGIN7; the options of the answer to the first."""
        await self.send(PRELOGIN, prelogin_message({0: bytes(6), 1: b"\x02", 2: instance, 3: bytes(4), 4: b"\0"}))
        options = prelogin(await self.receive())
        fields = {36: "host", 40: "admin", 44: "pw", 48: "app", 52: "", 68: "AXDB"}
        head, body = bytearray(94), b""
        head[8:12] = struct.pack("<I", 4096)
        for place, text in fields.items():
            data = text.encode("utf-16-le")
            struct.pack_into("<HH", head, place, 94 + len(body), len(text))
            body += obscure(data) if place == 44 else data
        struct.pack_into("<I", head, 0, 94 + len(body))
        await self.send(LOGIN, bytes(head) + body)
        await self.receive()
        return options

    async def batch(self, text: str) -> list[Token]:
        await self.send(BATCH, HEADERS + text.encode("utf-16-le"))
        return tokens(await self.receive())

    async def call(self, procedure: str, *arguments: str) -> list[Token]:
        """A remote procedure call with string arguments by position."""
        name = procedure.encode("utf-16-le")
        message = HEADERS + struct.pack("<H", len(procedure)) + name + b"\0\0"
        for each in arguments:
            data = each.encode("utf-16-le")
            message += b"\0\0\xe7" + struct.pack("<H", 8000) + bytes(5) + struct.pack("<H", len(data)) + data
        await self.send(RPC, message)
        return tokens(await self.receive())


def tokens(data: bytes) -> list[Token]:
    """The tokens of an answer, as far as this file's batches bring them; of rows, that they are there."""
    found: list[Token] = []
    at = 0
    while at < len(data):
        kind = data[at]
        at += 1
        if kind in ENDS:
            status, command, count = struct.unpack_from("<HHQ", data, at)
            found.append((ENDS[kind], status, command, count))
            at += 12
        elif kind == 0x79:
            found.append(("RETURNSTATUS", *struct.unpack_from("<i", data, at)))
            at += 4
        elif kind == 0x81:
            # one int column without a name: COLMETADATA, then rows of five bytes
            assert data[at : at + 11] == b"\x01\0" + bytes(4) + b"\x01\0\x26\x04\0", data[at : at + 20]
            found.append(("COLMETADATA",))
            at += 11
        elif kind == 0xD1:
            found.append(("ROW", int.from_bytes(data[at + 1 : at + 5], "little")))
            at += 5
        else:
            (length,) = struct.unpack_from("<H", data, at)
            body = data[at + 2 : at + 2 + length]
            number = body[0] if kind == 0xE3 else int.from_bytes(body[:4], "little")
            found.append((NAMES[kind], number))
            at += 2 + length
    return found


Work = Callable[[Client, Database], Awaitable[None]]


def on_the_wire(work: Work, name: str = "DEV01") -> None:
    """Run ``work`` with a client that has signed in."""

    async def scenario() -> None:
        clock = Clock(100)
        sql = SqlServer(name, clock)
        database = axdb(sql)
        sql.add_login("admin", "pw", sysadmin=True)
        server = TdsServer(sql, "127.0.0.1", 0, certificate=None, clock=clock, encryption="off")
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            await work(Client(reader, writer), database)
        finally:
            writer.close()
            await server.stop()

    asyncio.run(asyncio.wait_for(scenario(), 20))


SELECTED = [("COLMETADATA",), ("ROW", 7)]
# of each: its name, the batch, the answer's tokens
ANSWERS: list[tuple[str, str, list[Token]]] = [
    ("one query", "SELECT 7", [*SELECTED, ("DONE", COUNT, 0xC1, 1)]),
    (
        "two statements: the last DONE is the end",
        f"SELECT 7; {VENDOR}",
        [*SELECTED, ("DONE", COUNT | MORE, 0xC1, 1), ("DONE", COUNT, 0xC5, 1)],
    ),
    ("no rows changed", f"{VENDOR} AND 1 = 0", [("DONE", COUNT, 0xC5, 0)]),
    ("nothing", ";", [("DONE", 0, 0xFD, 0)]),
    ("only a declaration", "DECLARE @x int", [("DONE", 0, 0xFD, 0)]),
    (
        "NOCOUNT takes the numbers away",
        f"SET NOCOUNT ON; {VENDOR}; SELECT 7",
        [("DONE", MORE, 0xB9, 0), ("DONE", MORE, 0xC5, 0), *SELECTED, ("DONE", 0, 0xC1, 0)],
    ),
    (
        "variables and IF",
        "DECLARE @x int = 7; IF @x = 1 SELECT 1 ELSE SELECT @x",
        [("DONE", COUNT | MORE, 0xC1, 1), ("DONE", MORE, 0xC0, 0), *SELECTED, ("DONE", COUNT, 0xC1, 1)],
    ),
    ("INFO before its DONE", "PRINT 'x'", [("INFO", 0), ("DONE", 0, 0xF7, 0)]),
    (
        "EXEC",
        "EXEC sp_addextendedproperty 'p', 'v'; SELECT 7",
        [("RETURNSTATUS", 0), ("DONEPROC", MORE, 0xE0, 0), *SELECTED, ("DONE", COUNT, 0xC1, 1)],
    ),
    (
        "EXEC at the end",
        "SET NOCOUNT ON; EXEC sp_getapplock 'r', 'Shared', 'Session'",
        [("DONE", MORE, 0xB9, 0), ("RETURNSTATUS", 0), ("DONEPROC", 0, 0xE0, 0)],
    ),
    (
        "the procedure's own statements",
        "EXEC sp_getapplock 'r', 'Bogus'",
        [
            ("DONEINPROC", COUNT | MORE, 0xC1, 1),
            ("DONEINPROC", MORE, 0xC0, 0),
            ("INFO", 15625),
            ("DONEINPROC", MORE, 0xF6, 0),
            ("DONEINPROC", COUNT | MORE, 0xC1, 1),
            ("RETURNSTATUS", -999),
            ("DONEPROC", 0, 0xE0, 0),
        ],
    ),
    ("syntax error", "SELECT 7; SELECT 1,", [("ERROR", 102), ("DONE", ERROR, 0xFD, 0)]),
    (
        "error that ends its statement only",
        "RAISERROR('x', 16, 1); SELECT 7",
        [("ERROR", 50000), ("DONE", ERROR | MORE, 0xF6, 0), *SELECTED, ("DONE", COUNT, 0xC1, 1)],
    ),
    (
        "error that ends the batch",
        "SELECT 7; THROW 50001, 'x', 1; SELECT 7",
        [*SELECTED, ("DONE", COUNT | MORE, 0xC1, 1), ("ERROR", 50001), ("DONE", ERROR, 0xFD, 0)],
    ),
    (
        "a statement that was terminated",
        "INSERT SQLSYSTEMVARIABLES (PARM) VALUES (NULL)",
        [("ERROR", 515), ("INFO", 3621), ("DONE", ERROR, 0xC3, 0)],
    ),
    (
        "a transaction",
        f"BEGIN TRAN; {VENDOR}; COMMIT",
        [
            *(("ENVCHANGE", 8), ("DONE", MORE, 0xD4, 0), ("DONE", COUNT | MORE, 0xC5, 1)),
            *(("ENVCHANGE", 9), ("DONE", 0, 0xD5, 0)),
        ],
    ),
    (
        "an error that rolls back",
        "SET XACT_ABORT ON; BEGIN TRAN; THROW 50001, 'x', 1",
        [
            *(("DONE", MORE, 0xB9, 0), ("ENVCHANGE", 8), ("DONE", MORE, 0xD4, 0)),
            *(("ERROR", 50001), ("ENVCHANGE", 10), ("DONE", ERROR, 0xFD, 0)),
        ],
    ),
    ("another database", "USE master", [("ENVCHANGE", 1), ("INFO", 5701), ("DONE", 0, 0xE2, 0)]),
]


@pytest.mark.parametrize(("batch", "expected"), [case[1:] for case in ANSWERS], ids=[case[0] for case in ANSWERS])
def test_batches(batch: str, expected: list[Token]) -> None:
    async def work(client: Client, database: Database) -> None:
        await client.sign_in()
        assert await client.batch(batch) == expected

    on_the_wire(work)


# of each: its name, the procedure, its arguments, the answer's tokens
CALLS: list[tuple[str, str, tuple[str, ...], list[Token]]] = [
    (
        "statements of sp_executesql are in a procedure",
        "sp_executesql",
        (f"SELECT 7; {VENDOR}",),
        [
            *(*SELECTED, ("DONEINPROC", COUNT | MORE, 0xC1, 1), ("DONEINPROC", COUNT | MORE, 0xC5, 1)),
            *(("RETURNSTATUS", 0), ("DONEPROC", 0, 0xE0, 0)),
        ],
    ),
    (
        "under NOCOUNT only rows and errors are reported",
        "sp_executesql",
        (f"SET NOCOUNT ON; {VENDOR}; SELECT 7",),
        [*SELECTED, ("DONEINPROC", MORE, 0xC1, 0), ("RETURNSTATUS", 0), ("DONEPROC", 0, 0xE0, 0)],
    ),
    (
        "its return status is the last error",
        "sp_executesql",
        ("THROW 50001, 'x', 1",),
        [
            *(("ERROR", 50001), ("DONEINPROC", ERROR | MORE, 0xFD, 0)),
            *(("RETURNSTATUS", 50001), ("DONEPROC", ERROR, 0xE0, 0)),
        ],
    ),
    (
        "a procedure's own return status",
        "sp_addextendedproperty",
        ("p", "v"),
        [("RETURNSTATUS", 0), ("DONEPROC", 0, 0xE0, 0)],
    ),
    ("no such procedure", "sp_cursoropen", (), [("ERROR", 2812), ("DONEPROC", ERROR, 0xE0, 0)]),
]


@pytest.mark.parametrize(
    ("procedure", "arguments", "expected"), [case[1:] for case in CALLS], ids=[case[0] for case in CALLS]
)
def test_calls(procedure: str, arguments: tuple[str, ...], expected: list[Token]) -> None:
    async def work(client: Client, database: Database) -> None:
        await client.sign_in()
        assert await client.call(procedure, *arguments) == expected

    on_the_wire(work)


@pytest.mark.parametrize(
    ("name", "instance", "refused"),
    [
        ("DEV01", b"\0", 0),
        ("DEV01", b"MSSQLServer\0", 0),
        ("DEV01", b"OTHER\0", 1),
        ("DEV01\\AX", b"ax\0", 0),
    ],
    ids=["none", "default", "another", "its own"],
)
def test_prelogin(name: str, instance: bytes, refused: int) -> None:
    async def work(client: Client, database: Database) -> None:
        options = await client.sign_in(instance)
        assert list(options) == [0, 1, 2, 3, 4]
        # encryption, instance, thread, MARS
        assert [options[each] for each in (1, 2, 3, 4)] == [b"\x02", bytes((refused,)), b"", b"\0"]

    on_the_wire(work, name)


def test_transactions_of_the_client() -> None:
    async def work(client: Client, database: Database) -> None:
        await client.sign_in()

        async def request(message: bytes) -> list[Token]:
            await client.send(TRANSACTION, HEADERS + message)
            return tokens(await client.receive())

        assert await request(b"\x05\0\0\0") == [("ENVCHANGE", 8), ("DONE", 0, 0xFD, 0)]
        assert await request(b"\x07\0\0\0") == [("ENVCHANGE", 9), ("DONE", 0, 0xFD, 0)]
        assert await request(b"\x07\0\0\0") == [("ERROR", 3902), ("DONE", ERROR, 0xFD, 0)]

    on_the_wire(work)


@pytest.mark.parametrize("xact_abort", ["ON", "OFF"])
def test_an_attention_has_an_answer_of_its_own(xact_abort: str) -> None:
    async def work(client: Client, database: Database) -> None:
        await client.sign_in()
        await client.batch(f"SET XACT_ABORT {xact_abort}")
        batch = f"BEGIN TRAN; {VENDOR}; WAITFOR DELAY '01:00:00'"
        await client.send(BATCH, HEADERS + batch.encode("utf-16-le"))
        for _unused in range(1000):
            await asyncio.sleep(0.002)
            if database.value("CONFIGURATIONMODE") == "1":
                break
        await client.send(ATTENTION, b"")
        first, second = tokens(await client.receive()), tokens(await client.receive())
        assert first[:2] == [("ENVCHANGE", 8), ("DONE", MORE, 0xD4, 0)]
        assert first[-1] == ("DONE", ERROR, 0xFD, 0)
        assert (("ENVCHANGE", 10) in first) is (xact_abort == "ON")
        assert second == [("DONE", ATTN, 0xFD, 0)]
        assert database.value("CONFIGURATIONMODE") == ("0" if xact_abort == "ON" else "1")
        # and when nothing runs
        await client.send(ATTENTION, b"")
        assert tokens(await client.receive()) == [("DONE", ATTN, 0xFD, 0)]
        assert (await client.batch("SELECT 7"))[:2] == SELECTED

    on_the_wire(work)
