"""A fleet of development machines in a process of its own, so that its work is not counted as that of the client.

It reads commands from standard input, a line each, and answers each with a line of JSON:
``latency SECONDS`` (added to every HTTP request), ``reset`` (forgets the counts), ``counts`` (what arrived since).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lab.estate import Estate
from lab.thread import LoopThread


def main(folder: str, machines: int) -> None:
    """Run ``machines`` machines until standard input ends."""
    with LoopThread() as loop:
        estate = Estate(Path(folder), network="127.33.0", scale=100)
        for number in range(machines):
            estate.add_dev_machine(f"dev{number:03}")
        loop.run(estate.start(), 120)
        estate.write_inventory()
        servers = [machine.winrm for machine in estate.machines.values()]
        print(json.dumps({"inventory": str(estate.inventory)}), flush=True)
        for line in sys.stdin:
            command, _blank, argument = line.strip().partition(" ")
            answer: dict[str, float] = {}
            for server in servers:
                if command == "latency":
                    server.latency = float(argument)
                elif command == "reset":
                    server.round_trips = 0
                    server.requests.clear()
            if command == "counts":
                answer = {
                    "requests": sum(server.round_trips for server in servers) / machines,
                    "shells": sum(server.requests.count("Create") for server in servers) / machines,
                }
            print(json.dumps(answer), flush=True)
        loop.run(estate.stop())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
