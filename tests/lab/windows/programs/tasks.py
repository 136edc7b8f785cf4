"""tasklist.exe and taskkill.exe."""

from __future__ import annotations

from lab.windows.languages import LANGUAGES
from lab.windows.processes import Process
from lab.windows.program import Call
from lab.windows.services import State

_SESSIONS = {0: "Services", 1: "Console"}


class _WrongUse(Exception):
    pass


async def tasklist(call: Call) -> int:
    """``tasklist.exe [/svc] [/fi "FILTER"]... [/fo table|csv|list] [/nh]``."""
    try:
        filters, form, header, services = _tasklist_arguments(call.arguments)
        chosen = [process for process in call.host.processes if all(_passes(call, process, one) for one in filters)]
    except _WrongUse as problem:
        call.err(f'ERROR: {problem}\nType "TASKLIST /?" for usage.\n')
        return 1
    if not chosen:
        call.out(f"{LANGUAGES[call.host.language].nothing_listed}\n")
        return 0
    if services:
        headings: tuple[str, ...] = ("Image Name", "PID", "Services")
        rows: list[tuple[str, ...]] = [
            (process.image, str(process.pid), _services(call, process)) for process in chosen
        ]
    else:
        headings = ("Image Name", "PID", "Session Name", "Session#", "Mem Usage")
        rows = [
            (
                process.image,
                str(process.pid),
                _SESSIONS.get(process.session, f"RDP-Tcp#{process.session}"),
                str(process.session),
                f"{process.memory:,} K",
            )
            for process in chosen
        ]
    _print(call, form, header, headings, rows, services)
    return 0


