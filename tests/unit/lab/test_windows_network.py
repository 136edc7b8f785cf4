"""ping.exe and curl.exe: in virtual time with answers of the test, and over the network against servers of the test."""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lab.clock import Clock
from lab.pki import Authority
from lab.windows import Account, WindowsHost
from lab.windows.console import Ran, run
from lab.windows.virtual import on_host

Pair = tuple[Path, Path]


def machine(clock: Clock) -> WindowsHost:
    host = WindowsHost("dev01", "127.0.0.1", clock)
    host.add_account(Account("admin", "secret"))
    return host


def virtually(test: Callable[[WindowsHost], Coroutine[Any, Any, Ran]]) -> tuple[Ran, float]:
    """What a line printed, and how many simulated seconds it took."""
    took: list[float] = []

    async def timed(host: WindowsHost) -> Ran:
        host.program_start_seconds = 0
        begin = host.clock.monotonic()
        ran = await test(host)
        took.append(host.clock.monotonic() - begin)
        return ran

    return on_host(machine, timed), took[0]


class TestPing:
    @pytest.mark.parametrize(("arguments", "seconds"), [("-n 1", 0), ("-n 2", 1), ("", 3), ("-n 31 -w 1000", 30)])
    def test_waits(self, arguments: str, seconds: float) -> None:
        ran, took = virtually(lambda host: run(host, f"ping.exe {arguments} 127.0.0.1"))
        assert (ran.code, ran.err, took) == (0, "", seconds)
        assert ran.out.count("Reply from 127.0.0.1: bytes=32 time<1ms TTL=128\n") == seconds + 1

    def test_prints(self) -> None:
        ran, _took = virtually(lambda host: run(host, "ping /N 1 127.0.0.1"))
        assert ran.out == (
            "\nPinging 127.0.0.1 with 32 bytes of data:\n"
            "Reply from 127.0.0.1: bytes=32 time<1ms TTL=128\n"
            "\nPing statistics for 127.0.0.1:\n"
            "    Packets: Sent = 1, Received = 1, Lost = 0 (0% loss),\n"
            "Approximate round trip times in milli-seconds:\n"
            "    Minimum = 0ms, Maximum = 0ms, Average = 0ms\n"
        )

    @pytest.mark.parametrize(
        ("arguments", "out", "err", "code"),
        [
            ("-n 0 127.0.0.1", "Bad value for option -n, valid range is from 1 to 4294967295.\n", "", 1),
            ("-n x 127.0.0.1", "Bad value for option -n, valid range is from 1 to 4294967295.\n", "", 1),
            ("127.0.0.1 -n", "Value must be supplied for option -n.\n", "", 1),
            ("-n 2", "IP address must be specified.\n", "", 1),
            ("127.0.0.1 127.0.0.2", "Bad parameter 127.0.0.2.\n", "", 1),
            ("-t 127.0.0.1", "", "lab: ping -t is not simulated\n", 120),
            ("10.1.2.3", "", "lab: ping 10.1.2.3 is not simulated\n", 120),
            ("web01", "", "lab: ping web01 is not simulated\n", 120),
        ],
    )
    def test_refuses(self, arguments: str, out: str, err: str, code: int) -> None:
        assert virtually(lambda host: run(host, f"ping {arguments}"))[0] == Ran(out, err, code)

    def test_ends_when_it_is_killed(self) -> None:
        async def test(host: WindowsHost) -> Ran:
            waiting = asyncio.ensure_future(run(host, "ping -n 100 127.0.0.1 >nul || echo ended"))
            await host.clock.sleep(5)
            assert (await run(host, "taskkill /F /IM ping.exe")).code == 0
            return await waiting

        assert virtually(test) == (Ran("ended\n", "", 0), 5)


class Case(NamedTuple):
    name: str
    arguments: str
    out: str = ""
    err: str = ""
    code: int = 0


