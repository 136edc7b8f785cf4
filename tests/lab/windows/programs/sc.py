"""sc.exe: query, queryex, qc, EnumDepend, start, stop, pause, continue, config.

Exit codes are Win32 errors, all text goes to stdout.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from lab.windows.errors import Win32Error
from lab.windows.languages import LANGUAGES
from lab.windows.program import Call, not_simulated
from lab.windows.services import Service, StartType, State

INVALID_COMMAND_LINE = 1639

_TYPES = {0x10: "WIN32_OWN_PROCESS", 0x20: "WIN32_SHARE_PROCESS"}
_START_TYPES = {
    StartType.AUTO: "2   AUTO_START",
    StartType.DELAYED_AUTO: "2   AUTO_START  (DELAYED)",
    StartType.DEMAND: "3   DEMAND_START",
    StartType.DISABLED: "4   DISABLED",
}

_QUERY_OPTIONS = ("type=", "state=", "bufsize=", "ri=", "group=")

USAGE = """DESCRIPTION:
        SC is a command line program used for communicating with the
        Service Control Manager and services.
USAGE:
        sc <server> [command] [service name] <option1> <option2>...
"""


async def sc(call: Call) -> int:
    """Dispatch to the command named first."""
    words = call.arguments
    if words and words[0].startswith("\\\\"):
        return _failed(call, "OpenSCManager", 1722)
    if words and words[0].lower() in _NOT_SIMULATED:
        return not_simulated(call, f"sc {words[0]}")
    if not words or words[0].lower() not in _COMMANDS:
        call.out(USAGE)
        return INVALID_COMMAND_LINE
    if not call.account.may_query_services:
        return _failed(call, "OpenSCManager", 5)
    return await _COMMANDS[words[0].lower()](call, words[1:])


def _failed(call: Call, function: str, code: int) -> int:
    language = LANGUAGES[call.host.language]
    call.out(f"[SC] {function} {language.failed.format(code)}\n\n{language.sentence(code)}\n\n")
    return code


def _label(call: Call, name: str) -> str:
    return LANGUAGES[call.host.language].label(name)


def _line(call: Call, name: str, value: str) -> str:
    return f"        {_label(call, name):<19}: {value}\n"


def _status(call: Call, service: Service, extended: bool) -> str:
    text = _line(call, "TYPE", f"{service.type_number:x}  {_TYPES[service.type_number]}  ")
    text += _line(call, "STATE", f"{service.state.value}  {service.state.name} ")
    if service.state in (State.RUNNING, State.PAUSED):
        pausable = "PAUSABLE" if service.can_pause else "NOT_PAUSABLE"
        text += f"{'':32}(STOPPABLE, {pausable}, ACCEPTS_SHUTDOWN)\n"
    elif service.state is not State.STOPPED:
        text += f"{'':32}(NOT_STOPPABLE, NOT_PAUSABLE, IGNORES_SHUTDOWN)\n"
    text += _line(call, "WIN32_EXIT_CODE", f"{service.exit_code}  (0x{service.exit_code:x})")
    text += _line(call, "SERVICE_EXIT_CODE", "0  (0x0)")
    text += _line(call, "CHECKPOINT", f"0x{service.checkpoint:x}")
    text += _line(call, "WAIT_HINT", f"0x{service.wait_hint:x}")
    if extended:
        text += _line(call, "PID", str(service.pid))
        text += _line(call, "FLAGS", "")
    return text


def _names(call: Call, service: Service) -> str:
    return f"\n{_label(call, 'SERVICE_NAME')}: {service.name}\n{_label(call, 'DISPLAY_NAME')}: {service.display_name}\n"


async def _query(call: Call, words: list[str], extended: bool = False) -> int:
    if words and words[0].lower() in _QUERY_OPTIONS:
        options = dict(zip([word.lower() for word in words[::2]], [word.lower() for word in words[1::2]], strict=False))
        wanted = options.get("state=", "active")
        known = set(options) <= {"type=", "state="} and options.get("type=", "service") == "service"
        if len(words) % 2 or not known or wanted not in ("active", "inactive", "all"):
            return not_simulated(call, f"sc query {' '.join(words)}")
        shown = [
            service
            for service in call.host.services
            if wanted == "all" or (service.state is State.STOPPED) == (wanted == "inactive")
        ]
    elif words:
        try:
            service = call.host.services.open(words[0])
        except Win32Error as error:
            return _failed(call, "EnumQueryServicesStatus:OpenService", error.code)
        call.out(f"\n{_label(call, 'SERVICE_NAME')}: {words[0]} \n" + _status(call, service, extended))
        return 0
    else:
        shown = [service for service in call.host.services if service.state is not State.STOPPED]
    for service in shown:
        call.out(_names(call, service) + _status(call, service, extended))
    return 0


async def _queryex(call: Call, words: list[str]) -> int:
    return await _query(call, words, extended=True)


async def _qc(call: Call, words: list[str]) -> int:
    if not words:
        call.out(USAGE)
        return INVALID_COMMAND_LINE
    try:
        service = call.host.services.open(words[0])
    except Win32Error as error:
        return _failed(call, "OpenService", error.code)
    text = f"[SC] QueryServiceConfig {LANGUAGES[call.host.language].succeeded}\n"
    text += f"\n{_label(call, 'SERVICE_NAME')}: {words[0]}\n"
    text += _line(call, "TYPE", f"{service.type_number:x}  {_TYPES[service.type_number]} ")
    text += _line(call, "START_TYPE", _START_TYPES[service.start_type])
    text += _line(call, "ERROR_CONTROL", "1   NORMAL")
    text += _line(call, "BINARY_PATH_NAME", service.binary_path)
    text += _line(call, "LOAD_ORDER_GROUP", "")
    text += _line(call, "TAG", "0")
    text += _line(call, "DISPLAY_NAME", service.display_name)
    text += _line(call, "DEPENDENCIES", service.dependencies[0] if service.dependencies else "")
    for name in service.dependencies[1:]:
        text += f"        {'':19}: {name}\n"
    text += _line(call, "SERVICE_START_NAME", service.account)
    call.out(text)
    return 0


async def _enumdepend(call: Call, words: list[str]) -> int:
    if not words:
        call.out(USAGE)
        return INVALID_COMMAND_LINE
    try:
        dependents = call.host.services.dependents(call.host.services.open(words[0]))
    except Win32Error as error:
        return _failed(call, "OpenService", error.code)
    text = f"[SC] EnumDependentServices: entriesread = {len(dependents)}\n"
    for service in dependents:
        text += _names(call, service) + _status(call, service, extended=False)
    call.out(text)
    return 0


async def _start(call: Call, words: list[str]) -> int:
    if not words:
        call.out(USAGE)
        return INVALID_COMMAND_LINE
    try:
        service = call.host.services.open(words[0])
        if not call.account.may_control_services or service.faults.access_denied:
            raise Win32Error(5)
    except Win32Error as error:
        return _failed(call, "StartService: OpenService", error.code)
    try:
        await call.host.services.start(words[0])
    except Win32Error as error:
        return _failed(call, "StartService", error.code)
    call.out(f"\n{_label(call, 'SERVICE_NAME')}: {words[0]} \n" + _status(call, service, extended=True))
    return 0


async def _stop(call: Call, words: list[str]) -> int:
    return await _control(call, words, call.host.services.stop)


async def _pause(call: Call, words: list[str]) -> int:
    return await _control(call, words, call.host.services.pause)


async def _continue(call: Call, words: list[str]) -> int:
    return await _control(call, words, call.host.services.resume)


async def _control(call: Call, words: list[str], send: Callable[[str], Awaitable[None]]) -> int:
    if not words:
        call.out(USAGE)
        return INVALID_COMMAND_LINE
    try:
        service = call.host.services.open(words[0])
        if not call.account.may_control_services or service.faults.access_denied:
            raise Win32Error(5)
    except Win32Error as error:
        return _failed(call, "OpenService", error.code)
    try:
        await send(words[0])
    except Win32Error as error:
        return _failed(call, "ControlService", error.code)
    call.out(f"\n{_label(call, 'SERVICE_NAME')}: {words[0]} \n" + _status(call, service, extended=False))
    return 0


async def _config(call: Call, words: list[str]) -> int:
    start_types = {start_type.value: start_type for start_type in StartType}
    if len(words) != 3 or words[1].lower() != "start=" or words[2].lower() not in start_types:
        call.out(USAGE)
        return INVALID_COMMAND_LINE
    try:
        service = call.host.services.open(words[0])
        if not call.account.may_control_services or service.faults.access_denied:
            raise Win32Error(5)
    except Win32Error as error:
        return _failed(call, "OpenService", error.code)
    call.host.services.configure(words[0], start_types[words[2].lower()])
    call.out(f"[SC] ChangeServiceConfig {LANGUAGES[call.host.language].succeeded}\n")
    return 0


_NOT_SIMULATED = frozenset(
    {"boot", "control", "create", "delete", "description", "failure", "failureflag", "getdisplayname"}
    | {"getkeyname", "interrogate", "lock", "privs", "qdescription", "qfailure", "qprivs", "qsidtype"}
    | {"qtriggerinfo", "querylock", "sdset", "sdshow", "showsid", "sidtype", "triggerinfo"}
)

_COMMANDS: dict[str, Callable[[Call, list[str]], Awaitable[int]]] = {
    "config": _config,
    "continue": _continue,
    "enumdepend": _enumdepend,
    "pause": _pause,
    "qc": _qc,
    "query": _query,
    "queryex": _queryex,
    "start": _start,
    "stop": _stop,
}
