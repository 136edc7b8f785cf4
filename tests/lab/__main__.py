"""``python -m lab up|down|status``: the lab in the background, with an inventory beside it to play with."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from lab.demo import demo_estate
from lab.estate import Estate

FOLDER = Path(".lab")
STATUS_PORT = 15900
STARTS_WITHIN = 30


def main() -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status", "serve"], help="serve stays in the foreground")
    parser.add_argument("--scale", type=float, default=20.0, help="simulated seconds in a real one (default 20)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where certificates and inventory go")
    parser.add_argument("--network", default="127.20.0", help="first three numbers of the lab's loopback addresses")
    options = parser.parse_args()
    folder = options.folder.absolute()
    if options.command == "up":
        return up(folder, options.network, options.scale)
    if options.command == "down":
        return down(folder)
    if options.command == "status":
        return asyncio.run(status(folder))
    asyncio.run(serve(demo_estate(folder, network=options.network, scale=options.scale)))
    return 0


def up(folder: Path, network: str, scale: float) -> int:
    """Start the lab in the background and wait until its inventory is there."""
    if running(folder):
        print(f"The lab runs already; its inventory is {folder / 'inventory.yml'}")
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "inventory.yml").unlink(missing_ok=True)
    with (folder / "lab.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "lab", "serve", f"--folder={folder}", f"--network={network}", f"--scale={scale}"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    (folder / "pid").write_text(str(process.pid), encoding="ascii")
    (folder / "network").write_text(network, encoding="ascii")
    deadline = time.monotonic() + STARTS_WITHIN
    while not (folder / "inventory.yml").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            print(f"The lab did not start; {folder / 'lab.log'} says:\n{(folder / 'lab.log').read_text()}")
            process.kill()
            (folder / "pid").unlink()
            return 1
        time.sleep(0.05)
    print(f"The lab runs; its inventory is {folder / 'inventory.yml'}")
    return 0


def down(folder: Path) -> int:
    """Stop the lab."""
    if not (pid := running(folder)):
        print("The lab does not run.")
        return 0
    os.kill(pid, signal.SIGTERM)
    while running(folder):
        time.sleep(0.05)
    print("The lab is stopped.")
    return 0


def running(folder: Path) -> int:
    """Return the process id of the lab, 0 where it does not run."""
    with suppress(FileNotFoundError, ValueError, ProcessLookupError):
        pid = int((folder / "pid").read_text(encoding="ascii"))
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        os.kill(pid, 0)
        # A process id may have been given to something else meanwhile.
        if b"lab" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    return 0


async def status(folder: Path) -> int:
    """Print what the lab's systems really do."""
    if not running(folder):
        print("The lab does not run; start it with: python -m lab up")
        return 1
    network = (folder / "network").read_text(encoding="ascii")
    reader, writer = await asyncio.open_connection(f"{network}.1", STATUS_PORT)
    print((await reader.read()).decode(), end="")
    writer.close()
    return 0


async def serve(estate: Estate) -> None:
    """Run the lab until it is told to end."""
    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, done.set)

    async def tell(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write("".join(f"{line}\n" for line in estate.status()).encode())
        await writer.drain()
        writer.close()

    teller = await asyncio.start_server(tell, f"{estate.network}.1", STATUS_PORT)
    await estate.start()
    await done.wait()
    await estate.stop()
    teller.close()


if __name__ == "__main__":
    sys.exit(main())