URL = "https://ax.contoso.com/"
PRINTED = [
    Case("the headers", f"-sSk -o nul -D - {URL}", "HTTP/1.1 302 Found\n\n"),
    Case("the headers by -i", f"-s -i {URL}", "HTTP/1.1 302 Found\n\n"),
    Case("the headers by -I", f"--silent --head {URL}", "HTTP/1.1 302 Found\n\n"),
    Case("nothing", f"-s -o NUL {URL}"),
    Case("the status", f'-s -o nul -w "%{{http_code}}" {URL}', "302"),
    Case("a value of its own format", f'-sonul -w "%{{response_code}} %{{exitcode}} 100%%\\n" {URL}', "302 0 100%\n"),
    Case(
        "all that is used",
        f"-sS --ssl-no-revoke --noproxy * -m 20 --connect-timeout 5 -o nul -D - --url {URL}",
        "HTTP/1.1 302 Found\n\n",
    ),
]


@pytest.mark.parametrize("case", PRINTED, ids=lambda case: case.name)
def test_curl_prints(case: Case) -> None:
    async def test(host: WindowsHost) -> Ran:
        async def answer(url: str) -> tuple[int, str]:
            assert url == URL
            return 302, "Found"

        host.http_get = answer
        # started without cmd.exe, which would have its own idea of %
        return await run(host, f"curl.exe {case.arguments}", skip_cmd=True)

    assert virtually(test)[0] == Ran(case.out, case.err, case.code)


FAILURES = [
    (
        ConnectionRefusedError(),
        7,
        "Failed to connect to ax.contoso.com port 443 after 2000 ms: Couldn't connect to server",
    ),
    (socket.gaierror(), 6, "Could not resolve host: ax.contoso.com"),
    (TimeoutError(), 28, "Connection timed out after 300000 milliseconds"),
    (
        ssl.SSLError(),
        35,
        (
            "schannel: next InitializeSecurityContext failed: SEC_E_INVALID_TOKEN (0x80090308) - The token supplied to"
            " the function is invalid"
        ),
    ),
    (http.client.RemoteDisconnected(""), 52, "Empty reply from server"),
    (http.client.BadStatusLine(""), 1, "Received HTTP/0.9 when not allowed"),
    (ConnectionResetError(), 56, "Recv failure: Connection was reset"),
]


@pytest.mark.parametrize(("error", "code", "text"), FAILURES, ids=lambda value: type(value).__name__)
def test_curl_fails(error: Exception, code: int, text: str) -> None:
    async def test(host: WindowsHost) -> Ran:
        async def fail(_url: str) -> tuple[int, str]:
            raise error

        host.http_get = fail
        quiet = await run(host, f"curl -s -o nul {URL}")
        assert quiet == Ran("", "", code)
        return await run(host, f'curl -sS -o nul -w "%{{http_code}}" {URL}')

    assert virtually(test)[0] == Ran("000", f"curl: ({code}) {text}\n", code)


@pytest.mark.parametrize(
    ("arguments", "err", "code"),
    [
        ("", "curl: (2) no URL specified\ncurl: try 'curl --help' for more information\n", 2),
        ("-o", "curl: option -o: requires parameter\ncurl: try 'curl --help' for more information\n", 2),
        (
            f"-m soon {URL}",
            (
                "curl: option --max-time: expected a proper numerical parameter\n"
                "curl: try 'curl --help' for more information\n"
            ),
            2,
        ),
        ('-sS "http://a b/"', "curl: (3) URL rejected: Malformed input to a URL function\n", 3),
        ("-sS http:///", "curl: (3) URL rejected: No host part in the URL\n", 3),
        (
            "-sS http://a:b/",
            "curl: (3) URL rejected: Port number was not a decimal number between 0 and 65535\n",
            3,
        ),
        ("-sS gopher://a/", 'curl: (1) Protocol "gopher" not supported\n', 1),
        (f"-sS -o C:\\no\\such\\file {URL}", "curl: (23) Failure writing output to destination\n", 23),
        (f"-L {URL}", "lab: curl -L is not simulated\n", 120),
        (f"--location {URL}", "lab: curl --location is not simulated\n", 120),
        (f"{URL} {URL}", "lab: curl with several URLs is not simulated\n", 120),
        (f"-w %{{time_total}} {URL}", "lab: curl -w %{time_total} is not simulated\n", 120),
        ("http://me:pw@web01/", "lab: curl with a user name in the URL is not simulated\n", 120),
    ],
)
def test_curl_refuses(arguments: str, err: str, code: int) -> None:
    async def test(host: WindowsHost) -> Ran:
        async def answer(_url: str) -> tuple[int, str]:
            return 200, "OK"

        host.http_get = answer
        return await run(host, f"curl.exe -s {arguments}" if code == 120 else f"curl.exe {arguments}", skip_cmd=True)

    assert virtually(test)[0] == Ran("", err, code)


