"""A person at a terminal who runs ``ansible-playbook``, reads what it says and answers."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path

from playbook import ROOT, Done, environment_of, results_of

LIMIT = 60.0  # real seconds until something that has to be said counts as not said


def at_a_terminal(folder: Path, playbook: str, *arguments: str, answers: Mapping[str, str | None]) -> Done:
    """Run a playbook to its end. Once it says a text of ``answers``, that is answered; for None it is killed."""
    record = folder / "terminal.jsonl"
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "ansible-playbook"), playbook, *arguments],
        cwd=ROOT,
        env=environment_of(folder, record, None),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    said, end = "", time.monotonic() + LIMIT
    waiting = select.poll()  # select() ends at 1,024 files
    waiting.register(ours, select.POLLIN)
    try:
        while time.monotonic() < end:
            try:
                more = os.read(ours, 65536).decode(errors="replace") if waiting.poll(300) else ""
            except OSError:  # the other side is closed
                break
            said += more
            # Ansible forgets what was typed before it listens, so a person without an answer types it again.
            if not more and _listens(ours):
                for answer in [answers[text] for text in answers if text in said]:
                    if answer is None:
                        process.kill()
                    else:
                        os.write(ours, answer.encode())
        return Done(process.wait(LIMIT), said, results_of(record))
    finally:
        process.kill()
        os.close(ours)


def _listens(terminal: int) -> bool:
    """Whether a program reads each key, and takes Ctrl+C for one."""
    return not termios.tcgetattr(terminal)[3] & termios.ISIG
