"""``make demo``: puts the lab's estate into maintenance mode and out again and shows each step."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".lab"
BIN = Path(sys.executable).parent

PLAYBOOKS = {
    "status": "What are the systems doing right now?",
    "enable": "Put them into maintenance mode.",
    "disable": "The work is done: take them out again.",
}


def main() -> int:
    """Run the demonstration and return its exit code."""
    say(
        "Welcome to quiesce.maintenance",
        "You are about to see real Ansible playbooks switch a small estate into maintenance mode and out again. The "
        "systems are simulated, what goes over the wire is not: WinRM, TDS, REST, TLS with verified certificates. "
        "There are two development machines of Dynamics 365, one of Microsoft's VHDs, an on-premises cluster of three "
        "nodes, a Trend Micro manager with three computers, and an HCL Launch server with a deployment under way.",
    )
    if lab("up") != 0:
        return 1
    try:
        play("status", "Everything works normally.")
        play(
            "enable",
            "Launch goes first, so that it starts nothing any more, and what runs there may end. Then Dynamics 365: "
            "before anything changes a record is written, who, why, until when, and which services run; background "
            "services stop, the variable is set the way that suits the machine, and the run waits until every AOS is "
            "ready. At last each computer of Trend Micro says that it is in maintenance mode.",
            "-e",
            '{"d365fo_reason": "CHG0042 configuration keys", "d365fo_expires": "2h", "d365fo_owner": "you"}',
        )
        say("What really happened over there", "The table says what was asked for. The lab says what the AOS does:")
        lab("status")
        play("enable", "Once more, on purpose: nothing to do, so one look and changed=0. Nothing is restarted.")
        play("disable", "The way back: exactly the services that ran before run again.")
        lab("status")
    except subprocess.CalledProcessError as error:
        say("That did not work", f"ansible-playbook ended with {error.returncode}; what it said stands above.")
        return 1
    finally:
        lab("down")
    say(
        "That was it",
        "To play with it yourself:  make lab-up  and then  "
        ".venv/bin/ansible-playbook -i .lab/inventory.yml playbooks/status.yml  (make lab-down stops it).",
    )
    return 0


def play(name: str, text: str, *options: str) -> None:
    """Run one of the playbooks against the lab."""
    say(f"{name}.yml: {PLAYBOOKS[name]}", text)
    command = ["ansible-playbook", "-i", str(FOLDER / "inventory.yml"), f"playbooks/{name}.yml", *options]
    print("  $ " + " ".join(Path(part).name if part.startswith("/") else part for part in command) + "\n", flush=True)
    subprocess.run([BIN / command[0], *command[1:]], cwd=ROOT, env=environment(), check=True)


def lab(command: str) -> int:
    """Start, stop or ask the lab."""
    run = [sys.executable, "-m", "lab", command, f"--folder={FOLDER}"]
    return subprocess.run(run, cwd=ROOT, env=environment(), check=False).returncode


def environment() -> dict[str, str]:
    """Return the environment without a proxy: the lab is on this machine. Steps that do nothing are not shown."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return kept | {
        "PYTHONPATH": str(ROOT / "tests"),
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
        "ANSIBLE_DISPLAY_OK_HOSTS": "false",
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
    }


def say(title: str, text: str) -> None:
    """Say something to the person who watches."""
    bold, plain = ("\033[1;36m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}{'─' * 4} {title} {'─' * max(4, 90 - len(title))}{plain}")
    print(textwrap.fill(text, 96) + "\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
