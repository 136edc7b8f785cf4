"""The simulated powershell.exe: native calls and scripts, everything else refused."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass

import pytest

from lab.clock import Clock
from lab.windows import Account, Call, WindowsHost

SCRIPT = r"C:\Infra Scripts\Set-It.ps1"


@dataclass
class Ran:
    out: str
    err: str
    code: int


async def script(call: Call) -> int:
    call.out("|".join(call.arguments) + "\n")
    return 3


def run(line: str) -> Ran:
    host = WindowsHost("dev01", "127.0.0.1", Clock(1000))
    host.add_account(Account("admin", "secret"))
    host.install(SCRIPT, script)
    printed = {"stdout": b"", "stderr": b""}

    def write(stream: str, data: bytes) -> None:
        printed[stream] += data

    async def go() -> int:
        return await host.run(
            line,
            account=host.accounts["admin"],
            environment={"A": "1"},
            cwd=None,
            skip_cmd=False,
            stdin=asyncio.StreamReader(),
            write=write,
        )

    code = asyncio.run(go())
    out, err = (printed[stream].decode().replace("\r\n", "\n") for stream in ("stdout", "stderr"))
    return Ran(out, err, code)


def encoded(text: str) -> str:
    words = base64.b64encode(text.encode("utf-16-le")).decode()
    return f"PowerShell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand {words}"


@pytest.mark.parametrize(
    ("statements", "out", "code"),
    [
        ("hostname.exe", "DEV01\n", 0),
        ("cmd.exe /c exit 5", "", 1),
        ("cmd.exe /c 'exit 5'; exit $LASTEXITCODE", "", 5),
        ("cmd.exe /c exit 5\nexit $LASTEXITCODE", "", 5),
        ("exit 7; hostname", "", 7),
        ("& 'C:\\Windows\\System32\\hostname.exe'", "DEV01\n", 0),
        ('cmd.exe --% /d /s /c "echo "a & b" %A% & echo c"\nexit $LASTEXITCODE', '"a & b" 1 \nc\n', 0),
        ('cmd.exe --% /c "exit -532462766"\r\nexit $LASTEXITCODE', "", -532462766),
        (f"& '{SCRIPT}' -Path 'two words' -Enable; exit $LASTEXITCODE", "-Path|two words|-Enable\n", 3),
        (encoded('cmd.exe --% /d /s /c "echo x& exit 4"\nexit $LASTEXITCODE') + "\nexit $LASTEXITCODE", "x\n", 4),
    ],
)
def test_native_calls(statements: str, out: str, code: int) -> None:
    ran = run(encoded(statements))
    assert (ran.out, ran.err, ran.code) == (out, "", code)


@pytest.mark.parametrize(
    "statements",
    [
        "$x = 1",
        "Get-Service | Stop-Service",
        "hostname > file",
        'echo "$env:A"',
        "if (1) { hostname }",
        "'text'",
        "cmd.exe --% /c echo a | findstr b",
    ],
)
def test_the_language_is_refused(statements: str) -> None:
    ran = run(encoded(statements))
    assert (ran.out, ran.code) == ("", 120)
    assert ran.err.startswith("lab: this PowerShell: ")


def test_an_unknown_command() -> None:
    ran = run("powershell -Command nosuch -x")
    assert (ran.out, ran.code) == ("", 1)
    assert ran.err.startswith("nosuch : The term 'nosuch' is not recognized as the name of a cmdlet")


def test_scripts_by_file() -> None:
    ran = run(f'powershell.exe -NoProfile -File "{SCRIPT}" -ConfigurationFilePath ".\\Config Template.xml" -Enable')
    assert (ran.out, ran.code) == ("-ConfigurationFilePath|.\\Config Template.xml|-Enable\n", 3)
    missing = run("powershell.exe -File C:\\no.ps1")
    assert (missing.out, missing.code) == ("", -196608)
    assert missing.err.startswith("The argument 'C:\\no.ps1' to the -File parameter does not exist.")
