r"""C:\Windows\System32\curl.exe, as far as it is used to ask whether a web application answers.

The one that Windows 10 and Windows Server 2019 bring along: with Schannel, so certificates are verified against the
machine's own store, and revocation is checked unless --ssl-no-revoke is given.
"""

from __future__ import annotations

import asyncio
import ntpath
import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from lab.clock import VirtualLoop
from lab.windows.errors import Win32Error
from lab.windows.filesystem import absolute
from lab.windows.program import Call, not_simulated
from lab.windows.programs.http_client import PORTS, Answer, Ask, Failure, fetch

_SHORT = {
    "s": "--silent",
    "S": "--show-error",
    "k": "--insecure",
    "i": "--include",
    "I": "--head",
    "o": "--output",
    "D": "--dump-header",
    "w": "--write-out",
    "m": "--max-time",
}
_SWITCHES = frozenset({"--silent", "--show-error", "--insecure", "--include", "--head", "--ssl-no-revoke"})
_VALUES = frozenset(
    {"--output", "--dump-header", "--write-out", "--max-time", "--connect-timeout", "--noproxy", "--url"}
)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_METER = (
    "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n"
    "                                 Dload  Upload   Total   Spent    Left  Speed\n"
    "  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0\n"
)


class _WrongUse(Exception):
    """The command line makes no sense to curl."""


class _NotSimulated(Exception):
    """It makes sense to curl, and not to the lab."""


@dataclass
class _Options:
    switches: set[str] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)
    urls: list[str] = field(default_factory=list)

    def seconds(self, name: str) -> float | None:
        """The value of an option that takes seconds."""
        text = self.values.get(name)
        if text is None:
            return None
        if not re.fullmatch(r"\d+(\.\d*)?", text):
            raise _WrongUse(f"option {name}: expected a proper numerical parameter")
        return float(text) or None  # 0 means no limit


async def curl(call: Call) -> int:
    """Ask for one URL."""
    try:
        options = _parse(call.arguments)
        _check(call, options)
        code = await _transfer(call, options)
    except _WrongUse as problem:
        call.err(f"curl: {problem}\ncurl: try 'curl --help' for more information\n")
        return 2
    except _NotSimulated as problem:
        return not_simulated(call, f"curl {problem}")
    return code


def _parse(words: list[str]) -> _Options:
    options = _Options()
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-":
            options.urls.append(word)
            continue
        if word.startswith("--"):
            _take(options, word, word, None, rest)
            continue
        for position, letter in enumerate(word[1:], 2):
            name = _SHORT.get(letter)
            if name is None:
                raise _NotSimulated(f"-{letter}")
            if name in _VALUES:
                _take(options, name, f"-{letter}", word[position:] or None, rest)
                break
            _take(options, name, f"-{letter}", None, rest)
    return options


def _take(options: _Options, name: str, shown: str, value: str | None, rest: list[str]) -> None:
    if name in _SWITCHES:
        options.switches.add(name)
        return
    if name not in _VALUES:
        raise _NotSimulated(shown)
    if value is None:
        if not rest:
            raise _WrongUse(f"option {shown}: requires parameter")
        value = rest.pop(0)
    if name == "--url":
        options.urls.append(value)
    else:
        options.values[name] = value


def _check(call: Call, options: _Options) -> None:
    """What has to be known before anything is sent."""
    if not options.urls:
        raise _WrongUse("(2) no URL specified")
    if len(options.urls) > 1:
        raise _NotSimulated("with several URLs")
    for name in re.findall(r"%\{([^}]*)\}", options.values.get("--write-out", "")):
        if name not in ("http_code", "response_code", "exitcode"):
            raise _NotSimulated(f"-w %{{{name}}}")
    if options.values.get("--noproxy") != "*" and any(call.environment.get(name) for name in _PROXIES):
        raise _NotSimulated("through a proxy")
    if call.host.http_get is None and isinstance(asyncio.get_running_loop(), VirtualLoop):
        raise _NotSimulated("on a virtual loop, where there is no network, without host.http_get")


async def _transfer(call: Call, options: _Options) -> int:
    connect_timeout, limit = options.seconds("--connect-timeout"), options.seconds("--max-time")
    if "--silent" not in options.switches:
        call.err(_METER)
    answer = None
    code = 0
    try:
        ask = Ask(
            _url(options.urls[0]),
            "HEAD" if "--head" in options.switches else "GET",
            insecure="--insecure" in options.switches,
            revocation="--ssl-no-revoke" not in options.switches,
            connect_timeout=connect_timeout or 300.0,
        )
        answer = await _within(call, ask, limit)
        _write_answer(call, options, answer)
    except Failure as failure:
        code = failure.code
        if "--silent" not in options.switches or "--show-error" in options.switches:
            call.err(f"curl: ({failure.code}) {failure.text}\n")
    _write_out(call, options, 0 if answer is None else answer.status, code)
    return code


def _url(text: str) -> SplitResult:
    """The URL; without a scheme it is one of HTTP."""
    if re.search(r"[\s\x00-\x1f]", text):
        raise Failure(3, "URL rejected: Malformed input to a URL function")
    url = urlsplit(text if "://" in text else f"http://{text}")
    try:
        port = url.port
    except ValueError as error:
        problem = "URL rejected: Port number was not a decimal number between 0 and 65535"
        raise Failure(3, problem) from error
    if url.scheme not in PORTS:
        raise Failure(1, f'Protocol "{url.scheme}" not supported')
    if not url.hostname or port == 0:
        raise Failure(3, "URL rejected: No host part in the URL")
    if url.username is not None:
        raise _NotSimulated("with a user name in the URL")
    return url


async def _within(call: Call, ask: Ask, limit: float | None) -> Answer:
    clock = call.host.clock
    try:
        return await asyncio.wait_for(fetch(call.host, ask), None if limit is None else limit / clock.scale)
    except asyncio.TimeoutError as error:
        milliseconds = int((limit or 0) * 1000)
        raise Failure(28, f"Operation timed out after {milliseconds} milliseconds with 0 bytes received") from error


def _write_answer(call: Call, options: _Options, answer: Answer) -> None:
    if "--dump-header" in options.values:
        _write(call, options.values["--dump-header"], answer.head)
    shown = answer.head if options.switches & {"--head", "--include"} else b""
    _write(call, options.values.get("--output", "-"), shown + answer.body)


def _write(call: Call, name: str, data: bytes) -> None:
    if name == "-":
        call.write("stdout", data)
    elif ntpath.basename(name).lower() != "nul":
        try:
            call.host.files.write_as_program(absolute(name, call.cwd), data, append=False)
        except Win32Error as error:
            raise Failure(23, "Failure writing output to destination") from error


def _write_out(call: Call, options: _Options, status: int, code: int) -> None:
    text = options.values.get("--write-out", "")
    values = {"http_code": f"{status:03}", "response_code": f"{status:03}", "exitcode": str(code)}
    text = re.sub(r"%\{([^}]*)\}", lambda match: values[match[1]], text).replace("%%", "%")
    text = re.sub(r"\\([nrt])", lambda match: {"n": "\n", "r": "\r", "t": "\t"}[match[1]], text)
    call.out(text)
