"""The lab's WinRM server, proved by clients that nobody here wrote: pywinrm, pypsrp and Ansible's winrm connection."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, cast

import pytest
import requests
import spnego
import winrm
from pypsrp.exceptions import AuthenticationError
from pypsrp.exceptions import WSManFaultError as PsrpFault
from pypsrp.shell import Process, SignalCode, WinRS
from pypsrp.wsman import WSMan
from winrm.exceptions import InvalidCredentialsError, WinRMTransportError, WSManFaultError
from winrm.protocol import Protocol

from lab.clock import Clock
from lab.pki import Authority
from lab.thread import LoopThread
from lab.windows import Account, WindowsHost
from lab.windows.errors import Win32Error
from lab.winrm import Answer, Faults, WinRMServer, soap

USER = "LAB\\admin"
PASSWORD = "pa:ss w\u00f6rd-c4n4ry"

# A server, and what pywinrm calls the transport to it.
Way: TypeAlias = tuple[WinRMServer, str]


@dataclass(frozen=True)
class FakeAccount:
    name: str
    password: str


@dataclass
class FakeHost:
    """Runs a handful of commands and remembers what it was asked."""

    name: str = "DEV01"
    accounts: dict[str, FakeAccount] = field(
        default_factory=lambda: {"admin": FakeAccount("admin", PASSWORD), "guest": FakeAccount("guest", "guest-pw")}
    )
    skip_cmd: list[bool] = field(default_factory=list)
    started: int = 0
    cancelled: int = 0

    def authenticate(self, user: str, password: str) -> FakeAccount | None:
        domain, _unused, bare = user.rpartition("\\")
        bare, _unused, suffix = bare.partition("@")
        account = self.accounts.get(bare.casefold())
        known_domain = (domain or suffix).casefold() in ("", "lab", "dev01", ".")
        return account if account and known_domain and account.password == password else None

    async def run(
        self,
        line: str,
        *,
        account: FakeAccount,
        environment: Mapping[str, str],
        cwd: str | None,
        skip_cmd: bool,
        stdin: asyncio.StreamReader,
        write: Callable[[str, bytes], None],
    ) -> int:
        self.started += 1
        self.skip_cmd.append(skip_cmd)
        if cwd == "Q:\\":
            raise Win32Error(267)
        encoded = re.search(r"-EncodedCommand (\S+)", line)
        if encoded:
            line = base64.b64decode(encoded.group(1)).decode("utf-16-le")
        try:
            return await self._run(line.split(" "), account, environment, cwd, stdin, write)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def _run(
        self,
        words: list[str],
        account: FakeAccount,
        environment: Mapping[str, str],
        cwd: str | None,
        stdin: asyncio.StreamReader,
        write: Callable[[str, bytes], None],
    ) -> int:
        program, arguments = words[0], words[1:]
        if program == "echo":
            write("stdout", " ".join(arguments).encode() + b"\r\n")
            return 0
        if program == "where":
            write("stdout", f"{self.name} {account.name} {cwd} {environment.get('TICKET')}\r\n".encode())
            return 0
        if program == "slow":  # slow SECONDS EXITCODE: a line, a wait, a line on the other stream
            write("stdout", b"begin\r\n")
            await asyncio.sleep(float(arguments[0]))
            write("stderr", b"end\r\n")
            return int(arguments[1])
        if program == "big":
            for _unused in range(int(arguments[0]) // 4096):
                write("stdout", os.urandom(2048).hex().encode())
            write("stderr", b"that was all")
            return 0
        if program == "upper":
            while data := await stdin.read(100_000):
                write("stdout", data.upper())
            return 3
        write("stderr", f"'{program}' is not recognized as an internal or external command,\r\n".encode())
        return 9009


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    with LoopThread() as loop:
        yield loop


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> tuple[Path, Path]:
    return authority.server("127.0.7.1", "127.0.7.2")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def https(loop: LoopThread, clock: Clock, certificate: tuple[Path, Path], host: FakeHost) -> Iterator[WinRMServer]:
    server = WinRMServer(host, "127.0.7.1", 0, certificate, clock, Faults())
    loop.run(server.start())
    yield server
    loop.run(server.stop())


@pytest.fixture
def http(loop: LoopThread, clock: Clock, host: FakeHost) -> Iterator[WinRMServer]:
    server = WinRMServer(host, "127.0.7.1", 0, None, clock, Faults())
    loop.run(server.start())
    yield server
    loop.run(server.stop())


@pytest.fixture(params=["basic over https", "ntlm over https", "ntlm over http, encrypted"])
def way(request: pytest.FixtureRequest) -> tuple[WinRMServer, str]:
    """A server and pywinrm's name of the transport."""
    transport, _unused, rest = request.param.partition(" over ")
    return request.getfixturevalue("https" if rest == "https" else "http"), transport


