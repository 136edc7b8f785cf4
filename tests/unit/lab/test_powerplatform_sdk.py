"""The official API of the simulated Power Platform, read by Microsoft's own Python SDK."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from azure.identity import ClientSecretCredential
from httpx import AsyncClient
from kiota_abstractions.api_error import APIError
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from kiota_http.httpx_request_adapter import HttpxRequestAdapter
from mspp_management.dynamics.environments.item.finopsproperties.finopsproperties_request_builder import (
    FinopspropertiesRequestBuilder,
)
from mspp_management.dynamics.environments.item.operationerrors.operationerrors_request_builder import (
    OperationerrorsRequestBuilder,
)
from mspp_management.environmentmanagement.environments.environments_request_builder import EnvironmentsRequestBuilder
from mspp_management.environmentmanagement.environments.item.environment_item_request_builder import (
    EnvironmentItemRequestBuilder,
)
from mspp_management.models.fin_ops_deployment_category import FinOpsDeploymentCategory
from mspp_management.models.fin_ops_error_response import FinOpsErrorResponse
from mspp_management.service_client_base import ServiceClientBase

from lab.powerplatform import Environment, FinOps, Mode, Site
from lab.powerplatform.request import Wanted

VERSION = "2024-10-01"

Asked = Callable[[Callable[[Any], Awaitable[Any]]], Any]


@pytest.fixture
def contoso(site: Site) -> Environment:
    return next(iter(site.cloud.environments.values()))


@pytest.fixture
def ask(site: Site, ca_file: str) -> Asked:
    """Let the SDK ask something, made as in its documentation, with the lab's certificate authority."""

    async def go(question: Callable[[Any], Awaitable[Any]]) -> Any:
        credential = ClientSecretCredential(
            site.directory.id,
            site.application.id,
            site.secret.value,
            authority=site.login.url,
            disable_instance_discovery=True,
            connection_verify=ca_file,
        )
        provider = AzureIdentityAuthenticationProvider(credential, scopes=["https://api.powerplatform.com/.default"])
        async with AsyncClient(verify=ssl.create_default_context(cafile=ca_file), trust_env=False) as http:
            adapter = HttpxRequestAdapter(provider, http_client=http)
            adapter.base_url = site.official.url
            return await question(ServiceClientBase(adapter))

    return lambda question: asyncio.run(go(question))


def query(kind: type[Any], **more: Any) -> RequestConfiguration[Any]:
    return RequestConfiguration(query_parameters=kind(api_version=VERSION, **more))


def test_one(site: Site, contoso: Environment, ask: Asked) -> None:
    contoso.mode = Mode("AdminMode", "Disabled")
    parameters = EnvironmentItemRequestBuilder.EnvironmentItemRequestBuilderGetQueryParameters
    found = ask(lambda sdk: sdk.environmentmanagement.environments.by_environment_id(contoso.id).get(query(parameters)))
    assert (found.id, found.display_name, found.type, found.state) == (contoso.id, "Contoso", "Sandbox", "Ready")
    assert (found.admin_mode, found.background_operations_state) == ("Enabled", "Disabled")
    assert (found.dataverse_id, found.domain_name, found.url) == (
        contoso.dataverse_id,
        "contoso",
        f"{contoso.dataverse_url}/",
    )
    assert contoso.finops
    assert (found.fin_ops_metadata.type, found.fin_ops_metadata.url) == ("Internal", contoso.finops.url)
    assert found.tenant_id == site.directory.id
    assert found.created_date_time.year == 2025
    assert found.additional_data == {}  # no field that the SDK does not know


