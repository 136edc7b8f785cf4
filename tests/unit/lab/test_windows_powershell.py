"""The simulated powershell.exe: native calls and scripts, everything else refused."""

from __future__ import annotations

import asyncio
import base64
import xml.etree.ElementTree as ET
from dataclasses import dataclass

import pytest

from lab.clock import Clock
from lab.windows import Account, Call, WindowsHost
from lab.windows.programs.powershell import ErrorRecord

SCRIPT = r"C:\Infra Scripts\Set-It.ps1"
ON_SHARE = r"\\files01\scripts\Set-It.ps1"
BROKEN = r"C:\Broken.ps1"


@dataclass
class Ran:
    out: str
    err: str
    code: int


async def script(call: Call) -> int:
    call.out("|".join(call.arguments) + "\n")
    return 3


async def throws(_call: Call) -> int:
    raise ErrorRecord("Can't go on " * 10 + "<now>", "OperationStopped: (:) [], RuntimeException", "Stop")


def run(line: str, policy: str = "RemoteSigned") -> Ran:
    host = WindowsHost("dev01", "127.0.0.1", Clock(1000))
    host.add_account(Account("admin", "secret"))
    host.execution_policy = policy
    host.files.add_drive(r"\\files01\scripts")
    for path in (SCRIPT, ON_SHARE, r"C:\denied.ps1", BROKEN):
        host.files.write(path, "# Set-It")
        host.scripts[path.lower()] = throws if path == BROKEN else script
    host.files.write(r"C:\other.ps1", "Get-Date")
    host.files.deny(r"C:\denied.ps1")
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
        ('cmd.exe --% /c "echo a&& echo b"\nexit $LASTEXITCODE', "a\nb\n", 0),
        ("chcp.com 65001 > $null ; hostname", "DEV01\n", 0),
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
        'cmd.exe --% /c "echo a | findstr b"',
        'cmd.exe --% /c "echo a" && hostname',
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
    ran = run(r'cd /d "C:\Infra Scripts" & powershell -NoProfile -File .\Set-It.ps1 -Enable')
    assert (ran.out, ran.err, ran.code) == ("-Enable\n", "", 3)


@pytest.mark.parametrize(
    ("file", "message", "code"),
    [
        (r"C:\no.ps1", r"The argument 'C:\no.ps1' to the -File parameter does not exist. Provide", -196608),
        (r"C:\Windows", r"The argument 'C:\Windows' to the -File parameter does not exist.", -196608),
        (r"C:\Windows\System32\sc.exe", "failed because the file does not have a '.ps1' extension.", -196608),
        (r"C:\denied.ps1", r"Access to the path 'C:\denied.ps1' is denied.", 1),
        (ON_SHARE, "is not digitally signed. You cannot run this script on the current system.", 1),
        (r"C:\other.ps1", r"lab: the script C:\other.ps1 is not simulated", 120),
        (BROKEN, "Can't go on <now> + CategoryInfo : OperationStopped: (:) [], RuntimeException", 1),
    ],
)
def test_scripts_that_fail(file: str, message: str, code: int) -> None:
    ran = run(f"powershell.exe -NoProfile -NonInteractive -NoLogo -File {file}")
    assert (ran.out, ran.code) == ("", code)
    assert message in " ".join(ran.err.split())


def test_execution_policy() -> None:
    restricted = run(f'powershell.exe -NoLogo -File "{SCRIPT}"', policy="Restricted")
    assert (restricted.out, restricted.code) == ("", 1)
    assert "cannot be loaded because running scripts is disabled on this system." in " ".join(restricted.err.split())
    assert "FullyQualifiedErrorId : UnauthorizedAccess" in restricted.err
    assert max(len(line) for line in restricted.err.splitlines()[:2]) <= 80
    bypassed = run(f'powershell.exe -NoLogo -ExecutionPolicy Bypass -File "{SCRIPT}"', policy="Restricted")
    assert (bypassed.err, bypassed.code) == ("", 3)


def test_errors_of_an_encoded_command_are_clixml() -> None:
    line = encoded(f"& '{BROKEN}'")
    ran = run(line)
    header, _unused, document = ran.err.partition("\n")
    assert (ran.out, ran.code, header) == ("", 1, "#< CLIXML")
    text = "".join(element.text or "" for element in ET.fromstring(document)).replace("_x000D__x000A_", "\n")
    assert " ".join(text.split()).endswith(
        "<now> + CategoryInfo : OperationStopped: (:) [], RuntimeException + FullyQualifiedErrorId : Stop"
    )
    assert run(line.replace("-Encoded", "-OutputFormat Text -Encoded")).err.startswith("Can't go on Can't")
    # what a native program writes is not PowerShell's
    native = run(encoded("cmd.exe --% /c echo oops 1>&2"))
    assert (native.err, native.code) == ("oops \n", 0)
