"""The simulated cmd.exe: a command line in, what it prints and its exit code out."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lab.clock import Clock
from lab.windows import Account, WindowsHost
from lab.windows.cmd.expansion import expand_percent
from lab.windows.cmd.loops import parse_options, split_line
from lab.windows.cmd.parser import CmdSyntaxError, parse
from lab.windows.commandline import split_arguments

CONFIG = '<add key="DataAccess.DbServer" value="." />\r\n<add key="DataAccess.SqlPwd" value="p&amp;w" />\r\n'


@dataclass
class Ran:
    out: str
    err: str
    code: int


def machine() -> WindowsHost:
    host = WindowsHost("dev01", "127.0.0.1", Clock(1000))
    host.add_account(Account("admin", "secret"))
    for drive in ("J:", "K:"):
        host.files.add_drive(drive)
    host.files.write(r"K:\AosService\WebRoot\web.config", CONFIG)
    host.files.write(r"K:\two words\a.txt", "inside\r\n")
    host.files.write(r"C:\Users\admin\lines.txt", "one 1\r\n; two\r\n\r\nthree 3 and more\r\n")
    host.install(r"C:\tools\two words.exe")
    host.environment["ServiceDrive"] = "K:"
    return host


def run(
    line: str, host: WindowsHost | None = None, *, skip_cmd: bool = False, environment: Mapping[str, str] | None = None
) -> Ran:
    host = host or machine()
    printed = {"stdout": b"", "stderr": b""}

    def write(stream: str, data: bytes) -> None:
        printed[stream] += data

    async def go() -> int:
        stdin = asyncio.StreamReader()
        stdin.feed_eof()
        return await host.run(
            line,
            account=host.accounts["admin"],
            environment=environment or {},
            cwd=None,
            skip_cmd=skip_cmd,
            stdin=stdin,
            write=write,
        )

    code = asyncio.run(go())
    out, err = printed["stdout"].decode(), printed["stderr"].decode()
    assert "\n" not in out.replace("\r\n", "")
    return Ran(out.replace("\r\n", "\n"), err.replace("\r\n", "\n"), code)


@pytest.mark.parametrize(
    ("line", "out"),
    [
        # words, quotes, carets
        ("echo hi", "hi\n"),
        ('echo "a  &  b"', '"a  &  b"\n'),
        ("echo a ^& b", "a & b\n"),
        ('echo ^"a & echo b', '"a \nb\n'),
        ("echo.", "\n"),
        ("echo", "ECHO is on.\n"),
        ("@echo hi", "hi\n"),
        # operators
        ("echo a& echo b", "a\nb\n"),
        ("echo a && echo b", "a \nb\n"),
        ("type missing 2>nul || echo no", "no\n"),
        ("type missing 2>nul && echo yes", ""),
        ("type missing 2>nul || echo no && echo then", "no \nthen\n"),
        ("(echo a & echo b) && echo c", "a \nb\nc\n"),
        ("echo a &", "a \n"),
        # variables: undefined stays as written, and %% is two signs
        ("echo %COMPUTERNAME%", "DEV01\n"),
        ("echo %computername:~0,3%-%ComputerName:DEV=x%", "DEV-x01\n"),
        ("echo %nothing% %% 100%", "%nothing% %% 100%\n"),
        ("set A=1& echo %A%", "%A%\n"),
        ('cmd /v:on /c "set A=1& echo !A! !B!x"', "1 x\n"),
        ('set "A=b c" & cmd /c echo %^A%', "b c\n"),
        ('set "A=b c" & call echo %^A%', "b c\n"),
        ('cmd /c "exit 7" & call echo %^ERRORLEVEL%', "7\n"),
        ("set Serv", "ServiceDrive=K:\n"),
        # if
        (r"if exist K:\AosService echo there", "there\n"),
        (r"if exist K:\aosservice\webroot\WEB.CONFIG echo there", "there\n"),
        (r"if exist J:\AosService (echo there) else echo not", "not\n"),
        (r"if not exist Q:\ echo none", "none\n"),
        (r'if exist "K:\two words\*.txt" echo match', "match\n"),
        ("if exist J:\\ echo drive", "drive\n"),
        ("if defined ServiceDrive (echo %ServiceDrive%) else (echo -)", "K:\n"),
        ("if not defined NoSuch echo none", "none\n"),
        ("if /i abc==ABC echo same", "same\n"),
        ('if "a b" == "a b" echo same', "same\n"),
        ("if abc==ABC (echo same) else if 2 lss 10 (echo less) else echo more", "less\n"),
        ("if 1==2 echo a & echo b", ""),
        ("(if 1==2 echo a) & echo b", "b\n"),
        ('cmd /c "exit 3" & if errorlevel 3 echo three', "three\n"),
        # for; cmd shows what a loop runs, unless it is silenced
        ("for %x in (a b) do @echo %x", "a\nb\n"),
        ("for %x in (a) do echo %x", "\nC:\\Users\\admin>echo a \na\n"),
        ('cmd /q /c "for %x in (a,b;c) do echo %x"', "a\nb\nc\n"),
        (r"for %d in (J K C) do @if exist %d:\AosService echo %d:", "K:\n"),
        (r'for %d in (J K) do @if exist "%d:\AosService" (echo %d yes) else (echo %d no)', "J no\nK yes\n"),
        ("for /l %n in (1,2,5) do @echo %n", "1\n3\n5\n"),
        (
            r'for %f in ("K:\two words\a.txt") do @echo %~f %~nxf %~df %~pf %~dpnf',
            "K:\\two words\\a.txt a.txt K: \\two words\\ K:\\two words\\a\n",
        ),
        (r'for %f in ("K:\two words\*.txt") do @type "%f"', "inside\n"),
        ("for /f %l in (lines.txt) do @echo %l", "one\nthree\n"),
        ('for /f "tokens=1,2*" %a in (lines.txt) do @echo %a-%b-%c', "one-1-\nthree-3-and more\n"),
        ('for /f "skip=3 delims=" %l in (lines.txt) do @echo %l', "three 3 and more\n"),
        ('for /f "usebackq eol=# skip=1 delims=;" %l in ("lines.txt") do @echo [%l]', "[ two]\n[three 3 and more]\n"),
        ("for /f %v in ('hostname') do @echo %v", "DEV01\n"),
        (
            "for /f tokens^=2^,4^ delims^=^\" %a in ('findstr D K:\\AosService\\WebRoot\\web.config') do @echo %a=%b",
            "DataAccess.DbServer=.\nDataAccess.SqlPwd=p&amp;w\n",
        ),
        ("for /f %v in ('echo a^=b ^& echo c') do @echo %v", "a=b\nc\n"),
        ("for /f %v in ('echo a=b') do @echo %v", "a\n"),
        ('for /f "tokens=2" %v in ("only") do @echo %v', ""),
        # directories
        ("cd", "C:\\Users\\admin\n"),
        (r"cd /d K:\aosservice & cd", "K:\\AosService\n"),
        (r"cd K:\aosservice & cd & K: & cd", "C:\\Users\\admin\nK:\\AosService\n"),
        (r"cd .. & cd", "C:\\Users\n"),
        ("cd\\& cd", "C:\\\n"),
        (r"pushd K:\AosService & dir /b & popd & cd", "WebRoot\nC:\\Users\\admin\n"),
        # files and streams
        (r'type "K:\two words\a.txt"', "inside\n"),
        ("echo one>f.txt & echo two>>f.txt & type f.txt", "one \ntwo \n"),
        ("(echo one & echo two) > f.txt & type f.txt", "one \ntwo\n"),
        ("type missing 2>&1", "The system cannot find the file specified.\n"),
        ("type missing >f.txt 2>&1 & type f.txt", "The system cannot find the file specified.\n"),
        ("type lines.txt | findstr /i THREE", "three 3 and more\n"),
        ('findstr /v /c:"; two" < lines.txt | findstr /n "^o ^t"', "1:one 1\n3:three 3 and more\n"),
        ("echo a> f.txt & copy f.txt g.txt >nul & del f.txt & dir /b *.txt", "g.txt\nlines.txt\n"),
        # cmd /c inside cmd /c, with its quote stripping
        (r'cmd.exe /d /s /c "type "K:\two words\a.txt""', "inside\n"),
        (r'cmd /c ""C:\Windows\System32\hostname.exe""', "DEV01\n"),
        ("cmd /cecho hi", "hi\n"),
        # programs
        ("hostname", "DEV01\n"),
        (r"C:\Windows\System32\hostname.exe", "DEV01\n"),
        (r'"C:\Windows\System32\hostname"', "DEV01\n"),
        ("where sc.exe", "C:\\Windows\\System32\\sc.exe\n"),
        ("whoami", "dev01\\admin\n"),
        ("ver", "\nMicrosoft Windows [Version 10.0.17763.5458]\n"),
    ],
)
def test_prints(line: str, out: str) -> None:
    ran = run(line)
    assert (ran.out, ran.err) == (out, "")


NOT_FOUND = "'{}' is not recognized as an internal or external command,\noperable program or batch file.\n"


@pytest.mark.parametrize(
    ("line", "err", "code"),
    [
        ("nosuch /x", NOT_FOUND.format("nosuch"), 1),
        ("nosuch.exe & exit 4", NOT_FOUND.format("nosuch.exe"), 4),
        (r"C:\no\such.exe", "The system cannot find the path specified.\n", 1),
        ('"no such"', NOT_FOUND.format('"no such"'), 1),
        ("echo a && & echo b", "& was unexpected at this time.\n", 255),
        ("& echo a", "& was unexpected at this time.\n", 255),
        (") echo a", ") was unexpected at this time.\n", 255),
        ("for %%x in (a) do echo %%x", "%%x was unexpected at this time.\n", 255),
        ("for %x (a) do echo x", "( was unexpected at this time.\n", 255),
        ("if a b echo c", "b was unexpected at this time.\n", 255),
        ("if exist", "The syntax of the command is incorrect.\n", 255),
        ("echo a >", "The syntax of the command is incorrect.\n", 255),
        ("type nosuch.txt", "The system cannot find the file specified.\n", 1),
        (r"type K:\no\such.txt", "The system cannot find the path specified.\n", 1),
        (r"cd Q:\x", "The system cannot find the drive specified.\n", 1),
        (r"cd K:\x", "The system cannot find the path specified.\n", 1),
        (r"echo a>K:\no\file", "The system cannot find the path specified.\n", 1),
        ("set NoSuch", "Environment variable NoSuch not defined\n", 1),
        ("for /f %x in (nosuch.txt) do @echo %x", "The system cannot find the file nosuch.txt.\n", 0),
        ("exit /b 5 & echo a", "", 5),
        ("exit -532462766", "", -532462766),
        ("echo " + "x" * 8200, "The command line is too long.\n", 1),
        ("findstr zzz lines.txt", "", 1),
        ("where nosuch", "INFO: Could not find files for the given pattern(s).\n", 1),
        (r'"C:\tools\two words.exe"', "lab: C:\\tools\\two words.exe is not simulated\n", 120),
        ("start notepad", "lab: the cmd.exe command start is not simulated\n", 120),
        ("cmd", "lab: an interactive cmd.exe is not simulated\n", 120),
    ],
)
def test_fails(line: str, err: str, code: int) -> None:
    ran = run(line)
    assert (ran.out, ran.err, ran.code) == ("", err, code)


def test_denied_files_look_absent_or_denied_as_in_windows() -> None:
    host = machine()
    host.files.deny(r"K:\AosService\WebRoot\web.config")
    ran = run(r"if exist K:\AosService\WebRoot\web.config type K:\AosService\WebRoot\web.config", host)
    assert (ran.out, ran.err, ran.code) == ("", "Access is denied.\n", 1)
    host.files.deny(r"K:\AosService")
    assert run(r"if exist K:\AosService\WebRoot\web.config echo there", host).out == ""


def test_environment_of_the_shell_reaches_programs_and_cmd() -> None:
    ran = run("echo %SECRET% & cmd /c echo %^SECRET%", environment={"Secret": "s3"})
    assert ran.out == "s3 \ns3\n"


def test_without_cmd_nothing_is_expanded() -> None:
    assert run(r"whoami.exe %X%", skip_cmd=True).code == 1
    assert run(r'"C:\Windows\System32\whoami.exe"', skip_cmd=True).out == "dev01\\admin\n"


def test_program_starts_are_counted() -> None:
    host = machine()
    run("hostname & for /f %x in ('hostname') do @rem", host)
    assert host.processes_started == ["cmd.exe", "HOSTNAME.EXE", "cmd.exe", "HOSTNAME.EXE"]
    assert [process for process in host.processes if process.image == "cmd.exe"] == []


@given(st.lists(st.text(alphabet=' "\\ab\t%', max_size=8), max_size=5))
def test_arguments_survive_the_c_run_time(words: list[str]) -> None:
    assert split_arguments(subprocess.list2cmdline(words)) == words


@given(st.text(alphabet='ab "^&|<>()@%1=,;', max_size=25))
@example("(a) 2>&1 >b <c")
def test_a_line_is_parsed_or_refused(line: str) -> None:
    with contextlib.suppress(CmdSyntaxError):
        parse(line)


@given(st.text(alphabet="%a:~1,=-*", max_size=20))
def test_expansion_of_nonsense_changes_nothing_undefined(text: str) -> None:
    assert expand_percent(text, lambda _name: None) == text


@given(st.text(alphabet=" ,tokensdlim=123-*^", max_size=20), st.text(alphabet="ab ;,", max_size=12))
def test_for_options_are_read_or_refused(options: str, line: str) -> None:
    with contextlib.suppress(ValueError):
        split_line(line, parse_options(options), "a")


# fmt: off
PIECES = (
    "echo a", "if", "exist", "for", "%x", "in", "(", ")", "do", "&", "&&", "||", "|", ">f.txt", "2>&1", '"', "^", "@",
    "set A=1", "/f", '"tokens=2"', "('hostname')", "cd", "type", "lines.txt", "not", "defined", "errorlevel", "x",
    "==", "else", "%OS:~x%", "findstr a", "exit /b 2", "call", "/l", "(1,x,3)", "hostname", "dir /b", "%~nxx",
)
# fmt: on


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=10))
def test_every_line_ends_with_an_exit_code(words: list[str]) -> None:
    ran = run(" ".join(words))
    assert ran.code in (0, 1, 2, 120, 255)
    assert ran.code == 0 or ran.err or ran.out or {"findstr a", "exit /b 2", "2>&1", ">f.txt"} & set(words)