def test_the_list_in_pages(site: Site, ask: Asked) -> None:
    for number in range(2, 6):
        site.cloud.add(Environment(f"Production {number}", sku="Production"))
    site.official.pages.size = 3
    parameters = EnvironmentsRequestBuilder.EnvironmentsRequestBuilderGetQueryParameters

    async def walk(sdk: Any) -> list[str]:
        builder = sdk.environmentmanagement.environments
        page = await builder.get(query(parameters))
        names = [each.display_name for each in page.value]
        while page.odata_nextlink:
            page = await builder.with_url(page.odata_nextlink).get()
            names += [each.display_name for each in page.value]
        return names

    assert ask(walk) == ["Contoso", *(f"Production {number}" for number in range(2, 6))]
    found = ask(lambda sdk: sdk.environmentmanagement.environments.get(query(parameters, filter="type eq 'Sandbox'")))
    assert [each.display_name for each in found.value] == ["Contoso"]


def test_finance_and_operations(site: Site, contoso: Environment, ask: Asked) -> None:
    parameters = FinopspropertiesRequestBuilder.FinopspropertiesRequestBuilderGetQueryParameters

    def properties() -> Any:
        return ask(
            lambda sdk: sdk.dynamics.environments.by_environment_id(contoso.id).finopsproperties.get(query(parameters))
        )

    found = properties()
    assert found.deployment_type == FinOpsDeploymentCategory.UnifiedSandbox
    assert (found.last_observed_a_o_s_count, found.last_observed_batch_a_o_s_count) == (3, 2)
    assert (found.max_a_o_s_count, found.max_batch_a_o_s_count) == ("3", "2")
    assert found.additional_data == {}
    contoso.change(Mode("AdminMode"), site.clock.time())
    site.cloud.counts_lag = 60
    assert properties().last_observed_a_o_s_count == 3
    site.clock.advance(60 / site.clock.scale)
    assert (properties().last_observed_a_o_s_count, properties().last_observed_batch_a_o_s_count) == (1, 1)
    contoso.finops = FinOps("Linked", deployment_type="LCSSandbox")
    assert properties().deployment_type == FinOpsDeploymentCategory.LCSSandbox
    assert properties().last_observed_a_o_s_count == 3
    contoso.finops = None
    with pytest.raises(FinOpsErrorResponse) as caught:
        properties()
    assert (caught.value.response_status_code, caught.value.error.code) == (404, "FinOpsNotFound")


def test_why_an_operation_failed(site: Site, contoso: Environment, ask: Asked) -> None:
    parameters = OperationerrorsRequestBuilder.OperationerrorsRequestBuilderGetQueryParameters

    def errors() -> Any:
        return ask(
            lambda sdk: sdk.dynamics.environments.by_environment_id(contoso.id).operationerrors.get(
                query(parameters, max_results=1)
            )
        )

    assert errors().errors == []
    site.cloud.ends_at = "Run"
    token = site.directory.tokens.issue(site.application.id, site.application.object_id, site.cloud.audiences.admin)
    grant = site.directory.tokens.check(token, *site.cloud.audiences)
    operation = site.cloud.switch(contoso, Wanted("AdminMode"), grant)
    assert operation
    site.clock.advance(1200 / site.clock.scale)
    found = errors()
    assert found.environment_id == contoso.id
    (error,) = found.errors
    assert (error.error_code, error.error_message) == site.cloud.error
    assert (error.failed_action_name, error.operation_type) == ("Run", "Edit")
    assert error.correlation_id == operation.correlation
    assert error.failed_at.timestamp() == pytest.approx(operation.last, abs=1)
    assert error.additional_data == {}


def test_refusals(site: Site, contoso: Environment, ask: Asked) -> None:
    parameters = EnvironmentItemRequestBuilder.EnvironmentItemRequestBuilderGetQueryParameters

    def status(environment: str, version: str = VERSION) -> int | None:
        configuration = RequestConfiguration(query_parameters=parameters(api_version=version))
        with pytest.raises(APIError) as caught:
            ask(lambda sdk: sdk.environmentmanagement.environments.by_environment_id(environment).get(configuration))
        return caught.value.response_status_code

    assert status("11111111-2222-3333-4444-555555555555") == 404
    assert status(contoso.id, "2022-03-01-preview") == 400
    site.cloud.registered.clear()
    assert status(contoso.id) == 403
