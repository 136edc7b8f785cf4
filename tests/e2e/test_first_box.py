"""docs/first-box.md, followed to the letter: its shell commands, in order, in an empty home, against a development
machine with a self-signed certificate. Its PowerShell and SQL belong on Windows and are not run.

What the network would bring is there already, so that ``pip`` and ``ansible-galaxy`` find nothing left to install. Only
the machine's name and port stand for others.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from lab.estate import ADMINISTRATOR, Machine
from playbook import ROOT
from playbook.estate import Lab, Shot, aos_of, shot

PAGE = (ROOT / "docs/first-box.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SHELL = [text for language, text in BLOCKS if language == "shell"]
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Followed:
    """The page, followed: exit code, and what each shell block printed; the machine before, after, and on the way."""

    code: int
    printed: list[str]
    machine: Machine
    thumbprint: str
    before: Shot
    after: Shot
    modes: list[bool | None]  # of the AOS, whenever IIS was stopped
    home: Path
    around: dict[str, str]

    def ask(self, **variables: str) -> str:
        """What the first command to the machine prints with these variables."""
        command = ["ansible", "dev01", "-m", "ansible.builtin.raw", "-a", "whoami", "-e", json.dumps(variables)]
        folder = self.home / "maintenance"
        done = subprocess.run(
            command, cwd=folder, env=self.around, capture_output=True, text=True, timeout=120, check=False
        )
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def followed(shared_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Followed:
    modes: list[bool | None] = []
    machine = shared_lab.add()
    machine.host.services["W3SVC"].when_stopped.insert(0, lambda: modes.append(aos_of(machine).maintenance_mode))
    certificate, key = shared_lab.estate.authority.self_signed("localhost")
    machine.winrm.present(certificate, key)
    machine.winrm.address, machine.winrm.port = "127.0.0.1", 0  # a name that resolves, a port that is free
    shared_lab.start()
    home = tmp_path_factory.mktemp("home")
    around = environment(home, shared_lab.estate.authority.ca_file)
    install(tmp_path_factory.mktemp("archive"), around)
    before = shot(machine)
    code, printed = follow(machine, home, around)
    fingerprint = x509.load_pem_x509_certificate(certificate.read_bytes()).fingerprint(hashes.SHA1())
    return Followed(code, printed, machine, fingerprint.hex().upper(), before, shot(machine), modes, home, around)


def environment(home: Path, authority: Path) -> dict[str, str]:
    """A person's own, with what pip would install on the path. The AOS's name has a certificate of a public authority,
    the WinRM listener's has none."""
    return {
        "HOME": str(home),
        "USER": "tester",
        "LANG": "C.UTF-8",
        "PATH": os.pathsep.join([str(BIN), "/usr/local/bin", "/usr/bin", "/bin"]),
        "PYTHONPATH": next(path for path in sys.path if path.endswith("site-packages")),
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "ANSIBLE_NOCOLOR": "1",
        "SSL_CERT_FILE": str(authority),
    }


def install(folder: Path, around: Mapping[str, str]) -> None:
    """Install the collection for the user, as it would come from Galaxy."""
    checkout = ROOT / ".cache/collections/ansible_collections/quiesce/maintenance"
    build = f"ansible-galaxy collection build {checkout} && ansible-galaxy collection install *.tar.gz"
    subprocess.run(["bash", "-c", build], cwd=folder, env=around, capture_output=True, timeout=120, check=True)


def follow(machine: Machine, home: Path, around: Mapping[str, str]) -> tuple[int, list[str]]:
    """Run the shell blocks in one shell, until one fails; type the administrator's password when asked for it."""
    mark = "----- the next block -----"
    script = "".join(f"echo '{mark}'\n{block}" for block in SHELL)
    for name, here in {"dev01.example.com": "localhost", "5986": str(machine.winrm.port)}.items():
        assert name in script
        script = script.replace(name, here)
    screen, terminal = pty.openpty()
    shell = subprocess.Popen(
        ["bash", "-e", "-c", script],
        cwd=home,
        env=around,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,  # so that this is the terminal at which a password is asked for
    )
    os.close(terminal)
    printed = b""
    with shell, contextlib.suppress(OSError):  # EIO when nothing has the terminal open any more
        while chunk := os.read(screen, 65536):
            printed += chunk
            if printed.endswith(f"Password of {ADMINISTRATOR}: ".encode()):
                os.write(screen, f"{machine.account.password}\n".encode())
    os.close(screen)
    return shell.returncode, printed.decode().replace("\r\n", "\n").split(f"{mark}\n")[1:]


def plain(text: str) -> list[str]:
    """The lines of a text, without what differs from run to run."""
    return [re.sub(r"\(\d+ s\)|\d\d-\d\d \d\d:\d\dZ", "#", line).rstrip() for line in text.splitlines()]


def test_every_command_succeeds(followed: Followed) -> None:
    assert followed.code == 0, followed.printed[-1]
    assert len(followed.printed) == len(SHELL)


def test_what_the_page_shows_is_what_comes(followed: Followed) -> None:
    """Each text belongs to the shell block before it, and its lines come in this order."""
    shown = [
        (sum(language == "shell" for language, _text in BLOCKS[:place]) - 1, text)
        for place, (language, text) in enumerate(BLOCKS)
        if language == "text"
    ]
    assert len(shown) > 1
    for number, text in shown:
        printed = iter(plain(followed.printed[number]))
        assert [line for line in plain(text) if line not in printed] == [], followed.printed[number]


def test_the_thumbprint_is_that_of_the_machine(followed: Followed) -> None:
    assert any(followed.thumbprint in text for text in followed.printed)


def test_the_machine_was_switched_and_is_as_before(followed: Followed) -> None:
    assert followed.modes == [False, True]
    assert followed.after.differs(followed.before.services) == []
    assert aos_of(followed.machine).starts == 3, "at boot, and once restarted each way"


def test_the_password_is_kept(followed: Followed) -> None:
    """It is in no file and was not shown; the key to the vault is for its owner alone."""
    files = [path for path in (followed.home / "maintenance").rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"dev01.pem", "inventory.yml", "ansible.cfg", "dev01.yml"}
    password = followed.machine.account.password
    assert [path.name for path in files if password in path.read_text(encoding="utf-8")] == []
    assert [text for text in followed.printed if password in text] == []
    assert (followed.home / ".quiesce-vault-key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"ansible_port": "1"}, "Connection refused"),
        ({"ansible_winrm_ca_trust_path": "{{ lookup('env', 'SSL_CERT_FILE') }}"}, "CERTIFICATE_VERIFY_FAILED"),
        ({"ansible_host": "127.0.0.1"}, "is not valid for"),
        ({"ansible_password": "wrong"}, "the specified credentials were rejected by the server"),
    ],
)
def test_what_is_said_of_a_machine_that_cannot_be_reached(
    followed: Followed, variables: dict[str, str], said: str
) -> None:
    assert f"`{said}`" in PAGE
    assert said in followed.ask(**variables)
