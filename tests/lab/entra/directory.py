"""A tenant: the applications that may sign in, and by what."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509

from lab.clock import Clock
from lab.entra.issuer import Issuer
from lab.entra.tokens import Tokens


@dataclass
class Secret:
    """A client secret; ``expires`` in seconds since the epoch. ``id`` is what people take for its value."""

    value: str = field(repr=False)
    expires: float = float("inf")
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class Federated:
    """A federated credential: whose tokens, for whom, are taken in place of a secret. Letters' case matters."""

    issuer: str
    subject: str
    audience: str = "api://AzureADTokenExchange"


@dataclass
class Application:
    """An application registration with its service principal.

    ``policy_blocks`` is a Conditional Access policy that keeps it out at the identity provider.
    """

    name: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    object_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    secrets: list[Secret] = field(default_factory=list)
    certificates: list[x509.Certificate] = field(default_factory=list)
    federated: list[Federated] = field(default_factory=list)
    policy_blocks: bool = False

    def add_certificate(self, file: Path) -> x509.Certificate:
        """Upload a certificate (PEM)."""
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        self.certificates.append(certificate)
        return certificate


class Directory:
    """A tenant of the identity provider.

    ``resources`` are the audiences for which there are tokens; a scope is one of them and ``/.default``. ``issuers``
    are the foreign identity providers whose keys can be fetched.
    """

    def __init__(self, clock: Clock, tenant: str = "", domain: str = "contoso.example.com") -> None:
        self.id = tenant or str(uuid.uuid4())
        self.domain = domain
        self.clock = clock
        self.applications: dict[str, Application] = {}
        self.resources: set[str] = set()
        self.issuers: list[Issuer] = []
        self.tokens = Tokens(self.id, clock)
        # Seen by users of some tenants although it is what the documents ask for [I, entra-docs #1301].
        self.sha256_unknown = False

    def add(self, application: Application) -> Application:
        """Register an application."""
        self.applications[application.id] = application
        return application

    def sign_in(self, name: str, audience: str, client: str = "51f81489-12ee-4a9e-aaae-a2591f45987d") -> str:
        """Return the token of a person who signed in with a public client, whose id ``client`` is."""
        return self.tokens.issue(client, str(uuid.uuid5(uuid.NAMESPACE_DNS, name)), audience, person=True)
