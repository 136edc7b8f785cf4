"""Remote shells and the commands that run in them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from lab.clock import Clock
from lab.winrm import soap

# What a console program that nobody handles Ctrl+C for ends with: STATUS_CONTROL_C_EXIT.
CONTROL_C_EXIT = 0xC000013A


class Account(Protocol):
    """A Windows account."""

    @property
    def name(self) -> str:
        """The account's name, with or without its domain."""

    @property
    def password(self) -> str:
        """The account's password."""


class Accounts(Protocol):
    """Who may log in somewhere."""

    @property
    def accounts(self) -> Mapping[str, Account]:
        """The accounts that may log in."""

    def authenticate(self, user: str, password: str) -> Account | None:
        r"""The account of ``user`` (``user``, ``DOMAIN\user``, ``user@domain``) if the password is right."""


class Host(Accounts, Protocol):
    """The Windows host that a server serves."""

    @property
    def name(self) -> str:
        """The computer's name."""

    # ``account`` is of the host's own class, one of those that ``authenticate`` gives. Raises Win32Error where Windows
    # does not even start the line, as for a working directory that does not exist.
    async def run(
        self,
        line: str,
        *,
        account: Any,
        environment: Mapping[str, str],
        cwd: str | None,
        skip_cmd: bool,
        stdin: asyncio.StreamReader,
        write: Callable[[str, bytes], None],
    ) -> int:
        """Run one command line, write its output as it comes, return its exit code; ends when cancelled."""


