"""An identity provider like Microsoft Entra ID, with the issuers and endpoints that stand beside it.

Shapes are those of the vendor's documents, of ``msal`` and ``azure-identity``, and of answers in public issues. The
order of the checks is not documented and chosen here.
"""

from lab.entra.azure_cli import AzureCli
from lab.entra.directory import Application, Directory, Federated, Secret
from lab.entra.issuer import Issuer
from lab.entra.login import Login
from lab.entra.metadata import MetadataService
from lab.entra.tokens import Grant, Tokens

__all__ = [
    "Application",
    "AzureCli",
    "Directory",
    "Federated",
    "Grant",
    "Issuer",
    "Login",
    "MetadataService",
    "Secret",
    "Tokens",
]
