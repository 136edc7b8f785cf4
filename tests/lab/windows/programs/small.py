"""Programs of a few lines: hostname, where, chcp."""

from __future__ import annotations

from lab.windows.filesystem import absolute
from lab.windows.program import Call


async def hostname(call: Call) -> int:
    """hostname.exe prints the computer's name."""
    if call.arguments:
        call.err("sethostname: Use the Network Control Panel Applet to set hostname.\nhostname -s is not supported.\n")
        return 1
    call.out(f"{call.host.name}\n")
    return 0


async def where(call: Call) -> int:
    """where.exe [/q] NAME...: all matches in the current directory and along %PATH%."""
    words = call.arguments
    quiet = any(word.lower() == "/q" for word in words)
    names = [word for word in words if not word.startswith("/")]
    if not names or any(word.startswith("/") and word.lower() != "/q" for word in words):
        call.err('ERROR: Invalid argument or option.\nType "WHERE /?" for usage help.\n')
        return 2
    extensions = ["", *call.environment.get("PATHEXT", "").lower().split(";")]
    directories = [call.cwd, *(part for part in call.environment.get("Path", "").split(";") if part)]
    found = 0
    for name in names:
        for directory in directories:
            for extension in extensions:
                entry = call.host.files.find(absolute(name + extension, directory))
                if entry is not None and not entry.is_directory:
                    found += 1
                    if not quiet:
                        call.out(f"{entry.path}\n")
    if found:
        return 0
    if not quiet:
        call.err("INFO: Could not find files for the given pattern(s).\n")
    return 1


async def chcp(call: Call) -> int:
    """chcp.com: the lab speaks UTF-8 only."""
    words = call.arguments
    if words and words != ["65001"]:
        call.err("Invalid code page\n")
        return 1
    call.out("Active code page: 65001\n")
    return 0