class Command:
    """One command of a shell: a running task, its input, and its output that nobody has received yet."""

    def __init__(self, command_id: str, line: str = "") -> None:
        self.id = command_id
        self.line = line
        # A test's fault: the connection that receives this command's output is to be dropped.
        self.doomed = False
        self.stdin = asyncio.StreamReader()
        self.terminated = False
        self.receiving = False
        self._stdin_open = True
        self._task: asyncio.Task[int] | None = None
        self._output: list[tuple[str, bytearray]] = []
        self._news = asyncio.Event()

    def start(self, run: Coroutine[Any, Any, int]) -> None:
        """Let the command run."""
        self._task = asyncio.create_task(run)
        self._task.add_done_callback(lambda _unused: self._news.set())

    @property
    def exit_code(self) -> int | None:
        """The exit code, None as long as the command runs.

        An error in the simulated host is the lab's own and is raised here: it must not look like a program's failure.
        """
        if self._task is None or not self._task.done():
            return None
        return CONTROL_C_EXIT if self._task.cancelled() else self._task.result()

    @property
    def failure(self) -> BaseException | None:
        """The error that kept the command from running, or that broke the simulated host."""
        if self._task is None or not self._task.done() or self._task.cancelled():
            return None
        return self._task.exception()

    def write(self, stream: str, data: bytes) -> None:
        """Keep output for the next Receive; pieces of one stream that follow each other become one."""
        if stream not in ("stdout", "stderr"):
            raise ValueError(f"no such stream: {stream}")
        if not data:
            return
        if self._output and self._output[-1][0] == stream:
            self._output[-1][1].extend(data)
        else:
            self._output.append((stream, bytearray(data)))
        self._news.set()

    def feed(self, data: bytes, end: bool) -> None:
        """Give input to the command. Raises a fault where nobody reads any more."""
        if not self._stdin_open or self.exit_code is not None:
            raise soap.PIPE_CLOSED.error()
        self.stdin.feed_data(data)
        if end:
            self._stdin_open = False
            self.stdin.feed_eof()

    def interrupt(self) -> None:
        """Ctrl+C: the command ends, its output so far and its exit code can still be received."""
        if self._task is not None:
            self._task.cancel()

    def terminate(self) -> None:
        """The command ends and is forgotten; a Receive that waits for it gets a fault."""
        self.terminated = True
        self.interrupt()
        self._news.set()

    async def finish(self) -> None:
        """Wait until the command has ended."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def news(self, streams: tuple[str, ...], limit: float) -> bool:
        """Wait up to ``limit`` real seconds for output in ``streams`` or the end; false if nothing came."""
        now = asyncio.get_running_loop().time
        deadline = now() + limit
        while not (self.terminated or self.exit_code is not None or self._has(streams)):
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), deadline - now())
            except asyncio.TimeoutError:
                return False
        return True

    async def gather(self, seconds: float) -> None:
        """Give a command that has just begun to print so many real seconds for the rest of it, or for its end."""
        if not self.terminated and self.exit_code is None and self._task is not None:
            await asyncio.wait({self._task}, timeout=seconds)

    def take(self, streams: tuple[str, ...], room: int) -> tuple[list[tuple[str, bytes]], bool]:
        """The next output of ``streams`` that fits into ``room`` bytes of an envelope; true with it if that is all."""
        taken: list[tuple[str, bytes]] = []
        for name, data in self._output:
            if name not in streams:
                continue
            fits = max(0, room - soap.STREAM_OVERHEAD) // 4 * 3
            if fits == 0:
                break
            taken.append((name, bytes(data[:fits])))
            room -= soap.STREAM_OVERHEAD + (min(fits, len(data)) + 2) // 3 * 4
            del data[:fits]
        self._output = [(name, data) for name, data in self._output if data]
        return taken, not self._has(streams)

    def _has(self, streams: tuple[str, ...]) -> bool:
        return any(name in streams for name, _unused in self._output)


class Shell:
    """A shell: its owner, its settings, and the commands that were started in it."""

    def __init__(self, shell_id: str, owner: Account, settings: soap.ShellSettings, now: float) -> None:
        self.id = shell_id
        self.owner = owner
        self.settings = settings
        self.commands: dict[str, Command] = {}
        # Windows does not give an operation back before the shell is deleted.
        self.operations = 0
        self.used = now

    def command(self, command_id: str | None) -> Command:
        """The command of that id. Raises a fault."""
        command = self.commands.get((command_id or "").upper())
        if command is None:
            raise soap.COMMAND_NOT_FOUND.error()
        return command

    def idle(self, now: float) -> bool:
        """Whether nobody has used the shell for its idle time-out (in simulated time)."""
        waiting = any(command.receiving for command in self.commands.values())
        return not waiting and now - self.used > self.settings.idle_timeout

    def end(self) -> None:
        """End everything that runs in it."""
        for command in self.commands.values():
            command.terminate()


class Shells:
    """All shells of one host, with the quotas of Windows (``winrm get winrm/config``)."""

    def __init__(self, host: Host, clock: Clock) -> None:
        self.max_shells_per_user = 30
        self.max_operations_per_user = 1500
        self._host = host
        self._clock = clock
        self._open: dict[str, Shell] = {}

    def __len__(self) -> int:
        now = self._clock.time()
        return sum(not shell.idle(now) for shell in list(self._open.values()))

    def create(self, account: Account, settings: soap.ShellSettings) -> Shell:
        """Open a shell. Raises a fault."""
        self._expire()
        if len(self._of(account)) >= self.max_shells_per_user:
            raise soap.too_many_shells(self.max_shells_per_user).error()
        shell_id = settings.shell_id or _new_id()
        if shell_id in self._open:
            raise soap.INVALID_PARAMETER.error()
        shell = Shell(shell_id, account, settings, self._clock.time())
        self._open[shell_id] = shell
        return shell

    def find(self, account: Account, shell_id: str | None) -> Shell:
        """The account's shell of that id. Raises a fault."""
        self._expire()
        if shell_id is None:
            raise soap.MISSING_SELECTOR.error()
        shell = self._open.get(shell_id.upper())
        if shell is None:
            raise soap.shell_not_found(shell_id).error()
        if shell.owner.name != account.name:
            raise soap.ACCESS_DENIED.error()
        self.touch(shell)
        return shell

    def touch(self, shell: Shell) -> None:
        """Somebody uses the shell: its idle time starts anew."""
        shell.used = self._clock.time()

    async def start(self, shell: Shell, wished_id: str | None, line: str, skip_cmd: bool) -> Command:
        """Start a command line in a shell. Raises a fault, Win32Error where the host can't start it."""
        if sum(one.operations for one in self._of(shell.owner)) >= self.max_operations_per_user:
            raise soap.TOO_MANY_OPERATIONS.error()
        command_id = wished_id or _new_id()
        if command_id in shell.commands:
            raise soap.INVALID_PARAMETER.error()
        shell.operations += 1
        command = shell.commands[command_id] = Command(command_id, line)
        command.start(
            self._host.run(
                line,
                account=shell.owner,
                environment=dict(shell.settings.environment),
                cwd=shell.settings.working_directory,
                skip_cmd=skip_cmd,
                stdin=command.stdin,
                write=command.write,
            )
        )
        await asyncio.sleep(0)  # the task's first step, in which it starts or fails to
        failure = command.failure
        if failure is not None:
            del shell.commands[command.id]
            raise failure
        return command

    def signal(self, shell: Shell, command_id: str | None, name: str) -> None:
        """Signal a command: ``ctrl_c`` and ``ctrl_break`` end one that runs; otherwise it is cleaned up."""
        command = shell.command(command_id)
        if name in ("ctrl_c", "ctrl_break") and command.exit_code is None:
            command.interrupt()
        elif name in ("terminate", "ctrl_c", "ctrl_break"):
            command.terminate()
            del shell.commands[command.id]
        else:
            raise soap.INVALID_PARAMETER.error()

    def delete(self, shell: Shell) -> None:
        """Close a shell and end what runs in it."""
        del self._open[shell.id]
        shell.end()

    async def close(self) -> None:
        """Close all shells and wait for what ran in them."""
        commands = [command for shell in self._open.values() for command in shell.commands.values()]
        for shell in list(self._open.values()):
            self.delete(shell)
        for command in commands:
            await command.finish()

    def _of(self, account: Account) -> list[Shell]:
        return [shell for shell in self._open.values() if shell.owner.name == account.name]

    def _expire(self) -> None:
        now = self._clock.time()
        for shell in [shell for shell in self._open.values() if shell.idle(now)]:
            self.delete(shell)


def _new_id() -> str:
    return str(uuid.uuid4()).upper()
