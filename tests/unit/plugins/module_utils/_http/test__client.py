"""The HTTP client against real sockets: what it sends, what it makes of every kind of answer, what it never says."""

from __future__ import annotations

import email.utils
import http.server
import json
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Client, HttpFailure, Pace, Retry, basic
from hypothesis import given
from hypothesis import strategies as st

from lab.pki import Authority
from lab.rest.proxy import Proxy
from lab.thread import LoopThread

SECRET = "k3y/with+signs=="


@dataclass
class Script:
    """What the server answers, in order; then {"ok": true} for ever. ``requests`` is what arrived."""

    answers: deque[tuple[int, dict[str, str], bytes] | str] = field(default_factory=deque)
    requests: list[tuple[str, str, dict[str, str], bytes, int]] = field(default_factory=list)
    delay: float = 0.0
    port: int = 0

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/api/"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    script: Script

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.script.requests.append((self.command, self.path, headers, body, self.client_address[1]))
        time.sleep(self.script.delay)
        answer = self.script.answers.popleft() if self.script.answers else (200, {}, b'{"ok": true}')
        if answer == "drop":
            self.close_connection = True
            return
        if answer == "cut":
            self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"half":')
            self.close_connection = True
            return
        if answer == "trickle":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            with suppress(OSError):  # the client goes away
                for _unused in range(20):
                    self.wfile.write(b" ")
                    time.sleep(0.1)
            self.close_connection = True
            return
        assert not isinstance(answer, str)
        status, more, content = answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = more.get("Connection") == "close"


for method in ("GET", "POST", "PUT"):
    setattr(Handler, f"do_{method}", Handler.answer)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def tls(authority: Authority) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*authority.server("127.0.0.1"))
    return context


@contextmanager
def listening(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    handler = type("ScriptedHandler", (Handler,), {"script": script})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def script(tls: ssl.SSLContext) -> Iterator[Script]:
    script = Script()
    with listening(script, tls) as script.port:
        yield script


class Time:
    """A clock for the client: sleeping only moves it on."""

    def __init__(self) -> None:
        self.at = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.at += seconds


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def client(script: Script, authority: Authority, clock: Time) -> Iterator[Client]:
    client = Client(
        script.url,
        headers={"api-version": "v1"},
        credentials={"api-secret-key": SECRET},
        ca_path=str(authority.ca_file),
        now=clock.now,
        sleep=clock.sleep,
    )
    yield client
    client.close()


def error(status: int, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, content


def test_what_is_sent(client: Client, script: Script) -> None:
    answer = client.request(
        "POST", "/computers/7", attempted="x", query=[("expand", "a"), ("expand", "b c")], body={"on": True}
    )
    method, path, headers, body, _port = script.requests[0]
    assert (method, path, json.loads(body)) == ("POST", "/api/computers/7?expand=a&expand=b%20c", {"on": True})
    assert headers["api-secret-key"] == SECRET
    assert headers["api-version"] == "v1"
    assert headers["content-type"] == "application/json"
    assert "cookie" not in headers
    assert (answer.status, answer.data) == (200, {"ok": True})
    assert answer.headers["content-length"] == "12"


def test_connections_are_kept(client: Client, script: Script) -> None:
    for _unused in range(5):
        client.get("/a", attempted="x")
    assert len({request[4] for request in script.requests}) == 1


def test_a_kept_connection_that_was_closed_is_no_trouble(client: Client, script: Script, clock: Time) -> None:
    script.answers += [error(200, {}, Connection="close"), error(200, {}), "drop", error(200, {"again": True})]
    assert [client.get("/a", attempted="x").data for _unused in range(3)] == [{}, {}, {"again": True}]
    assert clock.slept == []


def test_many_threads_share_a_client(client: Client, script: Script) -> None:
    script.delay = 0.02
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: client.get(f"/{number}", attempted="x").data, range(40)))
    assert answers == [{"ok": True}] * 40
    assert client.sent == {"GET": 40}
    assert len({request[4] for request in script.requests}) <= 8


def test_no_body_is_an_answer(client: Client, script: Script) -> None:
    script.answers.append((204, {}, b""))
    assert client.request("PUT", "/x", attempted="x", body={}).data is None


