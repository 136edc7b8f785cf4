"""What a test can let go wrong on the way between a client and the simulated host."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab.winrm.soap import Fault


@dataclass(frozen=True)
class Answer:
    """A raw HTTP answer, as a proxy or a broken service gives it."""

    status: int
    body: bytes = b"<html><body>Service Unavailable</body></html>"
    content_type: str = "text/html; charset=us-ascii"


@dataclass
class Faults:
    """Faults to come; plain attributes that may be set from any thread. Those that strike once reset themselves."""

    # New connections are reset as soon as they are accepted, until this is False again.
    refuse_connections: bool = False
    # Simulated seconds before every answer.
    delay: float = 0.0
    # Once: the connection is reset when the next Receive arrives.
    drop_on_receive: bool = False
    # Once: the connection is reset while the n-th command from now on runs (1 = the next one), as soon as it has
    # written something or, if it stays silent, after ``drop_after`` simulated seconds. The command itself runs on, as
    # it does on Windows.
    drop_in_command: int = 0
    # Once: the same, for the next command whose line matches this regular expression.
    drop_in: str = ""
    drop_after: float = 0.1
    # Answers are headers that never end, a byte each ``drip_interval`` real seconds, so that a client with nothing but
    # a limit for silence waits for ever. True: every answer; a regular expression: every Receive for a command whose
    # line matches.
    drip: bool | str = False
    drip_interval: float = 0.05
    # Once: the next request gets this instead: a fault (after authentication) or a raw HTTP answer (before it).
    # Nothing is carried out.
    answer_next: Fault | Answer | None = None

    def counts_command(self, line: str) -> bool:
        """One more command starts; true if it is the one to lose its connection."""
        if self.drop_in and re.search(self.drop_in, line):
            self.drop_in = ""
            return True
        if self.drop_in_command == 0:
            return False
        self.drop_in_command -= 1
        return self.drop_in_command == 0

    def drops_receive(self) -> bool:
        """A Receive arrives; true if its connection is to be reset."""
        drop, self.drop_on_receive = self.drop_on_receive, False
        return drop

    def drips_for(self, line: str) -> bool:
        """Whether the answers to Receive drip for a command with this line."""
        return isinstance(self.drip, str) and self.drip != "" and re.search(self.drip, line) is not None

    def takes(self, kind: type[Fault] | type[Answer]) -> Fault | Answer | None:
        """The answer of that kind that is to be given now, once."""
        if not isinstance(self.answer_next, kind):
            return None
        answer, self.answer_next = self.answer_next, None
        return answer
