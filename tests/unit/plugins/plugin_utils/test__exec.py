"""Commands through exec_command: what a connection gets so that cmd.exe runs a line unaltered; what is refused."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.release import __version__ as ansible_version
from ansible_collections.quiesce.maintenance.plugins.module_utils import _deadline
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Unreachable
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Abandoned
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._exec import ExecHost, open_exec, wrap_for_exec
from hypothesis import given
from hypothesis import strategies as st

from fakes.clock import Time

OLD = tuple(int(part) for part in ansible_version.split(".")[:2]) < (2, 18)
LINE = 'sc.exe queryex "W3SVC"& echo %ServiceDrive% $env:x ^& "a b"'
CALL = f'cmd.exe --% /d /s /c "{LINE}"\nexit $LASTEXITCODE'
LINES = st.text(st.characters(exclude_characters='\r\n"', exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200)


# --- wrapping ---


@given(LINES)
def test_cmd_gets_the_line_itself(line: str) -> None:
    assert wrap_for_exec(line, "ssh", "cmd", "2.18.0") == line


@pytest.mark.parametrize("family", ["cmd", "powershell"])
@pytest.mark.parametrize(
    ("transport", "version"), [("winrm", "2.21.5"), ("psrp", "2.19.14"), ("ssh", "2.17.14"), ("ssh", "2.16.19")]
)
def test_connections_that_encode_by_themselves_get_the_call(transport: str, version: str, family: str) -> None:
    assert wrap_for_exec(LINE, transport, family, version) == CALL


@pytest.mark.parametrize("family", ["powershell", "sh"])
def test_others_get_it_encoded(family: str) -> None:
    start, _blank, encoded = wrap_for_exec(LINE, "ssh", family, "2.21.0b1").rpartition(" ")
    assert start == "powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand"
    assert base64.b64decode(encoded).decode("utf-16-le") == CALL


@given(LINES, st.sampled_from(["winrm", "psrp"]))
def test_powershell_gets_one_native_call_behind_its_stop_parsing_token(line: str, transport: str) -> None:
    first, rest = wrap_for_exec(line, transport, "powershell", "2.19.0").split("\n")
    assert first == f'cmd.exe --% /d /s /c "{line}"'
    assert rest == "exit $LASTEXITCODE"


# --- a connection ---


@dataclass
class Connection:
    """A connection of Ansible's. ``answers`` by address: (rc, stdout, stderr), or an error."""

    transport: str = "ssh"
    family: str = "cmd"
    answers: dict[str, Any] = field(default_factory=dict)
    default: Any = (0, b"out\r\n#rc 0\r\n", b"")
    address: str = "dev01"
    commands: list[str] = field(default_factory=list)
    option: str = ""
    _connected: bool = True
    before: Callable[[], object] = lambda: None

    @property
    def _shell(self) -> Any:
        return SimpleNamespace(SHELL_FAMILY=self.family)

    def set_option(self, name: str, value: str) -> None:
        self.option, self.address = name, value

    def exec_command(self, command: str, sudoable: bool = True) -> Any:
        assert sudoable is False
        self.commands.append(command)
        self.before()
        answer = self.answers.get(self.address, self.default)
        if isinstance(answer, Exception):
            raise answer
        return answer


def host(connection: Connection, time: Time | None = None, **run: Any) -> ExecHost:
    return open_exec(connection, "dev01", (), (time or Time()).run(**run))


def ask(answer: Any) -> Any:
    return host(Connection(default=answer)).run("sc.exe query", doing="look", limit=60)


# --- the answer ---


@pytest.mark.parametrize(
    ("answer", "rc", "stdout"),
    [
        pytest.param((0, b"a\r\n#rc 0\r\n", b""), 0, "a\r\n", id="success"),
        pytest.param((44, b"a\r\n#rc 9009\r\n", b""), 9009, "a\r\n", id="OpenSSH passes on the lowest byte only"),
        pytest.param((0, b"#rc -532462766\r\n", b""), -532462766, "", id="a negative one"),
        pytest.param((1, b"a\r\n", b""), 1, "a\r\n", id="without the mark the connection's word has to do"),
        pytest.param((3762504530, b"", b""), -532462766, "", id="signed"),
        pytest.param((0, b"#rc 7\r\n#rc 0\r\n", b""), 0, "#rc 7\r\n", id="the last mark counts"),
        pytest.param((5, b"a\r\n#rc ", b""), 5, "a\r\n", id="cut off behind the mark"),
        pytest.param((5, b"a\r\n#rc \r\n", b""), 5, "a\r\n", id="a mark without a number"),
        pytest.param((5, b"a\r\n#rc 0x1\r\n", b""), 5, "a\r\n", id="a mark without a whole number"),
        pytest.param((5, b"a\r\n#rc -\r\n", b""), 5, "a\r\n", id="a mark with a sign alone"),
        pytest.param((0, b"\xff#rc 0\r\n", b""), 0, "\ufffd", id="no UTF-8"),
    ],
)
def test_the_exit_code(answer: Any, rc: int, stdout: str) -> None:
    completed = ask(answer)
    assert (completed.rc, completed.stdout) == (rc, stdout)


def test_stderr_is_kept_apart() -> None:
    assert ask((0, b"#rc 0", b"oops")).stderr == "oops"