# (answers, the texts that the message must have, how often it was sent)
FAILURES: list[tuple[list[Any], list[str], int]] = [
    ([error(403, {"message": "Not  authorized"})], ["HTTP 403: Not authorized.", "rights"], 1),
    ([error(401, {"error": {"message": "Invalid"}})], ["HTTP 401: Invalid.", "credential"], 1),
    ([error(400, {"errors": ["a", {"message": "b"}]})], ["HTTP 400: a; b."], 1),
    ([error(500, b"java.lang.NullPointerException")], ['HTTP 500: "java.lang.NullPointerException"', "log"], 1),
    ([error(404, b"")], ["HTTP 404."], 1),
    (
        [error(200, b"<html><title>Sign in</title></html>")],
        ['HTTP 200 with an HTML page "Sign in" instead of JSON', "Check the URL"],
        1,
    ),
    ([error(200, b'{"computers": [')], ["HTTP 200 with a damaged or cut off body (15 bytes) instead of JSON"], 1),
    (
        [error(302, b"", Location="https://elsewhere.example.com/login?k=1")],
        ["it redirects to https://elsewhere.example.com."],
        1,
    ),
    ([error(502, b"<html><h1>Bad Gateway</h1>")] * 99, ['HTTP 502: an HTML page "Bad Gateway" (tried for'], 0),
    (["cut"] * 99, ["the answer broke off after 8 bytes (tried for"], 0),
    (["drop"] * 99, ["the connection broke: Remote end closed connection without response"], 0),
]


@pytest.mark.parametrize(("answers", "texts", "sent"), FAILURES)
def test_failures(client: Client, script: Script, answers: list[Any], texts: list[str], sent: int, clock: Time) -> None:
    script.answers += answers
    with pytest.raises(HttpFailure) as caught:
        client.get("/a", attempted="read it")
    message = str(caught.value)
    assert message.startswith(f"Could not read it on https://127.0.0.1:{script.port}/api: ")
    assert [text for text in texts if text not in message] == []
    assert sent in (0, len(script.requests))
    # What was tried again at all ended before the limit.
    assert clock.at <= 180


def test_a_trickling_answer_ends_with_the_time_limit(script: Script, authority: Authority) -> None:
    script.answers.append("trickle")
    client = Client(script.url, ca_path=str(authority.ca_file), timeout=0.5, retry=Retry(limit=0, first_contact=0))
    began = time.monotonic()
    with pytest.raises(HttpFailure, match=r"no complete answer within 0\.5 s"):
        client.get("/a", attempted="x")
    assert time.monotonic() - began < 1.5


def test_pauses_double_up_to_the_limit(client: Client, script: Script, clock: Time) -> None:
    script.answers += [error(503, {})] * 8
    assert client.get("/a", attempted="x").data == {"ok": True}
    assert clock.slept == [0.5, 1, 2, 4, 8, 15, 15, 15]


@pytest.mark.parametrize("header", ["7", "date"])
def test_retry_after_is_honoured(client: Client, script: Script, clock: Time, header: str) -> None:
    value = email.utils.formatdate(time.time() + 7, usegmt=True) if header == "date" else header
    script.answers.append(error(429, {"message": "Too many"}, Retry_After=value))
    client.get("/a", attempted="x")
    assert 5 < sum(clock.slept) <= 7


