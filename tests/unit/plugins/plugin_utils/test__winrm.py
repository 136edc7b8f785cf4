"""Commands in one WinRM shell: how many shells, which line, what is believed, what happens when it breaks."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible_collections.quiesce.maintenance.plugins.module_utils import _deadline
from ansible_collections.quiesce.maintenance.plugins.module_utils._cmd import in_one_piece
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Unreachable
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Abandoned
from ansible_collections.quiesce.maintenance.plugins.plugin_utils import _winrm
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._winrm import WinRMHost, open_winrm
from winrm.exceptions import WinRMOperationTimeoutError, WinRMTransportError

from fakes.clock import Time
from fakes.winrm import REFUSED, Connection, Protocol, done, part

SECRETS = {"SQLCMDPASSWORD": "s3cret"}


def opened(
    connection: Connection,
    addresses: Sequence[str] = (),
    environment: dict[str, str] | None = None,
    time: Time | None = None,
    **run: Any,
) -> AbstractContextManager[WinRMHost]:
    return open_winrm(connection, "dev01", addresses, environment or {}, ["s3cret"], (time or Time()).run(**run))


def ask(*answers: Any, line: str = "sc.exe query", **more: Any) -> tuple[Completed, Connection]:
    connection = Connection(Protocol(list(answers)))
    options: dict[str, Any] = {"doing": "look", "limit": 60, **more}
    with opened(connection, environment=SECRETS) as host:
        completed = host.run(line, **options)
    return completed, connection


# --- one command ---


def test_a_command_is_three_requests_in_the_connections_own_shell() -> None:
    completed, connection = ask(done(0, b"out", b"err"))
    assert completed == Completed(0, "out", "err")
    assert [entry[:2] for entry in connection.speaks.log] == [("run", "own"), ("receive", "own"), ("cleanup", "own")]


def test_output_comes_in_pieces() -> None:
    """A character of several bytes may be cut in two."""
    completed, _connection = ask(part("für".encode()[:2], b"a"), part("für".encode()[2:]), done(5, b"!", b"b"))
    assert completed == Completed(5, "für!", "ab")


def test_what_is_no_utf_8_is_no_traceback() -> None:
    completed, _connection = ask(done(0, b"\xff\xfe", b"\x80"))
    assert len(completed.stdout) == 2


@pytest.mark.parametrize(("rc", "found"), [(3762504530, -532462766), (1, 1), (0, 0)])
def test_exit_codes(rc: int, found: int) -> None:
    assert ask(done(rc))[0].rc == found


def test_nothing_to_say_yet_is_no_failure() -> None:
    completed, connection = ask(WinRMOperationTimeoutError(), part(b"a"), WinRMOperationTimeoutError(), done(0, b"b"))
    assert completed.stdout == "ab"
    assert len(connection.speaks.asked("receive")) == 4


@pytest.mark.parametrize("composite", [False, True])
def test_several_programs_print_in_one_piece(composite: bool) -> None:
    _completed, connection = ask(done(), line="echo a& echo b", composite=composite)
    ((_shell, line),) = connection.speaks.asked("run")
    assert line == (in_one_piece("echo a& echo b") if composite else "echo a& echo b")


@pytest.mark.parametrize("line", ["x" * 8192, '"C:\\a b.exe" s3cret', "a\nb"])
def test_lines_that_cmd_would_alter_are_not_sent(line: str) -> None:
    connection = Connection(Protocol([done()]))
    with opened(connection) as host, pytest.raises(Failure, match="look on dev01") as caught:
        host.run(line, doing="look", limit=5)
    assert connection.speaks.log == []
    assert "s3cret" not in str(caught.value)


def test_a_line_is_measured_as_it_is_sent() -> None:
    """The loop around a composite line counts, too."""
    connection = Connection(Protocol([done()]))
    with opened(connection) as host, pytest.raises(Failure, match=r"cmd\.exe cannot take"):
        host.run("x" * 8190, doing="look", limit=5, composite=True)


# --- shells ---


def test_without_a_secret_there_is_one_shell() -> None:
    connection = Connection(Protocol([done()]))
    with opened(connection, environment=SECRETS) as host:
        for _number in range(3):
            host.run("sc.exe query", doing="look", limit=5)
    assert connection.speaks.asked("open") == []
    assert connection.speaks.asked("close") == [], "the own one is the connection's to close"


def test_a_second_one_only_when_a_secret_is_needed_and_closed_again() -> None:
    connection = Connection(Protocol([done()]))
    with opened(connection, environment=SECRETS) as host:
        host.run("sc.exe query", doing="look", limit=5)
        assert connection.speaks.asked("open") == []
        host.run("sqlcmd.exe", doing="read", limit=5, secret=True)
        host.run("sqlcmd.exe", doing="read", limit=5, secret=True)
        host.run("sc.exe query", doing="look", limit=5)
    assert connection.speaks.asked("open") == [({"codepage": 65001, "env_vars": SECRETS},)]
    assert [shell for shell, _line in connection.speaks.asked("run")] == ["own", "private", "private", "own"]
    assert connection.speaks.asked("close") == [("private", False)], "the session stays: NTLM would pay for a new one"


def test_where_there_is_none_it_needs_no_shell_of_its_own() -> None:
    """Integrated login."""
    connection = Connection(Protocol([done()]))
    with opened(connection) as host:
        host.run("sqlcmd.exe", doing="read", limit=5, secret=True)
    assert [entry[0] for entry in connection.speaks.log] == ["run", "receive", "cleanup"]


def test_it_is_closed_after_a_failure_too() -> None:
    connection = Connection(Protocol([done()]))

    def work() -> None:
        with opened(connection, environment=SECRETS) as host:
            host.run("sqlcmd.exe", doing="read", limit=5, secret=True)
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert connection.speaks.asked("close") == [("private", False)]


def test_it_keeps_secrets() -> None:
    with opened(Connection(Protocol([done()])), environment=SECRETS) as host:
        assert host.keeps_secrets
        assert "s3cret" not in repr(host)


# --- connecting ---


def test_the_host_of_the_task() -> None:
    connection = Connection()
    with opened(connection) as host:
        assert host.name == "dev01"
    assert connection.tried == ["dev01"]


@pytest.mark.parametrize(
    ("down", "tried", "name"),
    [
        ([], ["sf01"], "sf01"),
        (["sf01"], ["sf01", "sf02"], "sf02"),
        (["sf01", "sf02"], ["sf01", "sf02", "sf03"], "sf03"),
    ],
)
def test_nodes_are_tried_in_order(down: list[str], tried: list[str], name: str) -> None:
    connection = Connection(down=dict.fromkeys(down, REFUSED))
    with opened(connection, ["sf01", "sf02", "sf03"]) as host:
        assert host.name == name
        assert connection.protocol is not None
    assert connection.tried == tried


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(AnsibleConnectionFailure("Connection refused"), id="refused"),
        pytest.param(AnsibleError("winrm connection error: timed out"), id="the plugin's own time-out"),
        pytest.param(TimeoutError("no end after 45 s"), id="an answer that never ends"),
    ],
)
@pytest.mark.parametrize("nodes", [[], ["sf01", "sf02"]], ids=["host", "nodes"])
def test_nobody_answers(nodes: list[str], error: Exception) -> None:
    connection = Connection(down=dict.fromkeys(["dev01", *nodes], error))
    with pytest.raises(Unreachable) as caught, opened(connection, nodes):
        pass
    text = str(caught.value)
    assert text.startswith("Could not connect on dev01: ")
    assert all(node in text for node in nodes)
    assert (connection.protocol, connection.shell_id) == (None, None)


# --- what breaks ---

BROKEN = [ConnectionResetError(104, "reset"), WinRMTransportError("http", 500, "Bad HTTP response"), OSError("gone")]


@pytest.mark.parametrize("error", BROKEN, ids=["reset", "HTTP 500", "gone"])
def test_a_connection_that_breaks_while_a_command_runs(error: Exception) -> None:
    connection = Connection(Protocol([part(b"a"), error]))
    with opened(connection) as host, pytest.raises(Unreachable, match="Could not look on dev01: the connection broke"):
        host.run("sc.exe query", doing="look", limit=5)
    assert (connection.protocol, connection.shell_id) == (None, None), "Ansible must not close a shell on it"
    assert connection.speaks.asked("cleanup") == []


@pytest.mark.parametrize("at", ["run", "cleanup", "open"])
def test_wherever_it_breaks(at: str) -> None:
    connection = Connection(Protocol([done()], fails_at=at))
    with opened(connection, environment=SECRETS) as host, pytest.raises(Unreachable):
        host.run("sqlcmd.exe", doing="read", limit=5, secret=True)
    assert connection.protocol is None
    assert connection.speaks.asked("close") == []


def test_a_shell_that_cannot_be_closed_is_no_failure() -> None:
    """The work is done; Windows drops a shell that nobody uses."""
    connection = Connection(Protocol([done(0, b"ok")], fails_at="close"))
    with opened(connection, environment=SECRETS) as host:
        assert host.run("sqlcmd.exe", doing="read", limit=5, secret=True).stdout == "ok"
    assert connection.protocol is None


# --- time ---


def test_a_command_that_does_not_end_in_time_is_ended() -> None:
    connection = Connection(Protocol([part(b"working\nstill\n"), WinRMOperationTimeoutError()]))
    with (
        opened(connection) as host,
        pytest.raises(Failure, match=r"timed out after 0 s.*last output: working") as caught,
    ):
        host.run("sc.exe query", doing="look", limit=0.05)
    assert not isinstance(caught.value, Unreachable)
    assert connection.speaks.asked("cleanup") == [("own",)]
    assert connection.speaks.operation_timeout_sec == 20


@pytest.mark.parametrize(("limit", "window"), [(600.0, 20.0), (7.2, 8.0), (0.4, 1.0)])
def test_the_server_holds_a_request_no_longer_than_there_is_time(limit: float, window: float) -> None:
    connection = Connection(Protocol([done()]))
    with opened(connection) as host:
        host.run("sc.exe query", doing="look", limit=limit)
    assert connection.speaks.windows == [window]
    assert connection.speaks.operation_timeout_sec == 20


def test_an_answer_that_never_ends_is_a_broken_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that drips outlives the time limit of a socket."""
    monkeypatch.setattr(_winrm, "_MARGIN", 0)
    over = threading.Event()
    connection = Connection(Protocol([done()], read_timeout_sec=0.1, on_receive=lambda: over.wait(60)))
    with opened(connection) as host, pytest.raises(Unreachable, match="look on dev01"):
        host.run("sc.exe query", doing="look", limit=600)
    over.set()


