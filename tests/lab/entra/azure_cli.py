"""A program ``az`` of somebody who signed in, or did not: as far as ``az account get-access-token`` goes."""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path

from lab.entra.directory import Directory

_PROGRAM = """#!{python}
import json, sys

KNOWN = json.loads({known!r})
arguments = sys.argv[1:]
if arguments[:2] != ["account", "get-access-token"]:
    sys.exit("ERROR: '" + " ".join(arguments[:2]) + "' is misspelled or not recognized by the system.")
options = dict(zip(arguments[2::2], arguments[3::2]))
if unknown := set(options) - {{"--output", "-o", "--resource", "--tenant", "-t"}}:
    print("ERROR: unrecognized arguments: " + " ".join(sorted(unknown)), file=sys.stderr)
    sys.exit(2)
if not KNOWN:
    sys.exit("ERROR: Please run 'az login' to setup account.")
if (options.get("--output") or options.get("-o")) != "json":
    sys.exit("ERROR: this one writes JSON only")
found = KNOWN.get(options.get("--resource", "").rstrip("/"))
if found is None:
    sys.exit("ERROR: AADSTS500011: The resource principal named " + options.get("--resource", "") + " was not found.")
print(json.dumps(found, indent=2))
"""


class AzureCli:
    """The program in ``folder``, which goes to the front of ``PATH``. Nobody is signed in at first."""

    def __init__(self, folder: Path, directory: Directory) -> None:
        self.directory = directory
        self.program = folder / "az"
        folder.mkdir(parents=True, exist_ok=True)
        self._write({})

    def sign_in(self, name: str) -> None:
        """Sign a person in: the program has a token for every resource of the tenant, of the usual lifetime."""
        known: dict[str, dict[str, str | int]] = {}
        for resource in self.directory.resources:
            token = self.directory.sign_in(name, resource, client="04b07795-8ddb-461a-bbee-02f9e1bf7b46")
            expires = int(self.directory.tokens.issued[-1].expires)
            # local time, without a zone: the reason for the second field
            local = datetime.datetime.fromtimestamp(expires, datetime.timezone.utc).astimezone()
            known[resource.rstrip("/")] = {
                "accessToken": token,
                "expiresOn": local.strftime("%Y-%m-%d %H:%M:%S.000000"),
                "expires_on": expires,
                "tenant": self.directory.id,
                "tokenType": "Bearer",
            }
        self._write(known)

    def _write(self, known: dict[str, dict[str, str | int]]) -> None:
        self.program.touch(mode=0o700)
        self.program.write_text(_PROGRAM.format(python=sys.executable, known=json.dumps(known)), encoding="utf-8")
