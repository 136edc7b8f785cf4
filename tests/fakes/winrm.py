"""pywinrm's Protocol and Ansible's winrm connection, as far as they are used; no request, no waiting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ansible.errors import AnsibleConnectionFailure

Piece = tuple[bytes, bytes, int, bool]


def done(rc: int = 0, out: bytes = b"", err: bytes = b"") -> Piece:
    """The last piece of an output."""
    return out, err, rc, True


def part(out: bytes = b"", err: bytes = b"") -> Piece:
    """A piece of an output that goes on."""
    return out, err, 0, False


@dataclass
class Protocol:
    """``answers`` are the pieces that commands return, or errors; ``log`` is what was asked for."""

    answers: list[Piece | BaseException] = field(default_factory=list)
    log: list[tuple[Any, ...]] = field(default_factory=list)
    operation_timeout_sec: float = 20.0
    read_timeout_sec: float = 30.0
    on_receive: Callable[[], object] = lambda: None
    fails_at: str = ""
    windows: list[float] = field(default_factory=list)

    def _note(self, what: str, *more: Any) -> None:
        self.log.append((what, *more))
        if self.fails_at == what:
            raise ConnectionResetError(104, "Connection reset by peer")

    def run_command(self, shell_id: str, line: str) -> str:
        """Command."""
        self._note("run", shell_id, line)
        return f"command{len(self.log)}"

    def _raw_get_command_output(self, shell_id: str, command_id: str) -> Piece:
        self._note("receive", shell_id)
        self.windows.append(self.operation_timeout_sec)
        self.on_receive()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def cleanup_command(self, shell_id: str, command_id: str) -> None:
        """Signal."""
        self._note("cleanup", shell_id)

    def open_shell(self, **options: Any) -> str:
        """Create."""
        self._note("open", options)
        return "private"

    def close_shell(self, shell_id: str, close_session: bool = True) -> None:
        """Delete."""
        self._note("close", shell_id, close_session)

    def asked(self, what: str) -> list[tuple[Any, ...]]:
        """The requests of one kind."""
        return [entry[1:] for entry in self.log if entry[0] == what]


@dataclass
class Connection:
    """Ansible's connection. ``down`` are addresses that don't answer."""

    speaks: Protocol = field(default_factory=Protocol)
    down: dict[str, Exception] = field(default_factory=dict)
    address: str = "dev01"
    transport: str = "winrm"
    protocol: Protocol | None = None
    shell_id: str | None = None
    tried: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)

    def set_option(self, name: str, value: Any) -> None:
        """As Ansible does."""
        assert name == "remote_addr"
        self.address = value

    def get_option(self, name: str) -> Any:
        """As Ansible does."""
        return self.options.get(name, {})

    def _connect(self) -> None:
        self.tried.append(self.address)
        if self.address in self.down:
            raise self.down[self.address]
        self.protocol, self.shell_id = self.speaks, "own"


REFUSED = AnsibleConnectionFailure("Connection refused")