@pytest.mark.parametrize("header", ["0", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_retry_after_of_nothing_is_the_own_pause(client: Client, script: Script, clock: Time, header: str) -> None:
    script.answers += [error(429, {}, Retry_After=header)] * 3
    client.get("/a", attempted="x")
    assert clock.slept == [0.5, 1, 2]


def test_a_retry_after_beyond_the_limit_fails_at_once(client: Client, script: Script, clock: Time) -> None:
    script.answers.append(error(429, {"message": "Too many"}, Retry_After="3600"))
    with pytest.raises(HttpFailure, match="HTTP 429: Too many"):
        client.get("/a", attempted="x")
    assert clock.slept == []


@pytest.mark.parametrize(
    ("answer", "times"), [(error(429, {}), 2), (error(409, {}), 1), (error(502, {}), 1), ("drop", 1), ("cut", 1)]
)
def test_what_must_not_happen_twice_is_not_sent_twice(client: Client, script: Script, answer: Any, times: int) -> None:
    """Unless the server said that it did nothing."""
    script.answers.append(answer)
    with nullcontext() if times == 2 else pytest.raises(HttpFailure):
        client.request("POST", "/a", attempted="x", body={}, repeatable=False)
    assert len(script.requests) == times


def test_an_address_where_nobody_is_fails_soon(clock: Time) -> None:
    told: list[str] = []
    client = Client("https://127.0.0.1:1/api", tell=told.append, now=clock.now, sleep=clock.sleep)
    with pytest.raises(HttpFailure, match=r"it refuses connections.*Check host and port"):
        client.get("/a", attempted="x")
    assert clock.at <= 10
    assert told[0].startswith("https://127.0.0.1:1/api: it refuses connections; trying again in 0.5 s")


def test_a_restart_is_survived(client: Client, script: Script, clock: Time) -> None:
    client.get("/a", attempted="x")
    script.answers += ["drop"] * 6
    assert client.get("/a", attempted="x").data == {"ok": True}
    assert 10 < clock.at < 60


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda url, ca: Client(url), "its certificate is not trusted"),
        (lambda url, ca: Client(url.replace("127.0.0.1", "localhost"), ca_path=ca), "ertificate is not valid for"),
        (lambda url, ca: Client("https://no-such-host.invalid/api", ca_path=ca), "the host name does not resolve"),
    ],
)
def test_tls_and_names_are_verified(script: Script, authority: Authority, make: Any, text: str) -> None:
    with pytest.raises(HttpFailure, match=text):
        make(script.url, str(authority.ca_file)).get("/a", attempted="x")
    assert script.requests == []


def test_verification_can_be_switched_off(script: Script) -> None:
    assert Client(script.url, validate_certs=False).get("/a", attempted="x").data == {"ok": True}


def test_a_port_without_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def speak() -> None:
            connection, _unused = server.accept()
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.close()

        threading.Thread(target=speak, daemon=True).start()
        with pytest.raises(HttpFailure, match=r"TLS failed|broke off within TLS|connection broke"):
            Client(f"https://127.0.0.1:{port}", retry=Retry(0, 0)).get("/a", attempted="x")


@pytest.mark.parametrize(
    ("url", "options", "text"),
    [
        ("dsm.example.com", {}, r"Invalid O\(url\)"),
        ("https://host/api", {"ca_path": "/nonexistent.pem"}, r"Invalid O\(ca_path\): /nonexistent.pem: No such file"),
        ("https://host/api", {"ca_path": "/"}, r"Invalid O\(ca_path\)"),
        ("https://host/api", {"ca_path": "a\0b"}, r"Invalid O\(ca_path\)"),
        ("https://host/api", {"ca_path": __file__}, r"Invalid O\(ca_path\)"),
        ("https://host/api", {"client_cert": __file__}, r"Invalid O\(client_cert\)"),
        ("https://host/api", {"proxy": "https://u:pa55word@p"}, r"Invalid O\(proxy\)"),
        ("https://host/api", {"credentials": {"k": "pa55word\n"}}, "characters that are not allowed in an HTTP header"),
    ],
)
def test_bad_options_are_refused(url: str, options: dict[str, Any], text: str) -> None:
    with pytest.raises(Failure, match=text) as caught:
        Client(url, **options)
    assert "pa55word" not in str(caught.value)


@pytest.mark.parametrize("form", [SECRET, "k3y%2Fwith%2Bsigns%3D%3D", "before" + SECRET + "after"])
def test_a_server_that_quotes_the_secret(client: Client, script: Script, form: str) -> None:
    script.answers.append(error(401, {"message": f"the key {form} is wrong"}))
    with pytest.raises(HttpFailure) as caught:
        client.get("/a", attempted="x")
    said = str(caught.value) + caught.value.message
    assert form not in said
    assert "********" in said


def test_basic_login_is_masked_in_either_form(script: Script, authority: Authority) -> None:
    login = basic("me", "pa55 word")
    client = Client(
        script.url, credentials={"Authorization": login}, secrets=["pa55 word"], ca_path=str(authority.ca_file)
    )
    script.answers.append(error(400, {"message": f"{login.split()[1]} or pa55 word"}))
    with pytest.raises(HttpFailure) as caught:
        client.get("/a", attempted="x")
    assert caught.value.message == "******** or ********"
    assert script.requests[0][2]["authorization"] == login