def _print(
    call: Call,
    form: str,
    header: bool,
    headings: tuple[str, ...],
    rows: list[tuple[str, ...]],
    services: bool,
) -> None:
    if form == "csv":
        for row in [headings, *rows] if header else rows:
            call.out(",".join(f'"{cell}"' for cell in row) + "\n")
    elif form == "list":
        for row in rows:
            call.out("\n" + "".join(f"{name + ':':14}{cell}\n" for name, cell in zip(headings, row, strict=True)))
    else:
        widths = (25, 8, 44) if services else (25, 8, 16, 11, 12)
        right = {1, 3, 4}
        call.out("\n")
        lines = [headings, tuple("=" * width for width in widths), *rows] if header else rows
        for row in lines:
            cells = [
                cell[:width].rjust(width) if column in right else cell[:width].ljust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            call.out(" ".join(cells) + "\n")


def _services(call: Call, process: Process) -> str:
    names = [service.name for service in call.host.services if service.pid and service.pid == process.pid]
    return ",".join(names) or "N/A"


def _tasklist_arguments(words: list[str]) -> tuple[list[str], str, bool, bool]:
    filters: list[str] = []
    form, header, services = "table", True, False
    position = 0
    while position < len(words):
        word = words[position].lower()
        if word in ("/fi", "/fo"):
            position += 1
            if position == len(words):
                raise _WrongUse(f"Invalid syntax. Value expected for '{words[-1]}'.")
            if word == "/fi":
                filters.append(words[position])
            else:
                form = words[position].lower()
        elif word == "/nh":
            header = False
        elif word == "/svc":
            services = True
        else:
            raise _WrongUse(f"Invalid argument/option - '{words[position]}'.")
        position += 1
    if form not in ("table", "csv", "list"):
        raise _WrongUse(f"Invalid syntax. Value '{form}' not allowed for '/FO' option.")
    if not header and form == "list":
        raise _WrongUse('Invalid syntax. /NH option is allowed only for "TABLE" and "CSV" formats.')
    return filters, form, header, services


def _passes(call: Call, process: Process, text: str) -> bool:
    words = text.split(None, 2)
    if len(words) != 3 or words[1].lower() not in ("eq", "ne"):
        raise _WrongUse("The search filter cannot be recognized.")
    subject, operator, wanted = words[0].lower(), words[1].lower(), words[2].strip().lower()
    if subject == "imagename":
        name = process.image.lower()
        equal = name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted
    elif subject == "pid":
        if not wanted.isdigit():
            raise _WrongUse("The search filter cannot be recognized.")
        equal = process.pid == int(wanted)
    elif subject == "services":
        equal = wanted in _services(call, process).lower().split(",")
    else:
        raise _WrongUse("The search filter cannot be recognized.")
    return equal == (operator == "eq")


async def taskkill(call: Call) -> int:
    """``taskkill [/f] [/t] [/fi "FILTER"]... [/pid N | /im NAME]...``.

    Exit codes: 0 (with filters also where nothing passes them), 1 refused or wrong use, 128 no such process.
    """
    words = call.arguments
    force = False
    filters: list[str] = []
    wanted: list[tuple[str, str]] = []
    position = 0
    while position < len(words):
        word = words[position].lower()
        if word == "/f":
            force = True
        elif word in ("/pid", "/im", "/fi") and position + 1 < len(words):
            position += 1
            if word == "/fi":
                filters.append(words[position])
            else:
                wanted.append((word, words[position]))
        elif word != "/t":
            call.err(f"ERROR: Invalid argument/option - '{words[position]}'.\nType \"TASKKILL /?\" for usage.\n")
            return 1
        position += 1
    if not wanted and not filters:
        call.err('ERROR: Invalid syntax. Neither /FI nor /PID nor /IM were specified.\nType "TASKKILL /?" for usage.\n')
        return 1
    if filters:
        return _end_filtered(call, filters, wanted, force)
    code = 0
    for kind, value in wanted:
        found = call.host.processes.named(value) if kind == "/im" else _by_number(call, value)
        if not found:
            call.err(f'ERROR: The process "{value}" not found.\n')
            code = 128
        for process in found:
            if not _end(call, process, kind == "/im", force):
                code = 1
    return code


def _end_filtered(call: Call, filters: list[str], wanted: list[tuple[str, str]], force: bool) -> int:
    chosen = list(call.host.processes)
    for kind, value in wanted:
        named = call.host.processes.named(value) if kind == "/im" else _by_number(call, value)
        chosen = [process for process in chosen if value == "*" or process in named]
    try:
        chosen = [process for process in chosen if all(_passes(call, process, one) for one in filters)]
    except _WrongUse as problem:
        call.err(f'ERROR: {problem}\nType "TASKKILL /?" for usage.\n')
        return 1
    if not chosen:
        call.out(f"{LANGUAGES[call.host.language].nothing_ended}\n")
        return 0
    by_name = any(kind == "/im" for kind, _value in wanted)
    refused = [process for process in chosen if not _end(call, process, by_name, force)]
    return 1 if refused else 0


def _by_number(call: Call, value: str) -> list[Process]:
    process = call.host.processes.find(int(value)) if value.isdigit() else None
    return [process] if process is not None else []


def _end(call: Call, process: Process, by_name: bool, force: bool) -> bool:
    subject = (
        f'The process "{process.image}" with PID {process.pid}' if by_name else f"The process with PID {process.pid}"
    )
    own = process.user.lower().endswith("\\" + call.account.name.lower())
    if process.protected or not (own or call.account.may_end_processes):
        call.err(f"ERROR: {subject} could not be terminated.\nReason: Access is denied.\n")
        return False
    is_service = any(
        service.pid == process.pid and service.state is not State.STOPPED for service in call.host.services
    )
    if is_service and not force:
        call.err(
            f"ERROR: {subject} could not be terminated.\n"
            "Reason: This process can only be terminated forcefully (with /F option).\n"
        )
        return False
    call.host.processes.kill(process.pid)
    language = LANGUAGES[call.host.language]
    text = language.ended_by_name if by_name else language.ended
    call.out(text.format(pid=process.pid, image=process.image) + "\n")
    return True