def test_the_line_tells_its_exit_code_itself() -> None:
    connection = Connection()
    host(connection).run("sc.exe query", doing="look", limit=60)
    (command,) = connection.commands
    assert "sc.exe query& call echo #rc %^ERRORLEVEL%" in command


# --- what is refused ---


@pytest.mark.parametrize("transport", ["ssh", "psrp", "winrm"])
def test_a_secret_has_no_safe_way(transport: str) -> None:
    connection = Connection(transport)
    opened = host(connection)
    assert opened.keeps_secrets is False
    with pytest.raises(Failure, match=rf"{transport} connection cannot set an environment variable.*O\(via=odbc\)"):
        opened.run("sqlcmd.exe", doing="read", limit=60, secret=True)
    assert connection.commands == []


@pytest.mark.parametrize(
    ("transport", "family", "refused"),
    [
        ("ssh", "cmd", OLD),
        ("ssh", "powershell", True),
        ("psrp", "powershell", True),
        ("winrm", "powershell", True),
    ],
)
@pytest.mark.parametrize("line", ['echo "a|b"', "echo a| more"])
def test_a_pipe_behind_powershell(transport: str, family: str, refused: bool, line: str) -> None:
    """PowerShell ends its stop-parsing token there, inside quotes too. Before ansible-core 2.18 ssh went through it."""
    connection = Connection(transport, family)
    opened = host(connection)
    if refused:
        with pytest.raises(Failure, match=r"contains a \|, at which PowerShell splits it") as caught:
            opened.run(line, doing="look", limit=60)
        assert line not in str(caught.value)
        assert connection.commands == []
    else:
        opened.run(line, doing="look", limit=60)
        assert connection.commands


@pytest.mark.parametrize(
    ("transport", "length", "refused"),
    [("winrm", 2000, False), ("winrm", 4000, True), ("psrp", 4000, False), ("ssh", 8000, False), ("ssh", 8190, True)],
)
def test_lines_that_become_too_long(transport: str, length: int, refused: bool) -> None:
    """Over WinRM the encoded command goes through cmd.exe once more."""
    connection = Connection(transport, "powershell" if transport != "ssh" else "cmd")
    if refused:
        with pytest.raises(Failure, match=r"Shorten O\(reason\)"):
            host(connection).run("x" * length, doing="look", limit=60)
    else:
        host(connection).run("x" * length, doing="look", limit=60)
    assert bool(connection.commands) is not refused


# --- what breaks ---


@pytest.mark.parametrize(
    "error", [AnsibleConnectionFailure("ssh: no route"), ConnectionResetError(104, "reset"), OSError("x")]
)
def test_a_connection_that_breaks(error: Exception) -> None:
    with pytest.raises(Unreachable, match="Could not look on dev01: the connection broke"):
        ask(error)


def test_a_command_that_does_not_end_in_time() -> None:
    over = threading.Event()
    connection = Connection(before=lambda: over.wait(60))
    with pytest.raises(Failure, match=r"look on dev01: timed out after 0 s; the command was abandoned") as caught:
        host(connection).run("sc.exe query", doing="look", limit=0.05)
    over.set()
    assert not isinstance(caught.value, Unreachable)


def test_a_time_out_of_the_connection_itself_is_a_broken_connection() -> None:
    """It came long before our own limit."""
    with pytest.raises(Unreachable):
        ask(TimeoutError("connect timed out"))


def test_a_long_command_says_how_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_deadline, "_TICK", 0.001)
    time, over = Time(), threading.Event()

    def check() -> None:
        time.now += 10
        if time.now > 150:
            over.set()

    connection = Connection(before=lambda: over.wait(60))
    host(connection, time, check=check).run("setup.exe", doing="synchronise", limit=600)
    assert time.told[:2] == ["synchronise: 60 of 600 s", "synchronise: 120 of 600 s"]


def test_meanwhile_the_run_notices_that_its_parent_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_deadline, "_TICK", 0.001)
    over = threading.Event()

    def check() -> None:
        raise Abandoned

    with pytest.raises(Abandoned):
        host(Connection(before=lambda: over.wait(60)), check=check).run("x", doing="look", limit=600)
    over.set()


# --- nodes ---


def test_without_nodes_nothing_is_tried_beforehand() -> None:
    connection = Connection()
    assert host(connection).name == "dev01"
    assert connection.commands == []


@pytest.mark.parametrize(("transport", "option"), [("ssh", "host"), ("psrp", "remote_addr"), ("winrm", "remote_addr")])
def test_nodes_are_tried_in_order(transport: str, option: str) -> None:
    connection = Connection(transport, answers={"sf01": AnsibleConnectionFailure("refused")})
    opened = open_exec(connection, "prod", ["sf01", "sf02", "sf03"], Time().run())
    assert (opened.name, connection.option, connection.address) == ("sf02", option, "sf02")
    assert len(connection.commands) == 2


def test_another_node_is_another_session() -> None:
    """Ansible keeps what it has connected to."""
    connection = Connection("psrp")
    sessions: Any = connection
    sessions.runspace = object()
    open_exec(connection, "prod", ["sf01"], Time().run())
    assert (sessions.runspace, connection._connected) == (None, False)


def test_no_node_answers() -> None:
    connection = Connection(default=AnsibleConnectionFailure("refused"))
    with pytest.raises(Unreachable, match=r"connect on prod: .*sf01.*sf02"):
        open_exec(connection, "prod", ["sf01", "sf02"], Time().run())