def test_proxy(script: Script, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    with LoopThread() as loop:
        proxy = Proxy(user="me", password="p@ss")
        loop.run(proxy.start())
        address = f"http://me:p%40ss@127.0.0.1:{proxy.port}"
        ca = str(authority.ca_file)
        assert Client(script.url, ca_path=ca, proxy=address).get("/a", attempted="x").data == {"ok": True}
        assert proxy.tunnels == [f"127.0.0.1:{script.port}"]

        with pytest.raises(
            HttpFailure, match=r"proxy refused the CONNECT request \(HTTP 407\) \(through the proxy 127\.0\.0\.1"
        ):
            Client(script.url, ca_path=ca, proxy=f"http://127.0.0.1:{proxy.port}").get("/a", attempted="x")

        monkeypatch.setenv("https_proxy", address)
        Client(script.url, ca_path=ca).get("/a", attempted="x")
        assert len(proxy.tunnels) == 2
        Client(script.url, ca_path=ca, use_proxy=False).get("/a", attempted="x")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        Client(script.url, ca_path=ca).get("/a", attempted="x")
        assert len(proxy.tunnels) == 2
        loop.run(proxy.stop())


def test_proxy_of_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for the whole URL; what the proxy alone must know goes no further."""
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    script = Script()
    with listening(script) as port, LoopThread() as loop:
        proxy = Proxy(user="me", password="p@ss")
        loop.run(proxy.start())
        address = f"http://me:p%40ss@127.0.0.1:{proxy.port}"
        url = f"http://127.0.0.1:{port}/api"

        def ask(**options: Any) -> None:
            client = Client(url, credentials={"k": SECRET}, validate_certs=False, **options)
            assert client.request("POST", "/a", attempted="x", query=[("b", "c")], body={"d": 1}).data == {"ok": True}

        ask(proxy=address)
        assert proxy.passed == [f"{url}/a?b=c"]
        method, path, headers, body, _port = script.requests[0]
        assert (method, path, body) == ("POST", "/api/a?b=c", b'{"d": 1}')
        assert headers["k"] == SECRET
        assert "proxy-authorization" not in headers

        with pytest.raises(HttpFailure, match=r"HTTP 407.*user name and password of the proxy"):
            ask(proxy=f"http://127.0.0.1:{proxy.port}")
        ask(proxy=address, use_proxy=False)
        monkeypatch.setenv("http_proxy", address)
        ask(use_proxy=False)
        assert len(proxy.passed) == 1
        ask()
        assert len(proxy.passed) == 2
        loop.run(proxy.stop())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("path", ["/elsewhere", "ELSEWHERE"])
def test_a_redirect_is_not_followed(client: Client, script: Script, status: int, path: str) -> None:
    """Neither on the same host nor to another: nobody else gets the credential."""
    other = Script()
    with listening(other) as port:
        location = path.replace("ELSEWHERE", f"http://127.0.0.1:{port}/")
        script.answers += [error(status, b"", Location=location)] * 3
        for ask in (client.get, client.download):
            with pytest.raises(HttpFailure, match=rf"HTTP {status}, it redirects to .*credential"):
                ask("/a", attempted="x")
        with pytest.raises(HttpFailure, match=rf"HTTP {status}, it redirects to"):
            client.request("POST", "/a", attempted="x", body={})
    assert len(script.requests) == 3
    assert other.requests == []


@pytest.mark.parametrize("path", ["", "a", "/a b", "/ä", "/a\r\nX: y", "/\ud800", "https://elsewhere.example.com/"])
def test_a_path_that_cannot_be_sent(client: Client, script: Script, path: str) -> None:
    with pytest.raises(Failure, match=r"Could not read it on https.* is not a valid path"):
        client.get(path, attempted="read it")
    assert script.requests == []


def test_any_text_can_be_asked_for(client: Client, script: Script) -> None:
    client.get("/a", attempted="x", query=[("name", "ä\ud800\r\n")])
    assert script.requests[0][1] == "/api/a?name=%C3%A4%ED%A0%80%0D%0A"


def test_options_are_called_as_their_user_calls_them(script: Script, authority: Authority) -> None:
    client = Client(script.url, option_prefix="cluster_", retry=Retry(0, 0))
    with pytest.raises(HttpFailure, match=r"O\(cluster_ca_path\)"):
        client.get("/a", attempted="x")


def test_the_password_of_a_proxy_is_masked() -> None:
    client = Client("https://127.0.0.1:1", proxy="http://me:pa55w%C3%B6rd@127.0.0.1:1")
    for text in ("pa55wörd", "pa55w%C3%B6rd", basic("me", "pa55wörd").split()[1]):
        assert client.redact(f"<{text}>") == "<********>"


@given(st.lists(st.floats(0, 30), min_size=1, max_size=60), st.integers(1, 10))
def test_pace_never_exceeds_the_limit(gaps: list[float], most: int) -> None:
    """In no window of a minute are there more than so many, whatever the gaps between the wishes to send."""
    clock = Time()
    pace = Pace(most, now=clock.now, sleep=clock.sleep)
    sent = []
    for gap in gaps:
        clock.at += gap
        pace.take()
        sent.append(clock.at)
    for first in sent:
        assert sum(first <= moment < first + 60 for moment in sent) <= most


def test_pace_holds_everybody(clock: Time) -> None:
    pace = Pace(None, now=clock.now, sleep=clock.sleep)
    pace.take()
    pace.hold(5)
    pace.hold(3)
    pace.take()
    assert clock.at == 5


def test_path_of_a_ca_may_be_a_self_signed_certificate(script: Script, authority: Authority, tmp_path: Path) -> None:
    """What users of a self-signed server do: trust what it presents."""
    presented = ssl.get_server_certificate(("127.0.0.1", script.port))
    file = tmp_path / "server.pem"
    file.write_text(presented + authority.ca_file.read_text())
    assert Client(script.url, ca_path=str(file)).get("/a", attempted="x").data == {"ok": True}


# --- exchange: servers that speak another way -------------------------------------------------------------------------


def test_a_form_and_headers_of_one_request(client: Client, script: Script) -> None:
    script.answers.append((498, {"Set-Cookie": "a=1; path=/"}, b"over"))
    raw = client.exchange(
        "POST",
        "/x?a=1",
        attempted="ask",
        query=(("_", "7"),),
        form={"id": "a b&c", "on": "True"},
        headers={"Cookie": "session=s", "Accept": "text/html"},
    )
    assert (raw.status, raw.body, raw.cookies) == (498, b"over", ("a=1; path=/",))
    method, path, headers, body, _port = script.requests[0]
    assert (method, path, body) == ("POST", "/api/x?a=1&_=7", b"id=a+b%26c&on=True")
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert (headers["cookie"], headers["accept"]) == ("session=s", "text/html")
    client.get("/y", attempted="ask")
    assert "cookie" not in script.requests[1][2]


@pytest.mark.parametrize("status", [201, 302, 403, 404, 500])
def test_an_answer_of_any_status_is_one(client: Client, script: Script, status: int) -> None:
    script.answers.append((status, {"Location": "https://elsewhere/"}, b"no JSON"))
    raw = client.exchange("GET", "/", attempted="ask")
    assert (raw.status, raw.headers["location"], len(script.requests)) == (status, "https://elsewhere/", 1)


@pytest.mark.parametrize(("repeatable", "status", "sent"), [(True, 200, 2), (False, 503, 1)])
def test_what_is_repeatable_is_sent_again_for_a_status(
    client: Client, script: Script, repeatable: bool, status: int, sent: int
) -> None:
    script.answers.append((503, {}, b""))
    raw = client.exchange("POST", "/", attempted="ask", body={}, repeatable=repeatable)
    assert (raw.status, len(script.requests)) == (status, sent)


def test_what_must_not_happen_twice_is_not_exchanged_twice(client: Client, script: Script) -> None:
    script.answers.append("drop")
    with pytest.raises(HttpFailure) as caught:
        client.exchange("POST", "/", attempted="ask", form={"a": "b"}, repeatable=False)
    assert (caught.value.status, len(script.requests)) == (None, 1)


def test_a_secret_that_came_later_is_masked(client: Client) -> None:
    assert client.redact("token-of-a-page") == "token-of-a-page"
    client.hide(["token-of-a-page", " "])
    assert client.redact(f"it says token-of-a-page and {SECRET}") == "it says ******** and ********"
