# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the options in module_utils/_powerplatform/_options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """How the Power Platform is reached, and which environment is meant."""

    DOCUMENTATION = r"""
options:
  environment:
    description:
      - The environment. Its id, its display name, or the address of its Finance + Operations.
      - A name or an address is compared without regard to case and to a slash at the end, and must belong to exactly
        one of the environments that the account may see.
    type: str
    required: true
  cloud:
    description:
      - The cloud in which the environment is. It decides the hosts and the scopes of the tokens.
    type: str
    choices: [public, gcc, gcchigh, dod, china]
    default: public
  bap_url:
    description:
      - Address of the administration API, in place of that of O(cloud), like V(https://api.bap.microsoft.com).
      - Its token is sent to this host, to hosts below it (C(europe.api.bap.microsoft.com)) and to O(trusted_hosts),
        and to nobody else.
    type: str
  bap_scope:
    description:
      - What the token of the administration API is for, in place of that of O(cloud), like
        V(https://service.powerapps.com), with C(/.default) at its end or without.
    type: str
  login_url:
    description:
      - Address of Microsoft Entra ID, in place of that of O(cloud). For V(china), the vendor's page names
        V(https://login.partner.microsoftonline.cn) where its clients use V(https://login.chinacloudapi.cn).
    type: str
  api_url:
    description:
      - Address of the documented Power Platform API, in place of that of O(cloud). Only details are read there.
      - For V(gcchigh), V(https://api.high.powerplatform.microsoft.us) may be the right one; the published client has
        both.
    type: str
  trusted_hosts:
    description:
      - More hosts to which the token of the administration API may be sent, with C(:PORT) if it is not 443, if the
        platform answers for an operation or for the next page of a list by another host.
    type: list
    elements: str
    default: []
  auth:
    description:
      - How the task logs in at Microsoft Entra ID.
      - V(auto) takes the credential that is given, O(token), O(client_secret), O(certificate_file) or
        O(federated_token_file), or else E(AZURE_CLIENT_SECRET).
      - V(github_actions), V(azure_pipelines) and V(workload_identity) (Kubernetes) present the identity of the
        pipeline or pod, which the application has to know as a federated credential.
      - V(github_actions) needs E(ACTIONS_ID_TOKEN_REQUEST_URL) and E(ACTIONS_ID_TOKEN_REQUEST_TOKEN), which the
        permission C(id-token) with the value C(write) gives a job. V(azure_pipelines) needs E(SYSTEM_OIDCREQUESTURI),
        E(SYSTEM_ACCESSTOKEN) and O(service_connection_id).
      - V(managed_identity) asks the metadata service of the Azure machine on which Ansible runs. V(azure_cli) asks
        C(az), whoever is logged in there.
    type: str
    choices:
      - auto
      - client_secret
      - certificate
      - github_actions
      - azure_pipelines
      - workload_identity
      - managed_identity
      - azure_cli
      - token
    default: auto
  tenant_id:
    description:
      - The Microsoft Entra tenant, by its id or one of its domain names. If it is not given, E(AZURE_TENANT_ID).
      - For O(auth=certificate), give the id. The signed statement names the tenant as given here, and whether a domain
        name is taken there was not verified.
    type: str
  client_id:
    description:
      - Client id of the application, or of a managed identity assigned by a user. If it is not given,
        E(AZURE_CLIENT_ID).
    type: str
  client_secret:
    description:
      - Client secret of the application, its value and not its id. If neither it nor O(client_secret_file) is given,
        E(AZURE_CLIENT_SECRET).
    type: str
  client_secret_file:
    description:
      - File on the controller that holds the client secret and nothing else.
    type: path
  certificate_file:
    description:
      - PEM file on the controller with a certificate of the application, and with its private key unless
        O(certificate_key_file) holds it.
      - Signing needs the Python package C(cryptography) on the controller; no other kind of login does.
    type: path
  certificate_key_file:
    description:
      - PEM file with the private key, an RSA key.
    type: path
  certificate_key_password:
    description:
      - Password of the private key, if it is encrypted.
    type: str
  certificate_algorithm:
    description:
      - V(PS256) signs as Microsoft documents it now, with the SHA-256 digest of the certificate (C(x5t#S256)).
      - V(RS256) signs as clients did before, with the SHA-1 digest (C(x5t)).
    type: str
    choices: [PS256, RS256]
    default: PS256
  federated_token_file:
    description:
      - File with the token of the issuer, read anew each time. If it is not given, E(AZURE_FEDERATED_TOKEN_FILE),
        which the workload identity webhook of Kubernetes sets.
    type: path
  service_connection_id:
    description:
      - Id of the Azure DevOps service connection, for O(auth=azure_pipelines).
    type: str
  managed_identity_url:
    description:
      - Address of the metadata service, for O(auth=managed_identity).
    type: str
    default: http://169.254.169.254
  token:
    description:
      - Access token for the administration API. It cannot be renewed, so it must outlive the switch, and what other
        APIs tell (the number of AOS, the reason of a failure) is not read.
    type: str
  token_file:
    description:
      - File on the controller that holds the access token and nothing else.
    type: path
requirements:
  - A unified Dynamics 365 Finance + Operations environment of the Power Platform
  - 'An account that may administer the environment. A service principal must be registered once by an administrator
    (a person), with C(pac admin application register --application-id CLIENT_ID)'
  - C(cryptography) on the controller, for O(auth=certificate) alone
notes:
  - The request that switches administration mode is the one that the vendor's command-line tools and PowerShell module
    send. Microsoft documents these, not the request.
  - Not tested against a real tenant, but against a simulated service that follows published clients and recorded
    answers. The page docs/powerplatform.md of this collection says what is known how surely, and which three reads to
    do first.
  - Moments of operations are those of the platform. The clock of the controller matters only for a login by
    certificate.
  - The token of the administration API is sent to its own hosts and nobody else.
  - Reads are tried again for more answers than others are, HTTP 408, 425, 499 and 500 too. The request that switches
    administration mode is sent again only after its operation was looked for.
seealso:
  - name: Administration mode
    description: What is blocked, and what is not.
    link: https://learn.microsoft.com/power-platform/admin/admin-mode
  - name: Creating a service principal application
    description: How an application is registered with the Power Platform.
    link: https://learn.microsoft.com/power-platform/admin/powershell-create-service-principal
"""
