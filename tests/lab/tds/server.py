"""The TDS server: connections to a simulated SQL Server."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lab.sql import Done, Failure, Info, Rows, Session, SqlError, SqlServer, Waiting
from lab.sql import errors as sql_errors

from . import login as logins
from . import tokens
from .channel import Channel, tls_context
from .integrated import Denied, NtlmLogin, WindowsAccounts
from .packets import ATTENTION, BATCH, LOGIN, PRELOGIN, RESPONSE, RPC, SSPI, TRANSACTION, Cursor, ProtocolError
from .response import Response
from .rpc import Call, Statements, parse_calls

_ISOLATION = {1: "READ UNCOMMITTED", 2: "READ COMMITTED", 3: "REPEATABLE READ", 4: "SERIALIZABLE"}
# in the queue of requests: no more will come
_END = -1


class Clock(Protocol):
    async def sleep(self, seconds: float) -> None: ...


@dataclass
class Faults:
    """What a test can make go wrong; each is a plain assignment."""

    # close new connections at once
    refuse: bool = False
    # simulated seconds before a login is answered
    login_delay: float = 0.0
    # once: the next request whose text contains drop_on loses its connection "before" it ran, or "during" the answer
    # (it ran, half of the answer arrives)
    drop: str = ""
    drop_on: str = ""
    # once: a connection ends after so many bytes of responses, counted from the end of its login
    drop_after_bytes: int | None = None


class TdsServer:
    """Listens for TDS clients of ``sql``.

    ``encryption``: "off" has no TLS; "on" offers it and leaves the choice to the client; "required" takes none without;
    "strict" takes TDS 8 alone. With a certificate and not "off", TDS 8 is taken as well.
    """

    def __init__(
        self,
        sql: SqlServer,
        address: str,
        port: int,
        *,
        certificate: tuple[Path, Path] | None,
        clock: Clock,
        encryption: str = "on",
    ) -> None:
        if encryption not in ("off", "on", "required", "strict"):
            raise ValueError(encryption)
        if encryption != "off" and certificate is None:
            raise ValueError("TLS needs a certificate")
        self.sql = sql
        self.address = address
        self.port = port
        self.clock = clock
        self.encryption = encryption
        self.faults = Faults()
        self.certificate = certificate
        self.connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def certificate(self) -> tuple[Path, Path] | None:
        return self._certificate

    @certificate.setter
    def certificate(self, files: tuple[Path, Path] | None) -> None:
        """Another certificate for the connections to come."""
        self._certificate = files
        self.inside = tls_context(files, strict=False) if files else None
        self.strict = tls_context(files, strict=True) if files else None

    async def start(self) -> None:
        """Listen; ``port`` 0 becomes the port that was found."""
        self._server = await asyncio.start_server(self._connected, self.address, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the socket and every connection."""
        if self._server is None:
            return
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        channel = Channel(reader, writer)
        connection = Connection(self, channel)
        self.connections.add(connection)
        try:
            if not self.faults.refuse:
                await connection.serve()
        except (asyncio.IncompleteReadError, ConnectionError, ProtocolError, ssl.SSLError):
            # the client left, or talks nonsense: the real server closes the connection without a word
            channel.abort()
        except asyncio.CancelledError:
            channel.abort()
        finally:
            connection.end()
            self.connections.discard(connection)
            self._tasks.discard(task)
            await channel.close()