def test_curl_shows_how_it_goes_on_unless_it_is_silent() -> None:
    async def test(host: WindowsHost) -> Ran:
        async def answer(_url: str) -> tuple[int, str]:
            return 200, "OK"

        host.http_get = answer
        return await run(host, f"curl -o page.html {URL} & if exist page.html echo there")

    ran, _took = virtually(test)
    assert ran.out == "there\n"
    assert ran.err.startswith("  % Total    % Received % Xferd")


@pytest.mark.parametrize(("limits", "seconds"), [("-m 10", 10), ("--max-time 2.5 --connect-timeout 1", 2.5)])
def test_curl_gives_up_in_simulated_time(limits: str, seconds: float) -> None:
    async def test(host: WindowsHost) -> Ran:
        async def hang(_url: str) -> tuple[int, str]:
            await host.clock.sleep(86_400)
            return 200, "OK"

        host.http_get = hang
        return await run(host, f"curl -sS {limits} {URL}")

    text = f"curl: (28) Operation timed out after {int(seconds * 1000)} milliseconds with 0 bytes received\n"
    assert virtually(test) == (Ran("", text, 28), seconds)


def test_a_refused_connection_takes_two_seconds_as_on_windows() -> None:
    async def test(host: WindowsHost) -> Ran:
        return await run(host, "curl -s http://127.0.0.1/")

    assert virtually(test) == (Ran("", "", 7), 2)


def test_curl_can_be_taken_away() -> None:
    async def test(host: WindowsHost) -> Ran:
        host.files.delete(r"C:\Windows\System32\curl.exe")
        return await run(host, "curl.exe -s http://127.0.0.1/")

    ran, _took = virtually(test)
    assert (ran.code, ran.err.splitlines()[0]) == (
        1,
        "'curl.exe' is not recognized as an internal or external command,",
    )


def test_without_network_and_answers_curl_says_so() -> None:
    async def test(host: WindowsHost) -> Ran:
        host.http_get = None
        return await run(host, "curl -s http://127.0.0.1/")

    ran, _took = virtually(test)
    assert ran.code == 120
    assert "is not simulated" in ran.err


def test_a_proxy_is_not_simulated_unless_it_is_passed_by() -> None:
    async def test(host: WindowsHost) -> Ran:
        host.environment["HTTPS_PROXY"] = "http://proxy:3128"
        refused = await run(host, f"curl -s {URL}")
        assert refused.err == "lab: curl through a proxy is not simulated\n"
        return await run(host, f"curl -s --noproxy * {URL}")

    assert virtually(test)[0].code == 6


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("127.0.0.9", "127.0.0.9"),
        ("AX.contoso.com", "127.0.0.5"),
        ("localhost", "127.0.0.1"),
        ("DEV01", "127.0.0.1"),
        ("[::1]", "::1"),
        ("nosuch.contoso.com", None),
        ("", None),
    ],
)
def test_names_are_resolved_by_the_machine_alone(name: str, address: str | None) -> None:
    host = machine(Clock())
    host.hosts_file["ax.Contoso.com"] = "127.0.0.5"
    assert host.resolve(name) == address


