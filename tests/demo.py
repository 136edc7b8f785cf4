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
    "status": "What is the state of all systems?",
    "enable": "Put all systems into maintenance mode.",
    "disable": "Take all systems out of maintenance mode again.",
}


WELCOME = (
    "Real Ansible playbooks will switch a small estate into maintenance mode and out again. The systems are simulated; "
    "the protocols are real: WinRM, TDS, REST, TLS with verified certificates. The estate has two development machines "
    "of Dynamics 365 Finance + Operations, one machine from Microsoft's VHD, an on-premises cluster of three nodes, an "
    "environment of Dynamics 365 Finance + Operations in Lifecycle Services, another of Dynamics 365 Finance + "
    "Operations in the Power Platform, a manager of Trend Micro Application Control with three computers, and an HCL "
    "Launch server with a running deployment."
)


def main() -> int:
    """Run the demonstration and return its exit code."""
    say(
        "Welcome to quiesce.maintenance",
        WELCOME,
    )
    if lab("up") != 0:
        return 1
    try:
        play("status", "All systems are in normal mode.")
        play(
            "enable",
            "Launch comes first: it starts nothing new, and the run waits until the deployment has ended. Then "
            "Dynamics 365: before anything changes, a record is written of who, why, until when, and which services "
            "are running. Background services stop, the variable is set with the method for the kind of machine, and "
            "the run waits until every AOS is ready. For environments hosted by Microsoft one request starts an "
            "operation, which the run watches to its end. Finally Trend Micro's agents report maintenance mode.",
            "-e",
            '{"d365fo_reason": "CHG0042 configuration keys", "d365fo_expires": "2h", "d365fo_owner": "you"}',
        )
        say("The lab's own view", "Not the collection's report, but what the simulated systems are really doing:")
        lab("status")
        play("enable", "Once more, on purpose: there is nothing to do, so changed=0 and nothing is restarted.")
        play("disable", "Exactly the services that ran before run again.")
        lab("status")
    except subprocess.CalledProcessError as error:
        say("That did not work", f"ansible-playbook ended with code {error.returncode}; see its output above.")
        return 1
    finally:
        lab("down")
    say(
        "Done",
        "To try it yourself:  make lab-up  and then  "
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
