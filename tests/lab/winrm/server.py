"""The HTTP side of the WinRM service: connections, authentication, and one SOAP request after the other."""

from __future__ import annotations

import asyncio
import base64
import binascii
import ssl
import weakref
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from spnego.channel_bindings import GssChannelBindings

from lab.clock import Clock
from lab.windows.errors import Win32Error
from lab.windows.misbehaviour import drip
from lab.winrm import auth, soap
from lab.winrm.faults import Answer, Faults
from lab.winrm.shells import Account, Command, Host, Shell, Shells

SOAP_TYPE = "application/soap+xml;charset=UTF-8"
# Real seconds for which an answer to Receive waits for what is printed in the same moment as its first output.
GATHER = 0.003


@dataclass
class _Connection:
    """What the server remembers of one TCP connection."""

    login: auth.NtlmLogin | None = None


class _Refusal(asyncio.Protocol):
    """Resets a connection as soon as it is there."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            transport.abort()


class WinRMServer:
    """WinRM for one host on one address: HTTPS if ``tls`` is given as (certificate, key), else HTTP.

    As Windows does by default it takes Basic only over HTTPS, and over HTTP only encrypted messages
    (``allow_unencrypted`` is WinRM's AllowUnencrypted).

    For tests: ``requests`` are the operations in the order of their arrival ("Create", "Command", "Receive", ...),
    ``round_trips`` counts every HTTP request, the rounds of a login included, ``commands`` are the command lines that
    were started, ``shells_open`` is the number of shells that no client has deleted yet. ``latency`` is what the way
    to the server and back costs each HTTP request, in real seconds.
    """

    def __init__(
        self,
        host: Host,
        address: str,
        port: int,
        tls: tuple[Path, Path] | None,
        clock: Clock,
        faults: Faults | None = None,
    ) -> None:
        self.host = host
        self.address = address
        self.port = port
        self.faults = faults or Faults()
        self.allow_unencrypted = False
        self.max_envelope_size = 512_000
        self.requests: list[str] = []
        self.commands: list[str] = []
        self.round_trips = 0
        self.latency = 0.0
        self.shells = Shells(host, clock)
        self._clock = clock
        self._tls = None if tls is None else ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._binding: GssChannelBindings | None = None
        if tls is not None:
            self.present(*tls)
        self._connections: weakref.WeakKeyDictionary[asyncio.BaseTransport, _Connection] = weakref.WeakKeyDictionary()
        self._web: web.Server | None = None
        self._listener: asyncio.Server | None = None

    @property
    def shells_open(self) -> int:
        """How many shells are open."""
        return len(self.shells)

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"{'https' if self._tls else 'http'}://{self.address}:{self.port}/wsman"

    def present(self, certificate: Path, key: Path) -> None:
        """Show this certificate from the next connection on (a server with HTTPS only)."""
        if self._tls is None:
            raise ValueError("a server without TLS has no certificate to show")
        self._tls.load_cert_chain(certificate, key)
        self._binding = auth.channel_binding(certificate)

    async def start(self) -> None:
        """Listen; ``port`` is the real one afterwards."""
        # A Receive whose client has gone is cancelled, so that it takes no output with it.
        self._web = web.Server(self._serve, handler_cancellation=True, access_log=None, keepalive_timeout=900.0)
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._accept, self.address, self.port, ssl=self._tls)
        self.port = self._listener.sockets[0].getsockname()[1]

    def reachable(self, up: bool) -> None:
        """Cut the machine off from the network (connections are reset, new ones refused), or bring it back."""
        self.faults.refuse_connections = not up
        for transport in [] if up else list(self._connections):
            if isinstance(transport, asyncio.Transport):
                transport.abort()

    async def stop(self) -> None:
        """Stop listening, end connections, shells and what runs in them."""
        if self._listener is not None:
            self._listener.close()
        await self.shells.close()
        if self._web is not None:
            await self._web.shutdown(timeout=0.01)  # 0 would mean no limit

    def _accept(self) -> asyncio.Protocol:
        if self.faults.refuse_connections or self._web is None:
            return _Refusal()
        return self._web()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        self.round_trips += 1
        body = await request.read()
        if self.latency:
            await asyncio.sleep(self.latency)
        if self.faults.drip is True:
            await drip(request, self.faults.drip_interval)
        if self.faults.delay:
            await self._clock.sleep(self.faults.delay)
        if request.path != "/wsman":
            return web.Response(status=404)
        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": "POST"})
        broken = self.faults.takes(Answer)
        if isinstance(broken, Answer):
            return web.Response(status=broken.status, body=broken.body, headers={"Content-Type": broken.content_type})
        if request.headers.get("WSMANIDENTIFY") == "unauthenticated":
            return self._identify(body)
        connection = self._connections.setdefault(_transport(request), _Connection())
        try:
            account, token = self._authenticate(request, connection)
        except auth.Denied:
            connection.login = None
            return self._unauthorized()
        if account is None:
            return self._unauthorized(token)
        response = await self._open_message(request, connection, account, body)
        if token:
            response.headers["WWW-Authenticate"] = _negotiate(token)
        return response

    def _unauthorized(self, token: bytes = b"") -> web.Response:
        response = web.Response(status=401)
        response.headers.add("WWW-Authenticate", _negotiate(token))
        if not token and (self._tls is not None or self.allow_unencrypted):
            response.headers.add("WWW-Authenticate", 'Basic realm="WSMAN"')
        return response

    def _authenticate(self, request: web.BaseRequest, connection: _Connection) -> tuple[Account | None, bytes]:
        """(account, token to send back); no account as long as the login is not complete. Raises Denied."""
        scheme, _unused, credentials = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return (None if connection.login is None else connection.login.account), b""
        if scheme.lower() == "basic" and (self._tls is not None or self.allow_unencrypted):
            return auth.basic(self.host, credentials.strip()), b""
        if scheme.lower() != "negotiate":
            raise auth.Denied
        try:
            token = base64.b64decode(credentials, validate=True)
        except (binascii.Error, ValueError) as error:
            raise auth.Denied from error
        if connection.login is None or connection.login.account is not None:
            connection.login = auth.NtlmLogin(self.host, self._binding)
        answer = connection.login.step(token)
        return connection.login.account, answer

    async def _open_message(
        self, request: web.BaseRequest, connection: _Connection, account: Account, body: bytes
    ) -> web.Response:
        """Unseal the message if it is sealed, carry it out, seal the answer the same way."""
        login = connection.login
        if request.headers.get("Content-Type", "").startswith(auth.ENCRYPTED):
            if login is None or login.account is None:
                return web.Response(status=400)
            try:
                message = login.unseal(body)
            except auth.BadSeal:
                return web.Response(status=400)
            status, answer = await self._answer(request, account, message)
            sealed = login.seal(answer)
            return web.Response(status=status, body=sealed, headers={"Content-Type": auth.ENCRYPTED_TYPE})
        if not body:
            return web.Response(status=200)  # the end of a login that was made before there was anything to say
        if self._tls is None and not self.allow_unencrypted:
            return web.Response(status=500)
        status, answer = await self._answer(request, account, body)
        return web.Response(status=status, body=answer, headers={"Content-Type": SOAP_TYPE})

    async def _answer(self, http: web.BaseRequest, account: Account, message: bytes) -> tuple[int, bytes]:
        """Carry out one SOAP request: (HTTP status, SOAP answer)."""
        relates_to = ""
        try:
            try:
                request = soap.parse(message)
            except soap.BadEnvelope as error:
                raise soap.INVALID_SCHEMA.error() from error
            relates_to = request.message_id
            self.requests.append(request.action)
            planted = self.faults.takes(soap.Fault)
            if isinstance(planted, soap.Fault):
                raise planted.error()
            return 200, await self._carry_out(http, account, request)
        except soap.WsManFault as error:
            return 500, soap.fault(error.fault, relates_to, self.host.name)
        except Win32Error as error:
            return 500, soap.fault(soap.system_error(error.code, error.text), relates_to, self.host.name)

    async def _carry_out(self, http: web.BaseRequest, account: Account, request: soap.Request) -> bytes:
        if request.action == "Identify":
            return soap.identified()
        if request.action not in soap.ACTIONS.values():
            raise soap.action_not_supported(request.action).error()
        if request.resource_uri != soap.CMD_SHELL:
            raise soap.resource_not_found(request.resource_uri).error()
        if request.action == "Create":
            settings = soap.shell_settings(request)
            shell = self.shells.create(account, settings)
            return soap.created(request, self.url, settings, shell.id, account.name)
        shell = self.shells.find(account, request.shell_id)
        if request.action == "Command":
            return await self._start(shell, request)
        if request.action == "Receive":
            return await self._receive(http, shell, request)
        if request.action == "Send":
            for piece in soap.stream_input(request):
                if piece.stream != "stdin":
                    raise soap.INVALID_PARAMETER.error()
                shell.command(piece.command_id).feed(piece.data, piece.end)
        elif request.action == "Signal":
            self.shells.signal(shell, *soap.signal(request))
        else:
            self.shells.delete(shell)
        return soap.done(request)

    async def _start(self, shell: Shell, request: soap.Request) -> bytes:
        wished_id, line = soap.command_line(request)
        command = await self.shells.start(shell, wished_id, line, request.option("WINRS_SKIP_CMD_SHELL"))
        self.commands.append(line)
        command.doomed = self.faults.counts_command(line)
        return soap.command_started(request, command.id)

    async def _receive(self, http: web.BaseRequest, shell: Shell, request: soap.Request) -> bytes:
        command_id, streams = soap.desired_streams(request)
        command = shell.command(command_id)
        if not streams or not set(streams) <= shell.settings.output_streams:
            raise soap.INVALID_PARAMETER.error()
        if command.receiving:
            raise soap.RECEIVE_IN_PROGRESS.error()
        command.receiving = True
        try:
            await self._maybe_drop(http, command, streams)
            # Real seconds: the client measures its own time-outs in them.
            came = await command.news(streams, request.operation_timeout)
            if came:
                await command.gather(GATHER)
        finally:
            command.receiving = False
        self.shells.touch(shell)
        if self.faults.drips_for(command.line):
            await drip(http, self.faults.drip_interval)
        if command.terminated:
            raise soap.ABORTED.error()
        if not came:
            raise soap.OPERATION_TIMEOUT.error()
        room = min(request.max_envelope_size, self.max_envelope_size) - soap.ENVELOPE_OVERHEAD
        output, all_taken = command.take(streams, room)
        if command.exit_code is None or not all_taken:
            return soap.received(request, command.id, output)
        return soap.received(request, command.id, output, streams, command.exit_code)

    async def _maybe_drop(self, http: web.BaseRequest, command: Command, streams: tuple[str, ...]) -> None:
        if self.faults.drops_receive():
            await _drop(http)
        elif command.doomed:
            command.doomed = False
            await command.news(streams, self.faults.drop_after / self._clock.scale)
            await _drop(http)

    def _identify(self, body: bytes) -> web.Response:
        try:
            request = soap.parse(body)
        except (soap.BadEnvelope, soap.WsManFault):
            return web.Response(status=400)
        if request.action != "Identify":
            return self._unauthorized()
        self.requests.append(request.action)
        return web.Response(body=soap.identified(), headers={"Content-Type": SOAP_TYPE})


def _transport(request: web.BaseRequest) -> asyncio.Transport:
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the client has gone")
    return transport


async def _drop(request: web.BaseRequest) -> None:
    """Reset the connection; aiohttp cancels the handler when it notices."""
    _transport(request).abort()
    await asyncio.Event().wait()


def _negotiate(token: bytes) -> str:
    return f"Negotiate {base64.b64encode(token).decode('ascii')}" if token else "Negotiate"
