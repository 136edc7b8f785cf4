"""ping.exe to this machine itself, which is how a line of cmd.exe waits: N echo requests are N-1 seconds."""

from __future__ import annotations

import ipaddress

from lab.windows.program import Call, not_simulated

INTERVAL = 1.0
_MOST = 4_294_967_295
_SWITCHES = {"-n": True, "-w": True, "-4": False}  # whether a value follows


async def ping(call: Call) -> int:
    """``ping [-n COUNT] [-w MILLISECONDS] [-4] 127.0.0.1``; other machines are not simulated."""
    values: dict[str, str] = {}
    names: list[str] = []
    words = iter(call.arguments)
    for word in words:
        option = "-" + word[1:].lower()
        if word[:1] not in "-/":
            names.append(word)
        elif option not in _SWITCHES:
            return not_simulated(call, f"ping {word}")
        elif _SWITCHES[option]:
            value = next(words, None)
            if value is None:
                call.out(f"Value must be supplied for option {option}.\n")
                return 1
            values[option] = value
    count = values.get("-n", "4")
    for option, value in values.items():
        if not value.isdigit() or not (option == "-w" or 0 < int(value) <= _MOST):
            call.out(f"Bad value for option {option}, valid range is from {int(option == '-n')} to {_MOST}.\n")
            return 1
    if len(names) != 1:
        call.out(f"Bad parameter {names[1]}.\n" if names else "IP address must be specified.\n")
        return 1
    if not _is_loopback(names[0]):
        return not_simulated(call, f"ping {names[0]}")
    call.out(f"\nPinging {names[0]} with 32 bytes of data:\n")
    for number in range(int(count)):
        if number:
            await call.host.clock.sleep(INTERVAL)
        call.out(f"Reply from {names[0]}: bytes=32 time<1ms TTL=128\n")
    call.out(
        f"\nPing statistics for {names[0]}:\n"
        f"    Packets: Sent = {count}, Received = {count}, Lost = 0 (0% loss),\n"
        "Approximate round trip times in milli-seconds:\n"
        "    Minimum = 0ms, Maximum = 0ms, Average = 0ms\n"
    )
    return 0


def _is_loopback(name: str) -> bool:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.version == 4 and address.is_loopback
