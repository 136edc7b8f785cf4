"""Servers of a few lines on the loopback interface, one thread each, for clients that must not believe everything."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Talk = Callable[[socket.socket, threading.Event], None]
"""What a server does with one connection; the event says that the test is over."""


@contextmanager
def serving(talk: Talk, certificate: tuple[Path, Path] | None = None) -> Iterator[int]:
    """Serve one connection after the other until the end of the ``with``; yield the port."""
    over = threading.Event()
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)

    def serve() -> None:
        while not over.is_set():
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                if context is None:
                    talk(connection, over)
                    continue
                with context.wrap_socket(connection, server_side=True) as secure:
                    talk(secure, over)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # ends its accept
    thread.join(10)


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def says(text: str) -> Talk:
    """Read a request and answer with this text."""

    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(text.encode())

    return talk


def drips(connection: socket.socket, over: threading.Event) -> None:
    """Send one byte of a header after the other, for ever."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not over.wait(0.02):
        connection.sendall(b"x")


def silent(connection: socket.socket, over: threading.Event) -> None:
    """Take a request and say nothing."""
    connection.recv(65536)
    over.wait(60)
