"""The forms of cmd.exe lines that a client uses to do much in one round trip, and how cmd.exe takes them apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

import pytest

from lab.clock import VirtualClock
from lab.windows import Account, Call, Service, WindowsHost
from lab.windows.cmd.expansion import expand_percent
from lab.windows.cmd.parser import parse
from lab.windows.console import Ran, run
from lab.windows.virtual import on_host

ODD = 'a & b | c < d > e ( ) ^ "q" % %x% ! ;,='


def machine(clock: VirtualClock) -> WindowsHost:
    host = WindowsHost("dev01", "127.0.0.1", clock)
    host.add_account(Account("admin", "secret"))
    host.services.add(Service("W3SVC", "World Wide Web Publishing Service"))
    host.services.add(Service("W4SVC", "Another"))
    host.files.write(r"C:\odd.txt", f"{ODD}\r\n")
    host.files.write(r"C:\lines.txt", "one\r\n\r\n;two\r\n  ;three\r\n four\r\n   \r\n")
    host.environment["LONG"] = "W3SVC and others"

    async def noisy(call: Call) -> int:
        call.out("first\n")
        call.err("oops\n")
        await call.host.clock.sleep(5)
        call.out("second\n")
        return 3

    host.install(r"C:\Windows\noisy.exe", noisy)
    return host


def simulate(test: Callable[[WindowsHost], Coroutine[Any, Any, Ran]]) -> Ran:
    return on_host(machine, test)


def ran(line: str) -> Ran:
    return simulate(lambda host: run(host, line))


def in_loop(commands: str) -> str:
    """What collects the output of commands, which are escaped for the place between the parentheses."""
    return f"""for /f "delims=" %z in ('{commands}') do @echo(%z"""


class Form(NamedTuple):
    name: str
    line: str
    out: str
    err: str = ""


PRINTING = [
    Form("text behind a parenthesis", "echo(text", "text\n"),
    Form("nothing behind a parenthesis", "echo(", "\n"),
    Form("blanks behind a parenthesis stay", "echo(  two  ", "  two  \n"),
    Form("on behind a parenthesis is a text", "echo(on", "on\n"),
    Form("a slash and a question mark", "echo(/?", "/?\n"),
    Form("silent", "@echo(text", "text\n"),
    Form("what a variable holds is not parsed", 'for /f "delims=" %z in (C:\\odd.txt) do @echo(%z', f"{ODD}\n"),
    Form("nor in quotes", 'for /f "delims=" %z in (C:\\odd.txt) do @echo("%z" & echo "next"', f'"{ODD}" \n"next"\n'),
    Form(
        "nor where it goes on to another loop",
        'for /f "delims=" %y in (C:\\odd.txt) do @for /f "delims=" %z in ("%y") do @echo(%z',
        f"{ODD}\n",
    ),
]

COLLECTING = [
    Form("one command", in_loop("echo one"), "one\n"),
    Form("several", in_loop("echo one^& echo two^& echo three"), "one\ntwo\nthree\n"),
    Form("a caret before each quote", in_loop('echo ^"one^" ^& echo "two"'), '"one" \n"two"\n'),
    Form("everything in quotes", in_loop('echo "a & b | c < d > e ( ) ^ ,;="'), '"a & b | c < d > e ( ) ^ ,;="\n'),
    Form("an apostrophe in the middle", in_loop("echo it's"), "it's\n"),
    Form("parentheses", in_loop("^(echo one^& echo two^)^& echo three"), "one\ntwo\nthree\n"),
    Form("stderr stays outside", in_loop("noisy"), "first\nsecond\n", "oops\n"),
    Form("stderr goes where the whole loop sends it", f"({in_loop('noisy')}) 2>&1", "oops\nfirst\nsecond\n"),
    Form("stderr taken in", in_loop("noisy 2^>^&1"), "first\noops\nsecond\n"),
    Form("stderr thrown away", in_loop("noisy 2^>nul"), "first\nsecond\n"),
    Form("stdout thrown away", in_loop("noisy ^>nul ^& echo then"), "then\n", "oops\n"),
    Form("both thrown away", in_loop("noisy ^>nul 2^>^&1 ^|^| echo failed"), "failed\n"),
    Form("and", in_loop("echo a^&^& echo b"), "a\nb\n"),
    Form("or", in_loop("type nosuch 2^>nul ^|^| echo no"), "no\n"),
    Form("a pipe", in_loop("type C:\\lines.txt ^| findstr o"), "one\n four\n"),
    Form("delimiters become blanks, one for several", in_loop("echo a,b;c=d  ,; e"), "a b c d e\n"),
    Form("escaped delimiters stay", in_loop("echo a^,b^;c^=d"), "a,b;c=d\n"),
    Form("sc without a caret before the equals sign", in_loop("sc query state= all ^>nul ^&^& echo yes"), "", ""),
    Form(
        "sc with it",
        in_loop("sc query state^= all ^| findstr SERVICE_NAME"),
        "SERVICE_NAME: W3SVC\nSERVICE_NAME: W4SVC\n",
    ),
    Form(
        "empty lines go, and those with a semicolon first", in_loop("type C:\\lines.txt"), "one\n  ;three\n four\n   \n"
    ),
    Form(
        "blanks are taken off before the semicolon is looked for",
        "for /f %z in ('type C:\\lines.txt') do @echo(%z",
        "one\nfour\n",
    ),
    Form(
        "a loop inside",
        in_loop("for %x in ^(1 2^) do @echo x%x"),
        "x1\nx2\n",
    ),
    Form(
        "an if inside",
        in_loop('if "a"^=^="a" ^(echo yes^) else ^(echo no^)'),
        "yes\n",
    ),
    Form(
        "a loop over output inside, escaped twice",
        in_loop("for /f ^\"tokens^=1^,2^\" %u in ^('sc query W3SVC ^^^| findstr STATE'^) do @echo %u%v"),
        "STATE:\n",
    ),
    Form(
        "a condition on a word of the output",
        in_loop(
            'for /f ^"tokens^=3^" %u in ^(\'sc query W3SVC ^^^| findstr STATE\'^) do @if ^"%u^"^=^=^"4^" ^(echo runs^)'
        ),
        "runs\n",
    ),
]

CONDITIONS = [
    Form("defined and not", "if not defined NAME (echo none) else (echo some)", "none\n"),
    Form("set and cleared in a loop", 'set NAME=1& for %x in (a b) do @if defined NAME (echo %x& set "NAME=")', "a\n"),
    Form("set to 1", "set NAME=1& if defined NAME echo yes", "yes\n"),
    Form("cleared with quotes", 'set NAME=1& set "NAME="& if not defined NAME echo gone', "gone\n"),
    Form("equal", 'for %u in (x) do @if "%u"=="x" echo same', "same\n"),
    Form("not equal", 'for %u in (X) do @if "%u"=="x" (echo same) else echo other', "other\n"),
    Form("equal in any case", 'for %u in (X) do @if /i "%u"=="x" echo same', "same\n"),
    Form("not equal, negated", 'for %u in (X) do @if not "%u"=="x" echo other', "other\n"),
    Form("errorlevel and more", "noisy 2>nul >nul & if errorlevel 3 echo three", "three\n"),
    Form("errorlevel less", "noisy 2>nul >nul & if not errorlevel 4 echo less", "less\n"),
    Form("exist", r"if exist C:\odd.txt (echo there) else echo not", "there\n"),
    Form("exist a directory", r"if exist C:\Windows (echo there) else echo not", "there\n"),
    Form("tokens of a string", 'for /f "tokens=1,2" %u in ("one two three") do @echo %v-%u', "two-one\n"),
    Form("tokens and the rest", 'for /f "tokens=1*" %u in ("one two three") do @echo %v-%u', "two three-one\n"),
    Form("exit /b ends the line", "echo a& exit /b 0& echo b", "a\n"),
    Form("@ reaches to the end", "type nosuch 2>nul && @echo a & echo b", ""),
    Form("without it the last & is outside", "type nosuch 2>nul && echo a & echo b", "b\n"),
]

VARIABLES = [
    Form("a caret before the sign changes nothing", "echo ^%LONG:~0,5%", "W3SVC\n"),
    Form("nor with a replacement", "echo ^%COMPUTERNAME:V=x%", "DEx01\n"),
    Form("a caret behind it makes another name", "echo %^LONG:~0,5%", "%LONG:~0,5%\n"),
    Form("and so with a replacement", "echo %^LONG:a=b%", "%LONG:a=b%\n"),
    Form("undefined stays", "echo %NOSUCH% %NOSUCH:a=b% %NOSUCH:~0,3%", "%NOSUCH% %NOSUCH:a=b% %NOSUCH:~0,3%\n"),
    Form("from the end", "echo %COMPUTERNAME:~-2% %COMPUTERNAME:~0,-2%", "01 DEV\n"),
    Form("a star", "echo %COMPUTERNAME:*V=x%", "x01\n"),
    Form("no replacement at all", "echo %COMPUTERNAME:D%", "%COMPUTERNAME:D%\n"),
    Form("a colon and nothing", "echo %COMPUTERNAME:%", "%COMPUTERNAME:%\n"),
    Form("the moment", "echo %DATE% %TIME:~0,5%", "Fri 01/15/2027  8:00\n"),
]


@pytest.mark.parametrize("form", [*PRINTING, *COLLECTING, *CONDITIONS, *VARIABLES], ids=lambda form: form.name)
def test_prints(form: Form) -> None:
    done = ran(form.line)
    assert (done.out, done.err) == (form.out, form.err)


REFUSED = [
    Form("an unescaped & between the parentheses", in_loop("echo a & echo b"), "& was unexpected at this time.\n"),
    Form("an unescaped redirection", in_loop("echo a >nul"), "> was unexpected at this time.\n"),
    Form(
        "an unescaped parenthesis ends the list", in_loop("(echo a) 2^>nul"), "2>nul') was unexpected at this time.\n"
    ),
    Form("a caret for the outer loop only", in_loop("echo a ^| "), "The syntax of the command is incorrect.\n"),
    Form("no end", "for /f %z in ('echo a' do @echo %z", "The syntax of the command is incorrect.\n"),
]


@pytest.mark.parametrize("form", REFUSED, ids=lambda form: form.name)
def test_refuses(form: Form) -> None:
    done = ran(form.line)
    assert (done.out, done.err) == ("", form.out)


def test_all_output_is_there_before_the_first_turn() -> None:
    started: list[str] = []

    async def test(host: WindowsHost) -> Ran:
        done = await run(host, "for /f %z in ('noisy 2^>nul ^& hostname') do @whoami")
        started.extend(host.processes_started)
        return done

    assert simulate(test).out == "dev01\\admin\n" * 3
    assert started == ["cmd.exe", "cmd.exe", "noisy.exe", "HOSTNAME.EXE", *["whoami.exe"] * 3]


def test_a_loop_that_waits() -> None:
    took: list[float] = []

    async def test(host: WindowsHost) -> Ran:
        host.services["W3SVC"].stop_seconds = 7.5
        begin = host.clock.time()
        done = await run(
            host,
            "sc stop W3SVC >nul & (for /l %i in (1,1,30) do @if not defined DONE (ping -n 2 127.0.0.1 >nul &"
            ' for /f "tokens=3" %u in (\'sc query W3SVC ^| findstr STATE\') do @if "%u"=="1" set DONE=1)) &'
            " set DONE",
        )
        took.append(host.clock.time() - begin)
        return done

    assert simulate(test).out == "DONE=1\n"
    assert 7.5 <= took[0] < 9


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ('set A=1& cmd /c "for /l %i in (1,1,9000000) do @if not defined A echo x"', ""),
        ('set A=1& cmd /c "for /l %i in (1,1,9000000) do @(if not defined A (echo x) else if exist Q:\\ echo y)"', ""),
        ('cmd /v:on /c "for /l %i in (9000000,-1,1) do @if not defined A (set A=%i& echo !A!)"', "9000000\n"),
    ],
    ids=["never", "nested", "once"],
)
def test_turns_that_do_nothing_cost_nothing(line: str, out: str) -> None:
    begin = time.perf_counter()
    assert ran(line) == Ran(out, "", 0)
    assert time.perf_counter() - begin < 1


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ("for /l %i in (1,1,5) do @if %i==4 echo four", "four\n"),
        ("for /l %i in (1,1,5) do @if %i geq 4 (echo %i) else if exist Q:\\ echo y", "4\n5\n"),
        ("for /l %i in (1,1,2) do @for %x in (a b) do @if %i%x==2b echo both", "both\n"),
        ("for /l %i in (5,-2,1) do @echo %i", "5\n3\n1\n"),
        ("for /l %i in (5,1,1) do @echo %i", ""),
    ],
)
def test_turns_that_look_at_the_variable_are_all_done(line: str, out: str) -> None:
    assert ran(line).out == out


def test_turns_that_look_at_something_new_are_all_done() -> None:
    line = 'cmd /v:on /c "for /l %i in (1,1,2000) do @if !RANDOM! lss 3000 echo small"'
    assert 20 < ran(line).out.count("small") < 1000


def test_an_endless_loop_is_not_simulated() -> None:
    done = ran("for /l %i in (1,0,2) do @echo %i")
    assert (done.out, done.err) == ("", "lab: an endless for /l is not simulated\n")


def test_a_parsed_line_is_kept_and_does_not_change() -> None:
    line = "(echo a & echo b >nul) > f.txt & type f.txt & for %x in (1) do @if defined OS (echo %x) 2>&1"
    tree = parse(line)
    before = repr(tree)
    assert [ran(line).out, ran(line).out] == ["a \n1\n", "a \n1\n"]
    assert parse(line) is tree
    assert repr(tree) == before


@pytest.mark.parametrize(
    ("line", "expanded"),
    [
        ("%A:a=b%", "xbx"),
        ("^%A:a=b%", "^xbx"),
        ("%^A:a=b%", "%^A:a=b%"),
        ("%A:*a=%", "x"),
        ("%A:a=%%A%", "xxxax"),
        ("100%% %A", "100%% %A"),
        ("%%A%%", "%xax%"),
        ("%A:=%", "%A:=%"),
    ],
)
def test_percent_signs(line: str, expanded: str) -> None:
    assert expand_percent(line, {"A": "xax"}.get) == expanded