class Connection:
    """One client: login, then requests until it leaves."""

    def __init__(self, server: TdsServer, channel: Channel) -> None:
        self._server = server
        self._channel = channel
        self._statements = Statements()
        self._session: Session | None = None
        self._descriptor = 0
        self._transactions = 0
        self._asked = 0
        self._acknowledged = 0
        # the client has left
        self._gone = False
        self._requests: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()

    @property
    def session(self) -> Session:
        assert self._session is not None
        return self._session

    def end(self) -> None:
        """Roll back what is open."""
        if self._session is not None:
            self._session.close()

    async def serve(self) -> None:
        """Everything, until the stream ends."""
        if not await self._login():
            return
        listener = asyncio.create_task(self._listen())
        listener.add_done_callback(self._hear_the_end)
        try:
            while True:
                kind, data = await self._requests.get()
                if kind == _END:
                    # raises what ended the stream
                    await listener
                elif kind == ATTENTION:
                    number = int.from_bytes(data, "little")
                    if number > self._acknowledged:
                        self._acknowledged = number
                        # an answer of its own, after that of the request which was to stop
                        await self._channel.send(RESPONSE, tokens.done(status=tokens.ATTENTION, command=0xFD))
                else:
                    await self._request(kind, data)
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)

    def _hear_the_end(self, listener: asyncio.Task[None]) -> None:
        self._gone = True
        self._requests.put_nowait((_END, b""))

    async def _listen(self) -> None:
        # while a batch runs too, since an attention may come then
        while True:
            kind, data = await self._channel.receive()
            if kind == ATTENTION:
                self._asked += 1
                data = self._asked.to_bytes(8, "little")
            self._requests.put_nowait((kind, data))

    # login

    async def _login(self) -> bool:
        channel, server = self._channel, self._server
        strict = await channel.first_byte() == 0x16
        if strict:
            if server.strict is None or server.encryption == "off":
                raise ProtocolError("TDS 8 without a certificate")
            await channel.handshake(server.strict, inside=False)
        elif server.encryption == "strict":
            raise ProtocolError("not TDS 8")
        kind, data = await channel.receive()
        if kind != PRELOGIN:
            raise ProtocolError("no PRELOGIN")
        options = logins.prelogin(data)
        asked = logins.client_encryption(options)
        agreed = logins.ENCRYPT_NOT_SUPPORTED if strict else self._encryption(asked)
        await channel.send(RESPONSE, logins.prelogin_reply(agreed, options, server.sql.name))
        if agreed != logins.ENCRYPT_NOT_SUPPORTED and not strict:
            assert server.inside is not None
            await channel.handshake(server.inside, inside=True)
        kind, data = await channel.receive()
        if kind != LOGIN:
            raise ProtocolError("no LOGIN7")
        if agreed == logins.ENCRYPT_OFF:
            channel.plain_again()
        login = logins.parse_login(data)
        if server.faults.login_delay:
            await server.clock.sleep(server.faults.login_delay)
        try:
            self._session = await self._authenticate(login)
        except SqlError as failure:
            parts = [tokens.error(failure, server.sql.name)]
            if failure.number == 4060:
                # SQL Server says both
                parts.append(tokens.error(sql_errors.login_failed(login.user), server.sql.name))
            await channel.send(RESPONSE, b"".join(parts) + tokens.done(status=tokens.ERROR))
            return False
        self.session.host, self.session.application = login.host, login.application
        channel.spid = self.session.spid
        name = self.session.database.name
        message = f"Changed database context to '{name}'."
        size = str(login.packet_size)
        await channel.send(
            RESPONSE,
            tokens.changed(tokens.DATABASE, name, "master")
            + tokens.message(5701, message, server.sql.name, 2)
            + tokens.collation()
            + tokens.changed(tokens.LANGUAGE, "us_english", "")
            + tokens.message(5703, "Changed language setting to us_english.", server.sql.name)
            + tokens.login_ack()
            + tokens.changed(tokens.PACKET_SIZE, size, "4096")
            + tokens.done(),
        )
        channel.packet_size = login.packet_size
        channel.room, server.faults.drop_after_bytes = server.faults.drop_after_bytes, None
        return True

    def _encryption(self, asked: int) -> int:
        if self._server.encryption == "off":
            return logins.ENCRYPT_NOT_SUPPORTED
        if asked == logins.ENCRYPT_NOT_SUPPORTED:
            required = self._server.encryption == "required"
            return logins.ENCRYPT_REQUIRED if required else logins.ENCRYPT_NOT_SUPPORTED
        if asked == logins.ENCRYPT_OFF and self._server.encryption == "required":
            return logins.ENCRYPT_REQUIRED
        return asked

    async def _authenticate(self, login: logins.Login) -> Session:
        if login.integrated or login.sspi:
            return self._server.sql.login_windows(await self._ntlm(login.sspi), login.database)
        return self._server.sql.login(login.user, login.password, login.database)

    async def _ntlm(self, token: bytes) -> str:
        """The name of the Windows account that proves itself. Raises SqlError 18452 (Kerberos, a wrong password)."""
        try:
            exchange = NtlmLogin(WindowsAccounts(self._server.sql), None)
            answer = exchange.step(token)
            while exchange.account is None:
                await self._channel.send(RESPONSE, tokens.sspi(answer))
                kind, token = await self._channel.receive()
                if kind != SSPI:
                    raise ProtocolError("no SSPI message")
                answer = exchange.step(token)
        except Denied:
            raise sql_errors.untrusted_login() from None
        return exchange.account.name

    # requests

    async def _request(self, kind: int, data: bytes) -> None:
        drop = ""
        if kind == BATCH:
            cursor = Cursor(data)
            cursor.skip_headers()
            batch = cursor.data[cursor.at :].decode("utf-16-le", "replace")
            drop = self._drop(batch)
            response = Response(self._server.sql.name)
            await self._run(batch, {}, response)
            response.end_batch()
        elif kind == RPC:
            drop, response = await self._calls(data)
        elif kind == TRANSACTION:
            response = self._transaction(data)
        elif kind in (SSPI, LOGIN, PRELOGIN):
            raise ProtocolError(f"a message 0x{kind:02X} after the login")
        else:
            raise ProtocolError(f"a message of kind 0x{kind:02X}")
        if self._cancelled:
            response.end_cancelled()
        answer = response.message_bytes()
        if drop:
            self._channel.room = len(answer) // 2
        await self._channel.send(RESPONSE, answer)

    @property
    def _cancelled(self) -> bool:
        """Whether an attention waits to be acknowledged."""
        return self._asked > self._acknowledged

    def _drop(self, text: str) -> str:
        """Whether the fault ``drop`` is meant for this request; "before" strikes at once."""
        faults = self._server.faults
        if not faults.drop or faults.drop_on.lower() not in text.lower():
            return ""
        drop, faults.drop = faults.drop, ""
        if drop == "before":
            raise ConnectionAbortedError("the lab drops this connection")
        return drop

    async def _calls(self, data: bytes) -> tuple[str, Response]:
        response, drop = Response(self._server.sql.name, procedure=True), ""
        try:
            calls = parse_calls(data)
        except SqlError as failure:
            response.failure(Failure(failure))
            response.end_refused()
            return drop, response
        for place, call in enumerate(calls):
            drop = await self._call(call, response, place + 1 < len(calls)) or drop
            if self._cancelled:
                break
        return drop, response

    async def _call(self, call: Call, response: Response, more: bool) -> str:
        try:
            work = self._statements.resolve(call)
        except SqlError as failure:
            response.failure(Failure(failure))
            response.end_refused(more)
            return ""
        drop, code = "", 0
        if work.batch is not None:
            drop = self._drop(work.batch)
            own = await self._run(work.batch, work.parameters, response, work.direct)
            # sp_executesql and its like return the last @@ERROR
            code = own if own is not None else self.session.error
        response.end_procedure(code, work.handle, more)
        return drop

    async def _run(
        self, batch: str, parameters: Mapping[str, object], response: Response, direct: bool = False
    ) -> int | None:
        """Run a batch and write its results down, until it ends or the client cancels it; the return code of a
        procedure that is called ``direct``-ly."""
        session = self.session
        database, code = session.database, None
        steps = session.steps(batch, parameters)
        try:
            for step in steps:
                if self._cancelled or self._gone:
                    break
                if isinstance(step, Waiting):
                    await session.server.clock.moment()
                    continue
                if isinstance(step, Failure):
                    response.failure(step)
                self._follow_transaction(response)
                if isinstance(step, Rows):
                    response.rows(step)
                elif isinstance(step, Info):
                    if session.database is not database:
                        response.add(tokens.changed(tokens.DATABASE, session.database.name, database.name))
                        database = session.database
                    response.message(step)
                elif isinstance(step, Done):
                    if direct and step.code is not None:
                        code = step.code
                    else:
                        response.done(step, session.nocount)
        finally:
            steps.close()
        self._follow_transaction(response)
        return code

    # transactions

    def _follow_transaction(self, response: Response) -> None:
        """Tell the client when a transaction began or ended; without it, drivers' commit() does nothing."""
        active = bool(self.session.trancount)
        if active and not self._descriptor:
            self._transactions += 1
            self._descriptor = self.session.spid << 32 | self._transactions
            response.add(tokens.transaction(tokens.BEGIN, self._descriptor))
        elif not active and self._descriptor:
            kind = tokens.COMMIT if self.session.committed else tokens.ROLLBACK
            response.add(tokens.transaction(kind, self._descriptor))
            self._descriptor = 0

    def _transaction(self, data: bytes) -> Response:
        """A transaction manager request: 5 begins, 7 commits, 8 rolls back, with a flag to begin the next."""
        cursor = Cursor(data)
        cursor.skip_headers()
        request = cursor.unsigned(2)
        response = Response(self._server.sql.name)
        try:
            if request == 5:
                self._begin(cursor)
            elif request in (7, 8):
                cursor.take(cursor.unsigned(1))
                again = bool(cursor.unsigned(1) & 1)
                # after the server's own roll-back (1205) drivers still ask for one
                if request == 7:
                    self.session.commit()
                elif self.session.trancount:
                    self.session.rollback()
                self._follow_transaction(response)
                if again:
                    self._begin(cursor)
            else:
                raise sql_errors.not_simulated(f"the transaction manager request {request}")
        except SqlError as failure:
            response.failure(Failure(failure))
        self._follow_transaction(response)
        response.end_batch()
        return response

    def _begin(self, cursor: Cursor) -> None:
        level = cursor.unsigned(1)
        if level:
            if level not in _ISOLATION:
                raise sql_errors.not_simulated(f"the isolation level {level}")
            self.session.isolation = _ISOLATION[level]
        self.session.begin()
