"""The lab's SSH server, proved by clients that nobody here wrote: asyncssh, OpenSSH and Ansible's ssh connection."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest
import yaml

from lab.clock import Clock
from lab.ssh import SSHServer, _quoted
from lab.thread import LoopThread
from lab.windows import Account, Call, WindowsHost
from lab.windows.commandline import split_arguments

USER = "admin"
PASSWORD = "pa:ss w\u00f6rd-c4n4ry"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


@dataclass
class Bench:
    loop: LoopThread
    folder: Path
    cmd: SSHServer
    powershell: SSHServer

    def asyncssh(
        self, server: SSHServer, line: str, stdin: str = "", password: str = PASSWORD, user: str = USER
    ) -> Ran:
        async def go() -> Ran:
            hosts = asyncssh.import_known_hosts(server.known_hosts)
            async with asyncssh.connect(
                server.address,
                server.port,
                username=user,
                password=password,
                known_hosts=hosts,
                client_keys=None,
                config=[],
            ) as connection:
                done = await connection.run(line, input=stdin)
            return Ran(done.returncode or 0, str(done.stdout), str(done.stderr))

        return self.loop.run(go())

    @property
    def options(self) -> list[str]:
        return [
            *("-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "LogLevel=ERROR"),
            *("-o", f"UserKnownHostsFile={self.folder / 'known_hosts'}", "-i", str(self.folder / "key")),
        ]

    def openssh(self, server: SSHServer, line: str) -> Ran:
        words = ["ssh", *self.options, "-p", str(server.port), f"{USER}@{server.address}", line]
        done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False, stdin=subprocess.DEVNULL)
        return Ran(done.returncode, done.stdout.replace("\r\n", "\n"), done.stderr.replace("\r\n", "\n"))


async def crash(_call: Call) -> int:
    return -532462766


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    clock = Clock(100)
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(tmp_path / "key")
    (tmp_path / "key").chmod(0o600)
    servers = []
    with LoopThread() as loop:
        for name, address in (("dev01", "127.0.8.1"), ("dev02", "127.0.8.2")):
            host = WindowsHost(name, address, clock)
            account = host.add_account(Account(USER, PASSWORD))
            host.install(r"C:\Windows\crash.exe", crash)
            shell = "cmd" if name == "dev01" else "powershell"
            server = SSHServer(host, address, 0, clock, default_shell="cmd" if shell == "cmd" else "powershell")
            server.allow_key(account, key)
            loop.run(server.start())
            servers.append(server)
        (tmp_path / "known_hosts").write_text("".join(server.known_hosts for server in servers))
        yield Bench(loop, tmp_path, *servers)
        for server in servers:
            loop.run(server.stop())


def encoded(script: str) -> str:
    words = base64.b64encode(script.encode("utf-16-le")).decode()
    return f"powershell.exe -NoProfile -NonInteractive -EncodedCommand {words}"


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_who_may_sign_in(bench: Bench) -> None:
    assert bench.asyncssh(bench.cmd, "whoami", user="DEV01\\admin").out == "dev01\\admin\r\n"
    for user, password in ((USER, "wrong"), ("nobody", PASSWORD), ("", PASSWORD)):
        with pytest.raises(asyncssh.PermissionDenied):
            bench.asyncssh(bench.cmd, "whoami", user=user, password=password)
    assert bench.openssh(bench.cmd, "whoami") == Ran(0, "dev01\\admin\n", "")
    assert bench.cmd.logins == ["DEV01\\admin", USER]
    other = asyncssh.generate_private_key("ssh-ed25519")
    (bench.folder / "key").unlink()
    other.write_private_key(bench.folder / "key")
    (bench.folder / "key").chmod(0o600)
    refused = bench.openssh(bench.cmd, "whoami")
    assert (refused.code, "Permission denied" in refused.err) == (255, True)
    assert bench.cmd.commands == ["whoami", "whoami"]


def test_the_servers_key_is_verified(bench: Bench) -> None:
    wrong = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    (bench.folder / "known_hosts").write_text(f"[{bench.cmd.address}]:{bench.cmd.port} {wrong}")
    refused = bench.openssh(bench.cmd, "whoami")
    assert (refused.code, "Host key verification failed" in refused.err) == (255, True)
    assert bench.cmd.commands == []


def test_streams_and_input(bench: Bench) -> None:
    assert bench.asyncssh(bench.cmd, "echo out& echo err 1>&2& exit 5") == Ran(5, "out\r\n", "err \r\n")
    assert bench.asyncssh(bench.cmd, 'findstr "b"', "abc\r\nxyz\r\n").out == "abc\r\n"
    assert bench.asyncssh(bench.powershell, "findstr b", "abc\r\nxyz\r\n").out == "abc\r\n"


@pytest.mark.parametrize(
    ("line", "code", "out"),
    [
        ("cmd /c exit 5", 1, ""),  # without exit PowerShell says only that it failed
        ("cmd /c exit 5; exit $LASTEXITCODE", 5, ""),
        ('cmd.exe --% /d /s /c "echo "a & b"" ', 0, '"a & b"\n'),
        ("hostname; hostname", 0, "DEV02\nDEV02\n"),
        (encoded('cmd.exe --% /d /s /c "echo x& exit 7"\nexit $LASTEXITCODE'), 1, "x\n"),
        (encoded('cmd.exe --% /d /s /c "echo x& exit 7"\nexit $LASTEXITCODE') + "; exit $LASTEXITCODE", 7, "x\n"),
        # what ansible-core 2.16 makes of every command for these two shells
        ("chcp.com 65001 > $null ; " + encoded("hostname"), 0, "DEV02\n"),
    ],
)
def test_powershell_as_the_default_shell(bench: Bench, line: str, code: int, out: str) -> None:
    assert bench.openssh(bench.powershell, line) == Ran(code, out, "")
    assert bench.powershell.commands == [line]


@pytest.mark.parametrize(
    ("line", "code", "out"),
    [
        ("cmd /c exit 5", 5, ""),
        ("crash", -532462766 & 0xFF, ""),  # of an exit code, a client of SSH keeps the lowest byte
        ('echo "a & b"& exit 256', 0, '"a & b"\n'),
        (encoded("cmd.exe --% /c exit 7\nexit $LASTEXITCODE"), 7, ""),
        ("chcp.com 65001 >nul 2>&1 && " + encoded("hostname"), 0, "DEV01\n"),
    ],
)
def test_cmd_as_the_default_shell(bench: Bench, line: str, code: int, out: str) -> None:
    assert bench.openssh(bench.cmd, line) == Ran(code, out, "")


def test_a_connection_that_breaks(bench: Bench) -> None:
    async def slow(call: Call) -> int:
        await call.host.clock.sleep(40)
        call.host.files.write(r"C:\done.txt", "")
        return 0

    bench.cmd.host.install(r"C:\Windows\slow.exe", slow)
    bench.cmd.faults.drop_in_command = 2
    assert bench.openssh(bench.cmd, "hostname").code == 0
    assert bench.openssh(bench.cmd, "slow").code == 255
    assert not bench.cmd.host.files.exists(r"C:\done.txt")
    until(lambda: bench.cmd.host.files.exists(r"C:\done.txt"))  # what was started runs on
    assert bench.openssh(bench.cmd, "hostname") == Ran(0, "DEV01\n", "")
    bench.cmd.faults.refuse_connections = True
    assert bench.openssh(bench.cmd, "hostname").code == 255


@pytest.mark.parametrize("line", ["a b", "dir\\", 'echo "a\\" b', 'x\\\\"', "", '"'])
def test_a_line_reaches_powershell_as_it_is(line: str) -> None:
    assert split_arguments(" " + _quoted(line)) == [line]


def test_ansible_raw_with_both_shells(bench: Bench) -> None:
    common = {
        "ansible_connection": "ssh",
        "ansible_user": USER,
        "ansible_ssh_private_key_file": str(bench.folder / "key"),
        "ansible_ssh_args": "",
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={bench.folder / 'known_hosts'} -o StrictHostKeyChecking=yes",
    }
    hosts = {
        server.host.name.lower(): {
            "ansible_host": server.address,
            "ansible_port": server.port,
            "ansible_shell_type": server.default_shell,
        }
        for server in (bench.cmd, bench.powershell)
    }
    inventory = bench.folder / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"d365fo": {"hosts": hosts, "vars": common}}))
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible")), "d365fo", "-i", str(inventory), "-m", "raw", "-a", "whoami"],
        env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=bench.folder,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("dev01", "dev02"):
        assert f"{name} | CHANGED | rc=0 >>" in done.stdout
        assert f"{name}\\admin" in done.stdout