# over the network


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def over_network(
    serve: Serve | None,
    arguments: str,
    *,
    tls: Pair | None = None,
    trusted: Path | None = None,
    name: str = "localhost",
) -> Ran:
    """Run ``curl ARGUMENTS URL`` against one server that does ``serve`` with each connection (None: nobody listens)."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert serve is not None
        await reader.readline()
        await serve(reader, writer)
        writer.close()

    async def go() -> Ran:
        host = machine(Clock(100))
        host.hosts_file["ax.contoso.com"] = "127.0.0.1"
        host.trusted_ca_files = [] if trusted is None else [trusted]
        context = None
        if tls is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*tls)
        server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        if serve is None:
            server.close()
        scheme = "https" if "--tls" in arguments or tls is not None else "http"
        line = f"curl -sS {arguments.replace('--tls', '')} {scheme}://{name}:{port}/some/page?x=1"
        ran = await asyncio.wait_for(run(host, line), 20)
        server.close()
        return Ran(ran.out.replace(f"port {port}", "port N"), ran.err.replace(f"port {port}", "port N"), ran.code)

    return asyncio.run(go())


def sends(data: bytes) -> Serve:
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return serve


async def hangs(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        await asyncio.sleep(0.01)
        writer.write(b"H")


SIMPLE = sends(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


@pytest.mark.parametrize(
    ("data", "arguments", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "", Ran("hello", "", 0)),
        (
            b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno",
            "-i",
            Ran("HTTP/1.1 503 Service Unavailable\nContent-Length: 2\n\nno", "", 0),
        ),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "-I", Ran("HTTP/1.1 302 Found\nLocation: /\n\n", "", 0)),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", "", Ran("until the end", "", 0)),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            "",
            Ran("abcde", "", 0),
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "-D -", Ran("HTTP/1.1 204 No Content\n\n", "", 0)),
        (b"", "", Ran("", "curl: (52) Empty reply from server\n", 52)),
        (b"SSH-2.0-OpenSSH\r\n", "", Ran("", "curl: (1) Received HTTP/0.9 when not allowed\n", 1)),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
            "",
            Ran("", "curl: (18) transfer closed with 4 bytes remaining to read\n", 18),
        ),
    ],
    ids=["page", "status", "head", "to the end", "chunks", "no content", "nothing", "no http", "cut off"],
)
def test_curl_over_the_network(data: bytes, arguments: str, expected: Ran) -> None:
    assert over_network(sends(data), arguments) == expected


def test_curl_asks_for_what_the_url_says() -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    assert over_network(serve, "", name="AX.contoso.com").code == 0
    assert heard[0].lower().startswith(b"host: ax.contoso.com:")


def test_curl_finds_nobody() -> None:
    assert over_network(None, "") == Ran(
        "", "curl: (7) Failed to connect to localhost port N after 2000 ms: Couldn't connect to server\n", 7
    )
    assert over_network(None, "--connect-timeout 1").code == 28
    assert over_network(None, "", name="nosuch.contoso.com").code == 6


def test_curl_is_not_held_up_by_drops() -> None:
    ran = over_network(hangs, "--max-time 20")  # a fifth of a real second
    assert ran == Ran("", "curl: (28) Operation timed out after 20000 milliseconds with 0 bytes received\n", 28)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.mark.parametrize(
    ("arguments", "trusted", "name", "code", "text"),
    [
        ("--ssl-no-revoke", True, "ax.contoso.com", 0, "hello"),
        ("-k", False, "ax.contoso.com", 0, "hello"),
        ("--ssl-no-revoke", False, "ax.contoso.com", 60, "SEC_E_UNTRUSTED_ROOT (0x80090325)"),
        ("--ssl-no-revoke", True, "localhost", 60, "SEC_E_WRONG_PRINCIPAL (0x80090322)"),
        ("", True, "ax.contoso.com", 35, "CRYPT_E_NO_REVOCATION_CHECK (0x80092012)"),
    ],
    ids=["trusted", "not verified", "not trusted", "another name", "revocation"],
)
def test_curl_verifies(authority: Authority, arguments: str, trusted: bool, name: str, code: int, text: str) -> None:
    pair = authority.server("ax.contoso.com")
    ran = over_network(SIMPLE, arguments, tls=pair, trusted=authority.ca_file if trusted else None, name=name)
    assert ran.code == code
    assert text in (ran.err if code else ran.out)


def test_curl_speaks_tls_to_somebody_who_does_not(authority: Authority) -> None:
    ran = over_network(sends(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "--tls -k")
    assert ran.code == 35
    assert "SEC_E_INVALID_TOKEN" in ran.err