def protocol(
    server: WinRMServer,
    authority: Authority,
    transport: str = "basic",
    *,
    user: str = USER,
    password: str = PASSWORD,
    operation_timeout: int = 20,
    **more: Any,
) -> Protocol:
    options: dict[str, Any] = {
        "transport": transport,
        "username": user,
        "password": password,
        "ca_trust_path": str(authority.ca_file),
        "operation_timeout_sec": operation_timeout,
        "read_timeout_sec": operation_timeout + 10,
        **more,
    }
    return Protocol(server.url, **options)


def wsman(server: WinRMServer, authority: Authority, auth: str, **options: Any) -> WSMan:
    return WSMan(
        server.address,
        **{
            "port": server.port,
            "username": USER,
            "password": PASSWORD,
            "ssl": server.url.startswith("https"),
            "auth": auth,
            "cert_validation": str(authority.ca_file),
            **options,
        },
    )


def wsman_identify() -> str:
    return (
        f'<s:Envelope xmlns:s="{soap.SOAP}" xmlns:i="{soap.IDENTITY}"><s:Header/><s:Body><i:Identify/></s:Body>'
        "</s:Envelope>"
    )


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


class TestPywinrm:
    def test_session(self, way: Way, authority: Authority) -> None:
        server, transport = way
        session = winrm.Session(
            server.url, auth=(USER, PASSWORD), transport=transport, ca_trust_path=str(authority.ca_file)
        )
        result = session.run_cmd("echo", ["hello", "there"])
        assert (result.status_code, result.std_out, result.std_err) == (0, b"hello there\r\n", b"")
        result = session.run_cmd("nonsense")
        assert (result.status_code, result.std_out) == (9009, b"")
        assert b"not recognized" in result.std_err
        assert server.commands == ["echo hello there", "nonsense"]
        assert server.requests == ["Create", "Command", "Receive", "Signal", "Delete"] * 2
        assert server.shells_open == 0

    def test_three_commands_in_one_shell(self, way: Way, authority: Authority, host: FakeHost) -> None:
        server, transport = way
        client = protocol(server, authority, transport)
        shell = client.open_shell(working_directory="C:\\Temp", env_vars={"TICKET": "CHG1 <&>"}, codepage=65001)
        for _unused in range(3):
            command = client.run_command(shell, "where", skip_cmd_shell=True)
            assert client.get_command_output(shell, command) == (b"DEV01 admin C:\\Temp CHG1 <&>\r\n", b"", 0)
            client.cleanup_command(shell, command)
        assert host.skip_cmd == [True] * 3
        assert server.shells_open == 1
        client.close_shell(shell)
        assert server.shells_open == 0
        login = {"basic": 0, "ntlm": 2}[transport]
        before_encryption = 1 if server.url.startswith("http:") else 0
        assert server.round_trips == 11 + login + before_encryption

    def test_longer_than_the_operation_timeout(self, way: Way, authority: Authority) -> None:
        server, transport = way
        client = protocol(server, authority, transport, operation_timeout=1)
        shell = client.open_shell()
        command = client.run_command(shell, "slow", ["1.3", "-1"])
        assert client.get_command_output_raw(shell, command) == (b"begin\r\n", b"", -1, False)
        assert client.get_command_output(shell, command) == (b"", b"end\r\n", 4294967295)
        assert server.requests.count("Receive") == 3
        client.close_shell(shell)

    def test_big_output_respects_the_envelope(self, way: Way, authority: Authority) -> None:
        server, transport = way
        client = protocol(server, authority, transport)
        shell = client.open_shell()
        command = client.run_command(shell, "big", [str(3_000_000)])
        out, err, code = client.get_command_output(shell, command)
        assert (len(out), err, code) == (3_000_000 // 4096 * 4096, b"that was all", 0)
        assert server.requests.count("Receive") > 3_000_000 * 4 / 3 / 153_600
        client.close_shell(shell)

    def test_stdin(self, way: Way, authority: Authority) -> None:
        server, transport = way
        client = protocol(server, authority, transport)
        shell = client.open_shell()
        command = client.run_command(shell, "upper", console_mode_stdin=False)
        client.send_command_input(shell, command, b"first ")
        client.send_command_input(shell, command, b"second" * 20_000, end=True)
        out, _unused, code = client.get_command_output(shell, command)
        assert (out, code) == (b"FIRST " + b"SECOND" * 20_000, 3)
        with pytest.raises(WSManFaultError) as caught:
            client.send_command_input(shell, command, b"too late")
        assert caught.value.wsman_fault_code == 232
        client.close_shell(shell)

    def test_two_shells_at_once_on_one_connection(self, http: WinRMServer, authority: Authority) -> None:
        client = protocol(http, authority, "ntlm")
        one = client.open_shell(env_vars={"TICKET": "one"})
        two = client.open_shell(env_vars={"TICKET": "two"})
        first, second = client.run_command(one, "where"), client.run_command(two, "where")
        assert b"two" in client.get_command_output(two, second)[0]
        assert b"one" in client.get_command_output(one, first)[0]
        client.close_shell(one, close_session=False)
        assert http.shells_open == 1
        with pytest.raises(WSManFaultError) as caught:
            client.run_command(one, "where")
        assert caught.value.wsman_fault_code == 0x8033805B
        assert caught.value.fault_subcode == "w:InvalidSelectors"
        client.close_shell(two)

    def test_two_clients_at_once(self, http: WinRMServer, authority: Authority) -> None:
        clients = [protocol(http, authority, "ntlm") for _unused in range(2)]
        shells = [client.open_shell() for client in clients]
        commands = [
            client.run_command(shell, "slow", ["0.2", "0"]) for client, shell in zip(clients, shells, strict=True)
        ]
        for client, shell, command in zip(clients, shells, commands, strict=True):
            assert client.get_command_output(shell, command) == (b"begin\r\n", b"end\r\n", 0)
            client.close_shell(shell)

    def test_two_commands_at_once_in_one_shell(self, https: WinRMServer, authority: Authority) -> None:
        client, other = (protocol(https, authority) for _unused in range(2))
        shell = client.open_shell()
        slow = client.run_command(shell, "slow", ["0.4", "3"])
        quick = client.run_command(shell, "echo", ["quick"])
        begin = time.monotonic()
        assert client.get_command_output(shell, quick) == (b"quick\r\n", b"", 0)
        assert time.monotonic() - begin < 0.3
        both = client.run_command(shell, "slow", ["0.4", "4"])
        with ThreadPoolExecutor(2) as pool:  # two Receives that wait at the same time
            ends = [
                pool.submit(each.get_command_output, shell, command)
                for each, command in ((client, slow), (other, both))
            ]
            assert [end.result(10) for end in ends] == [(b"begin\r\n", b"end\r\n", code) for code in (3, 4)]
        client.close_shell(shell)

    def test_terminate_cancels_the_command(self, https: WinRMServer, authority: Authority, host: FakeHost) -> None:
        client = protocol(https, authority)
        shell = client.open_shell()
        command = client.run_command(shell, "slow", ["60", "0"])
        assert client.get_command_output_raw(shell, command)[0] == b"begin\r\n"
        client.cleanup_command(shell, command)
        until(lambda: host.cancelled == 1)
        with pytest.raises(WSManFaultError, match="invalid selectors"):
            client.get_command_output(shell, command)
        client.close_shell(shell)

    def test_closing_the_shell_cancels_the_command(
        self, https: WinRMServer, authority: Authority, host: FakeHost
    ) -> None:
        client = protocol(https, authority)
        shell = client.open_shell()
        client.run_command(shell, "slow", ["60", "0"])
        until(lambda: host.started == 1)
        client.close_shell(shell)
        until(lambda: host.cancelled == 1)


class TestPypsrp:
    @pytest.mark.parametrize("auth", ["basic", "ntlm", "negotiate"])
    def test_process_over_https(self, https: WinRMServer, authority: Authority, auth: str) -> None:
        self.process(https, wsman(https, authority, auth))

    @pytest.mark.parametrize("auth", ["ntlm", "negotiate"])
    def test_process_over_http(self, http: WinRMServer, authority: Authority, auth: str) -> None:
        self.process(http, wsman(http, authority, auth))

    def process(self, server: WinRMServer, client: WSMan) -> None:
        environment = {"TICKET": "42"}
        with client, WinRS(client, environment=environment, working_directory="D:\\", codepage=65001) as shell:
            process = Process(shell, "where", [])
            process.invoke()
            assert (process.rc, process.stdout) == (0, b"DEV01 admin D:\\ 42\r\n")
            process.signal(SignalCode.CTRL_C)
            process = Process(shell, "upper", ["a", "b"])
            process.begin_invoke()
            process.send(b"quiet", end=True)
            process.end_invoke()
            assert (process.rc, process.stdout, process.stderr) == (3, b"QUIET", b"")
            process.signal(SignalCode.TERMINATE)
        assert server.commands == ["where", "upper a b"]
        assert server.shells_open == 0

    def test_ctrl_c_ends_the_process(self, http: WinRMServer, authority: Authority) -> None:
        with wsman(http, authority, "ntlm") as client, WinRS(client) as shell:
            process = Process(shell, "slow", ["60", "0"])
            process.begin_invoke()
            process.poll_invoke()
            process.signal(SignalCode.CTRL_C)
            process.end_invoke()
            assert (process.stdout, process.stderr, process.rc) == (b"begin\r\n", b"", 0xC000013A)
            process.signal(SignalCode.CTRL_C)
            with pytest.raises(PsrpFault) as caught:
                process.poll_invoke()
            assert caught.value.code == 0x8033805B
            assert "command identifier that does not exist" in caught.value.reason

    def test_operation_timeout_is_per_request(self, http: WinRMServer, authority: Authority) -> None:
        with wsman(http, authority, "ntlm") as client, WinRS(client) as shell:
            process = Process(shell, "slow", ["60", "0"])
            process.begin_invoke()
            process.poll_invoke()
            begin = time.monotonic()
            with pytest.raises(PsrpFault) as caught:
                shell.receive("stdout stderr", process.id, timeout=1)
            assert caught.value.code == 0x80338029
            assert 0.9 < time.monotonic() - begin < 3

    def test_small_envelope(self, http: WinRMServer, authority: Authority) -> None:
        with wsman(http, authority, "ntlm", max_envelope_size=8192) as client, WinRS(client) as shell:
            process = Process(shell, "big", ["40960"])
            process.invoke()
            assert (len(process.stdout), process.rc) == (40960, 0)
        assert http.requests.count("Receive") > 40960 * 4 / 3 / 8192

    def test_powershell_remoting_is_refused(self, http: WinRMServer, authority: Authority) -> None:
        with wsman(http, authority, "ntlm") as client, pytest.raises(PsrpFault) as caught:
            WinRS(client, resource_uri="http://schemas.microsoft.com/powershell/Microsoft.PowerShell").open()
        assert caught.value.code == 0x80338000


class TestRefusals:
    def test_wrong_password(self, way: Way, authority: Authority) -> None:
        server, transport = way
        with pytest.raises(InvalidCredentialsError):
            protocol(server, authority, transport, password="guest-pw").open_shell()
        assert (server.requests, server.commands, server.shells_open) == ([], [], 0)

    @pytest.mark.parametrize("user", ["nobody", "OTHER\\admin", "admin@other"])
    def test_unknown_user(self, way: Way, authority: Authority, user: str) -> None:
        server, transport = way
        with pytest.raises(InvalidCredentialsError):
            protocol(server, authority, transport, user=user).open_shell()
        assert server.requests == []

    @pytest.mark.parametrize("user", ["admin", "Admin", "dev01\\admin", ".\\admin", "admin@lab"])
    def test_spellings_of_a_user(self, way: Way, authority: Authority, user: str) -> None:
        server, transport = way
        client = protocol(server, authority, transport, user=user)
        client.close_shell(client.open_shell())
        assert server.requests == ["Create", "Delete"]

    def test_psrp_wrong_password_with_spnego(self, http: WinRMServer, authority: Authority) -> None:
        with pytest.raises(AuthenticationError):
            WinRS(wsman(http, authority, "negotiate", password="wrong")).open()
        assert http.requests == []

    def test_basic_over_http(self, http: WinRMServer, authority: Authority) -> None:
        with pytest.raises(InvalidCredentialsError):
            protocol(http, authority, "basic").open_shell()
        http.allow_unencrypted = True
        assert protocol(http, authority, "basic").open_shell()

    def test_unencrypted_messages_over_http(self, http: WinRMServer, authority: Authority) -> None:
        client = protocol(http, authority, "ntlm", message_encryption="never")
        with pytest.raises(WinRMTransportError) as caught:
            client.open_shell()
        assert caught.value.code == 500
        assert http.requests == []

    def test_certificate_of_another_host(self, https: WinRMServer, authority: Authority) -> None:
        https.present(*authority.server("127.0.7.99"))
        with pytest.raises(requests.exceptions.SSLError, match="IP address mismatch"):
            protocol(https, authority).open_shell()

    def test_someone_elses_shell(self, https: WinRMServer, authority: Authority) -> None:
        shell = protocol(https, authority).open_shell()
        with pytest.raises(WSManFaultError) as caught:
            protocol(https, authority, user="guest", password="guest-pw").run_command(shell, "where")
        assert (caught.value.wsman_fault_code, caught.value.fault_subcode) == (5, "w:AccessDenied")

    def test_quotas(self, https: WinRMServer, authority: Authority) -> None:
        https.shells.max_shells_per_user = 1
        https.shells.max_operations_per_user = 2
        client = protocol(https, authority)
        shell = client.open_shell()
        with pytest.raises(WSManFaultError, match="maximum number of 1 concurrent shells") as caught:
            client.open_shell()
        assert caught.value.wsman_fault_code == 0x803381A5
        for _unused in range(2):
            client.cleanup_command(shell, client.run_command(shell, "where"))
        with pytest.raises(WSManFaultError) as caught:
            client.run_command(shell, "where")
        assert caught.value.wmierror_code == 0x803381A6
        assert len(https.commands) == 2

    def test_idle_shells_are_closed(
        self, https: WinRMServer, authority: Authority, clock: Clock, host: FakeHost
    ) -> None:
        client = protocol(https, authority)
        shell = client.open_shell(idle_timeout="PT60S")
        client.run_command(shell, "slow", ["60", "0"])
        until(lambda: host.started == 1)
        clock.advance(59)
        assert https.shells_open == 1
        clock.advance(2)
        assert https.shells_open == 0
        with pytest.raises(WSManFaultError) as caught:
            client.run_command(shell, "where")
        assert caught.value.wsman_fault_code == 0x8033805B
        until(lambda: host.cancelled == 1)

    def test_command_that_cannot_start(self, https: WinRMServer, authority: Authority) -> None:
        client = protocol(https, authority)
        shell = client.open_shell(working_directory="Q:\\")
        with pytest.raises(WSManFaultError, match="directory name is invalid") as caught:
            client.run_command(shell, "where")
        assert caught.value.wsman_fault_code == 0x8007010B
        client.close_shell(shell)

    def test_nothing_is_carried_out_before_the_login_is_complete(
        self, https: WinRMServer, authority: Authority
    ) -> None:
        """The SOAP body goes with every round of the login; only the last one counts, and only on its connection."""
        negotiate = spnego.client(USER, PASSWORD, protocol="ntlm")
        body = wsman_identify()
        with requests.Session() as session:

            def post(token: bytes | None) -> requests.Response:
                headers = {"Authorization": f"Negotiate {base64.b64encode(token).decode()}"} if token else {}
                return session.post(https.url, body, headers=headers, verify=str(authority.ca_file), timeout=5)

            challenge = post(negotiate.step())
            assert (challenge.status_code, https.requests) == (401, [])
            last = negotiate.step(base64.b64decode(challenge.headers["WWW-Authenticate"].split()[1]))
            assert (post(last).status_code, https.requests) == (200, ["Identify"])
            assert post(None).status_code == 200
            # A login that goes wrong takes the old one with it.
            assert post(last).status_code == 401
            assert post(None).status_code == 401
            # The connection belongs to the login: the same words on another connection are worth nothing.
            session.close()
            assert post(last).status_code == 401
        assert https.requests == ["Identify", "Identify"]


class TestFaults:
    def test_drop_in_the_middle_of_a_command(self, way: Way, authority: Authority, host: FakeHost) -> None:
        server, transport = way
        server.faults.drop_in_command = 2
        client = protocol(server, authority, transport)
        shell = client.open_shell()
        command = client.run_command(shell, "echo", ["one"])
        assert client.get_command_output(shell, command)[0] == b"one\r\n"
        command = client.run_command(shell, "slow", ["0.3", "0"])
        with pytest.raises(requests.exceptions.ConnectionError):
            client.get_command_output(shell, command)
        assert server.commands == ["echo one", "slow 0.3 0"]
        # The shell has survived: a new connection finds the command's whole output.
        again = protocol(server, authority, transport)
        assert again.get_command_output(shell, command) == (b"begin\r\n", b"end\r\n", 0)
        assert host.cancelled == 0

    def test_drop_on_receive(self, http: WinRMServer, authority: Authority) -> None:
        client = protocol(http, authority, "ntlm")
        shell = client.open_shell()
        command = client.run_command(shell, "echo", ["one"])
        http.faults.drop_on_receive = True
        with pytest.raises(requests.exceptions.ConnectionError):
            client.get_command_output(shell, command)
        # On the new connection the old keys are worth nothing: 400, as from Windows.
        with pytest.raises(WinRMTransportError) as caught:
            client.cleanup_command(shell, command)
        assert caught.value.code == 400

    def test_client_that_gives_up_loses_no_output(self, https: WinRMServer, authority: Authority) -> None:
        client = protocol(https, authority)
        shell = client.open_shell()
        command = client.run_command(shell, "slow", ["0.4", "0"])
        assert client.get_command_output_raw(shell, command)[0] == b"begin\r\n"
        client.transport.read_timeout_sec = cast(int, 0.1)
        with pytest.raises(requests.exceptions.ReadTimeout):
            client.get_command_output_raw(shell, command)
        client.transport.read_timeout_sec = 5
        assert client.get_command_output(shell, command) == (b"", b"end\r\n", 0)

    def test_refused_connections(self, https: WinRMServer, authority: Authority) -> None:
        https.faults.refuse_connections = True
        with pytest.raises(requests.exceptions.ConnectionError):
            protocol(https, authority).open_shell()
        https.faults.refuse_connections = False
        assert protocol(https, authority).open_shell()

    def test_planted_fault(self, http: WinRMServer, authority: Authority) -> None:
        client = protocol(http, authority, "ntlm")
        shell = client.open_shell()
        http.faults.answer_next = soap.ACCESS_DENIED
        with pytest.raises(WSManFaultError, match="Access is denied"):
            client.run_command(shell, "where")
        assert http.commands == []
        client.close_shell(shell)

    @pytest.mark.parametrize("status", [500, 503])
    def test_garbage(self, https: WinRMServer, authority: Authority, status: int) -> None:
        https.faults.answer_next = Answer(status)
        client = protocol(https, authority)
        with pytest.raises(WinRMTransportError) as caught:
            client.open_shell()
        assert caught.value.code == status
        assert client.open_shell()

    def test_latency_is_paid_for_each_request(self, http: WinRMServer, authority: Authority) -> None:
        http.latency = 0.05
        begin = time.monotonic()
        client = protocol(http, authority, "ntlm")
        client.close_shell(client.open_shell())
        took = time.monotonic() - begin
        assert http.round_trips == 5
        assert 5 * 0.05 <= took < 5

    @pytest.mark.parametrize("drip", [True, "slow .* 0"], ids=["always", "for a command"])
    def test_an_answer_that_drips(
        self, loop: LoopThread, https: WinRMServer, authority: Authority, drip: bool | str
    ) -> None:
        client = protocol(https, authority)
        client.transport.read_timeout_sec = cast(int, 0.3)  # a limit for silence, not for an answer
        shell = client.open_shell()
        https.faults.drip, https.faults.drip_interval = drip, 0.02
        other = None if drip is True else client.run_command(shell, "echo", ["one"])
        if other is not None:
            assert client.get_command_output(shell, other)[0] == b"one\r\n"
        with ThreadPoolExecutor(1) as pool:
            if drip is True:
                waiting: Future[Any] = pool.submit(client.run_command, shell, "where")
            else:
                command = client.run_command(shell, "slow", ["0.1", "0"])
                waiting = pool.submit(client.get_command_output, shell, command)
            time.sleep(0.9)
            assert not waiting.done()
            loop.run(https.stop())
            assert waiting.exception(5) is not None

    def test_delay(self, https: WinRMServer, authority: Authority, clock: Clock) -> None:
        https.faults.delay, clock.scale = 20.0, 100.0
        begin = time.monotonic()
        protocol(https, authority).open_shell()
        assert 0.2 <= time.monotonic() - begin < 5


class TestWindowsHost:
    """In front of a simulated host: how much of what a line prints comes with each Receive."""

    @pytest.fixture
    def server(self, loop: LoopThread, certificate: tuple[Path, Path]) -> Iterator[WinRMServer]:
        clock = Clock(20)
        host = WindowsHost("dev01", "127.0.7.1", clock)
        host.add_account(Account("admin", PASSWORD))
        server = WinRMServer(host, "127.0.7.1", 0, certificate, clock)
        loop.run(server.start())
        yield server
        loop.run(server.stop())

    def test_lines_that_are_printed_together_come_together(self, server: WinRMServer, authority: Authority) -> None:
        client = protocol(server, authority, user="admin")
        shell = client.open_shell()
        commands = "^(for /l %i in ^(1^,1^,300^) do @echo line %i^)^& ping -n 2 127.0.0.1 ^>nul^& echo last"
        command = client.run_command(shell, f"""for /f "delims=" %z in ('{commands}') do @echo(%z""")
        out, err, code = client.get_command_output(shell, command)
        lines = [f"line {number}" for number in range(1, 301)]
        assert (out.decode().splitlines(), err, code) == ([*lines, "last"], b"", 0)
        assert server.requests == ["Create", "Command", "Receive"]
        client.close_shell(shell)

    def test_lines_with_time_between_them_come_one_by_one(self, server: WinRMServer, authority: Authority) -> None:
        client = protocol(server, authority, user="admin")
        shell = client.open_shell()
        command = client.run_command(shell, "echo one& ping -n 3 127.0.0.1 >nul& echo two")
        assert client.get_command_output(shell, command) == (b"one\r\ntwo\r\n", b"", 0)
        assert server.requests == ["Create", "Command", "Receive", "Receive"]
        client.close_shell(shell)


class TestIdentify:
    def test_without_a_login(self, http: WinRMServer) -> None:
        answer = requests.post(http.url, wsman_identify(), headers={"WSMANIDENTIFY": "unauthenticated"}, timeout=5)
        assert (answer.status_code, "Microsoft Corporation" in answer.text) == (200, True)
        assert requests.post(http.url, wsman_identify(), timeout=5).status_code == 401

    def test_offers(self, http: WinRMServer, https: WinRMServer, authority: Authority) -> None:
        assert requests.post(http.url, timeout=5).headers["WWW-Authenticate"] == "Negotiate"
        offer = requests.post(https.url, verify=str(authority.ca_file), timeout=5).headers["WWW-Authenticate"]
        assert offer == 'Negotiate, Basic realm="WSMAN"'


def test_ansible_raw_on_two_hosts(
    loop: LoopThread, clock: Clock, authority: Authority, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    first = WinRMServer(FakeHost("DEV01"), "127.0.7.1", 0, certificate, clock)
    loop.run(first.start())
    second = WinRMServer(FakeHost("DEV02"), "127.0.7.2", first.port, certificate, clock)
    loop.run(second.start())
    common = {
        "ansible_connection": "winrm",
        "ansible_port": first.port,
        "ansible_winrm_scheme": "https",
        "ansible_winrm_ca_trust_path": str(authority.ca_file),
        "ansible_user": USER,
        "ansible_password": PASSWORD,
    }
    hosts = {
        "dev01": {"ansible_host": first.address, "ansible_winrm_transport": "basic"},
        "dev02": {"ansible_host": second.address, "ansible_winrm_transport": "ntlm"},
    }
    inventory = tmp_path / "inventory.json"
    inventory.write_text(json.dumps({"d365fo": {"hosts": hosts, "vars": common}}))
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible")), "d365fo", "-i", str(inventory), "-m", "raw", "-a", "where"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCAL_TEMP": str(tmp_path)},
        check=False,
    )
    loop.run(first.stop())
    loop.run(second.stop())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "DEV01 admin" in done.stdout
    assert "DEV02 admin" in done.stdout
    assert PASSWORD not in done.stdout + done.stderr
    assert [len(server.commands) for server in (first, second)] == [1, 1]
    assert (first.shells_open, second.shells_open) == (0, 0)
    assert (first.round_trips, second.round_trips) == (5, 7)
