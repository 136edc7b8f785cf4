"""A server may be slow, endless or too deep: a request ends at its limit all the same, with one clear failure."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Client, HttpFailure, Retry, _wire

from fakes.server import Talk, drips, says, serving, silent
from lab.pki import Authority

LIMIT = 0.3
SOON = 10.0
ONCE = Retry(limit=0, first_contact=0)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def goes_on(connection: socket.socket, over: threading.Event) -> None:
    """Promise an answer, for ever."""
    connection.recv(65536)
    while not over.wait(0.02):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def drips_body(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not over.wait(0.02):
        connection.sendall(b"1\r\n \r\n")


def drips_trailers(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    while not over.wait(0.02):
        connection.sendall(b"x: y\r\n")


def drips_handshake(connection: socket.socket, over: threading.Event) -> None:
    """Begin a TLS record of 16 KiB and send it byte by byte."""
    connection.recv(65536)
    connection.sendall(b"\x16\x03\x03\x40\x00")
    while not over.wait(0.02):
        connection.sendall(b"\x02")


def fails(client: Client, *, within: float = SOON) -> HttpFailure:
    began = time.monotonic()
    with pytest.raises(HttpFailure) as caught:
        client.get("/health", attempted="read the health")
    assert time.monotonic() - began < within
    assert str(caught.value).startswith(f"Could not read the health on {client.target}: ")
    return caught.value


@pytest.mark.parametrize("talk", [drips, silent, goes_on, drips_body, drips_trailers])
def test_a_request_ends_at_its_limit(talk: Talk) -> None:
    with serving(talk) as port:
        failure = fails(Client(f"http://127.0.0.1:{port}", validate_certs=False, timeout=LIMIT, retry=ONCE))
    assert failure.answer == "no complete answer within 0.3 s"
    assert failure.remedy == "Check whether the server is overloaded, or raise O(request_timeout)"


def test_so_does_a_handshake() -> None:
    with serving(drips_handshake) as port:
        failure = fails(Client(f"https://127.0.0.1:{port}", timeout=LIMIT, retry=ONCE, timeout_option=""))
    assert failure.answer == "no connection within 0.3 s"
    assert failure.remedy == "Check host and port in O(url), and firewalls on the way"


@pytest.mark.parametrize("talk", [drips, silent])
def test_so_does_a_proxy(talk: Talk) -> None:
    with serving(talk) as port:
        client = Client("https://127.0.0.1:1", proxy=f"http://127.0.0.1:{port}", timeout=LIMIT, retry=ONCE)
        assert fails(client).answer == f"no connection within 0.3 s (through the proxy 127.0.0.1:{port})"


def test_connection_and_answer_share_one_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[float] = []
    until = _wire._until

    def noted(end: float, *more: Any) -> Any:
        ends.append(end)
        return until(end, *more)

    monkeypatch.setattr(_wire, "_until", noted)
    with serving(silent) as port:
        fails(Client(f"http://127.0.0.1:{port}", validate_certs=False, timeout=LIMIT, retry=ONCE))
    assert len(ends) == 2
    assert len(set(ends)) == 1


def chunks_without_end(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not over.is_set():
        connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")


def no_length(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.0 500 Broken\r\n\r\n")
    while not over.is_set():
        connection.sendall(b" " * 65536)


def chunk_of_negative_length(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n")
    while not over.is_set():
        connection.sendall(b" " * 65536)


@pytest.mark.parametrize(
    ("talk", "answer"),
    [
        (chunks_without_end, "HTTP 200 with a body of more than 1 MiB"),
        (no_length, "HTTP 500 with a body of more than 1 MiB"),
        (chunk_of_negative_length, "the answer is not HTTP (LineTooLong)"),
    ],
)
def test_a_body_has_a_limit(talk: Talk, answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_wire, "LONGEST_BODY", 1 << 20)
    with serving(talk) as port:
        failure = fails(Client(f"http://127.0.0.1:{port}", validate_certs=False, retry=ONCE), within=20)
    assert failure.answer == answer


def test_the_limit_is_16_mib() -> None:
    body = b'{"a": "' + b"x" * (_wire.LONGEST_BODY - 9) + b'"}'
    assert len(body) == 16 * 1024 * 1024
    for more in (b"", b" "):
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body + more)}\r\n\r\n"
        with serving(says(head + (body + more).decode())) as port:
            client = Client(f"http://127.0.0.1:{port}", validate_certs=False)
            if more:
                assert fails(client, within=20).answer == "HTTP 200 with a body of more than 16 MiB"
            else:
                assert len(client.get("/", attempted="x").data["a"]) == len(body) - 9


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("body", [nested(101), nested(100_000), '{"message":' * 60_000, '{"a":[' * 51 + "]}" * 51])
def test_json_has_a_depth(body: str, status: int) -> None:
    with serving(says(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n{body}")) as port:
        failure = fails(Client(f"http://127.0.0.1:{port}", validate_certs=False))
    assert failure.answer.startswith(f"HTTP {status}")
    assert "JSON of more than 100 levels" in failure.answer or "damaged" in failure.answer


def test_json_of_a_hundred_levels_is_read() -> None:
    with serving(says(f"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n{nested(100)}")) as port:
        data = Client(f"http://127.0.0.1:{port}", validate_certs=False).get("/", attempted="x").data
    assert json.dumps(data) == nested(100)


def early_hints(connection: socket.socket, over: threading.Event) -> None:
    """An answer of 1xx that http.client takes for the whole one."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    over.wait(5)


def test_what_follows_a_hint_is_no_answer_to_the_next_request() -> None:
    with serving(early_hints) as port:
        client = Client(f"http://127.0.0.1:{port}", validate_certs=False, retry=ONCE)
        assert fails(client).answer == "HTTP 103"
        client.close()
        assert not client._idle


@pytest.mark.parametrize(
    ("days", "name", "texts"),
    [
        ((-30, -1), "127.0.0.1", ("has expired: certificate has expired", "Renew it on the server")),
        ((1, 30), "127.0.0.1", ("its certificate is not valid yet", "Check the clocks")),
        ((0, 30), "other.example.com", ("its certificate is for another name: ", "Use a name in O(url) that")),
    ],
)
def test_each_fault_of_a_certificate_has_its_remedy(
    authority: Authority, days: tuple[int, int], name: str, texts: tuple[str, ...]
) -> None:
    with serving(silent, authority.server(name, days=days)) as port:
        failure = fails(Client(f"https://127.0.0.1:{port}", ca_path=str(authority.ca_file), retry=ONCE))
    assert [text for text in texts if text not in str(failure)] == []
    assert "ca_path" not in str(failure)