def test_meanwhile_the_run_notices_that_its_parent_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_deadline, "_TICK", 0.01)
    over = threading.Event()
    connection = Connection(Protocol([done()], on_receive=lambda: over.wait(60)))

    def check() -> None:
        raise Abandoned

    with pytest.raises(Abandoned), opened(connection, check=check) as host:
        host.run("sc.exe query", doing="look", limit=600)
    over.set()


# --- progress ---


def test_a_long_command_says_how_it_goes_on() -> None:
    time = Time()
    pieces = [part(f"{number} of 9 done\r\n".encode()) for number in range(1, 9)]

    def passes() -> None:
        time.now += 6

    connection = Connection(Protocol([*pieces, done()], on_receive=passes))
    with opened(connection, time=time) as host:
        host.run("setup.exe", doing="synchronise", limit=600)
    assert time.told[0] == "synchronise: 12 of 600 s, 2 of 9 done"
    assert time.told[-1] == "synchronise: 48 of 600 s, 8 of 9 done"


def test_it_says_no_secret_and_no_half_line_that_may_hold_half_a_one() -> None:
    time = Time()

    def passes() -> None:
        time.now += 20

    connection = Connection(
        Protocol([part(b"login with s3cret\r\n"), part(b"again with s3c"), done()], on_receive=passes)
    )
    with opened(connection, time=time) as host:
        host.run("setup.exe", doing="set it", limit=600)
    assert "s3c" not in "".join(time.told)
    assert "login with ********" in time.told[0]


def test_nor_does_a_time_out() -> None:
    connection = Connection(Protocol([part(b"login with s3cret\nagain with s3c"), WinRMOperationTimeoutError()]))
    with opened(connection) as host, pytest.raises(Failure) as caught:
        host.run("setup.exe", doing="set it", limit=0.05)
    assert "s3c" not in str(caught.value)
