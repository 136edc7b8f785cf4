"""A switch over its time: states by text and by number, what runs, progress, history, failures."""

from __future__ import annotations

import datetime

import pytest

from fakes.lcs_client import PROJECT, Browser
from lab.clock import Clock
from lab.lcs import Hosting, LcsEnvironment, Portal, Project, ProjectType, ServicingFailure
from lab.lcs.codes import ActionStatus, DeploymentState
from lab.lcs.sessions import Session


def state(browser: Browser, environment: LcsEnvironment) -> tuple[str, int, int, int]:
    details = browser.details(environment)
    names = ("DeploymentStatus", "DeploymentState", "InternalDeploymentStatus", "InternalDeploymentAction")
    status, *numbers = (details[name] for name in names)
    return (status, *numbers)


def test_the_way_in_and_out(clock: Clock, browser: Browser, environment: LcsEnvironment) -> None:
    assert state(browser, environment) == ("Deployed", 3, 1, 1)
    for on, status, number in [(True, "In Maintenance", 13), (False, "Deployed", 3)]:
        assert browser.switch(environment, on).json()["Success"] is True
        assert state(browser, environment) == ("Servicing", 11, 4, 10)
        assert browser.ongoing(environment)["Status"] == 12
        assert browser.get("ServiceFabricDeployment/GetDeploymentProgress", environment) == {
            "IsDeterminate": False,
            "ProgressPercent": 0.0,
        }
        clock.advance(600)
        ongoing = browser.ongoing(environment)
        assert (ongoing["Status"], ongoing["ActionStatusText"]) == (1, "In progress")
        assert ongoing["Name"] == f"{'Enable' if on else 'Disable'} maintenance mode"
        assert ongoing["CompletionDate"] is None
        progress = browser.get("ServiceFabricDeployment/GetDeploymentProgress", environment)
        assert progress["IsDeterminate"] is True
        assert 50 <= progress["ProgressPercent"] < 60
        assert environment.in_maintenance is not on
        clock.advance(601)
        assert state(browser, environment) == (status, number, 1, 10)
        assert browser.ongoing(environment) is None
        assert environment.in_maintenance is on
    assert [entry["Status"] for entry in browser.history(environment)["Results"]] == [2, 2]


def test_the_old_state_stands_for_the_first_looks_of_each_kind(browser: Browser, environment: LcsEnvironment) -> None:
    environment.lagging_looks = 2
    before = browser.details(environment)
    browser.switch(environment, True)
    assert browser.details(environment) == browser.details(environment) == before
    assert browser.ongoing(environment) is browser.ongoing(environment) is None
    assert browser.ongoing(environment)["Status"] == ActionStatus.PREPARING_ENVIRONMENT
    assert state(browser, environment)[0] == "Servicing"
    assert browser.details(environment)["ActivityId"] != before["ActivityId"]


def test_a_second_request_is_refused_even_while_the_old_state_stands(
    browser: Browser, environment: LcsEnvironment
) -> None:
    environment.lagging_looks = 2
    browser.switch(environment, True)
    assert "Another operation is in progress" in browser.switch(environment, True).json()["Message"]
    assert len(environment.operations) == 1


def test_the_number_of_the_mode_is_not_known(browser: Browser, environment: LcsEnvironment) -> None:
    environment.maintenance_state = DeploymentState.FINISHED
    environment.maintenance = True
    details = browser.details(environment)
    assert (details["DeploymentStatus"], details["DeploymentState"]) == ("In Maintenance", 3)
    assert details["IsEnableMaintenanceMode"] is False  # a flag of the menu


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (ServicingFailure(), ActionStatus.FAILED),
        (ServicingFailure(at=0.05, status=ActionStatus.PREPARATION_FAILED), ActionStatus.PREPARATION_FAILED),
    ],
)
def test_a_failure_looks_finished_by_its_number(
    clock: Clock, browser: Browser, environment: LcsEnvironment, failure: ServicingFailure, status: ActionStatus
) -> None:
    environment.failures.append(failure)
    browser.switch(environment, True)
    clock.advance(1200 * failure.at - 30)
    assert state(browser, environment)[0] == "Servicing"
    clock.advance(31)
    assert state(browser, environment) == ("Failed", 3, 2, 10)
    details = browser.details(environment)
    assert details["ActivityId"] == environment.operations[0].activity
    assert details["DeploymentErrorCode"] == failure.code
    assert details["Errors"] == [failure.error]
    assert browser.ongoing(environment)["Status"] == status
    assert browser.history(environment)["Results"][0]["Status"] == status
    assert browser.switch(environment, True).json()["Success"] is False
    assert len(environment.operations) == 1


@pytest.mark.parametrize(
    ("choice", "during", "after", "on"),
    [
        ("resume", ("Servicing", 11, 4, 23), ("In Maintenance", 13, 1, 23), True),
        ("roll_back", ("Servicing rollback", 20, 4, 16), ("Deployed", 3, 1, 16), False),
        ("abort", ("Deployed", 3, 3, 17), ("Deployed", 3, 3, 17), False),
    ],
)
def test_a_person_decides_what_becomes_of_a_failure(
    clock: Clock,
    browser: Browser,
    environment: LcsEnvironment,
    choice: str,
    during: tuple[str, int, int, int],
    after: tuple[str, int, int, int],
    on: bool,
) -> None:
    environment.failures.append(ServicingFailure())
    browser.switch(environment, True)
    clock.advance(1201)
    getattr(environment, choice)()
    assert state(browser, environment) == during
    clock.advance(1201)
    assert state(browser, environment) == after
    assert environment.in_maintenance is on
    assert browser.switch(environment, not on).json()["Success"] is True
    with pytest.raises(ValueError, match="waits for a person"):
        environment.abort()


def test_a_switch_that_is_not_possible(portal: Portal, browser: Browser, environment: LcsEnvironment) -> None:
    assert "already disabled" in browser.switch(environment, False).json()["Message"]
    environment.occupied = (DeploymentState.RESTARTING_SERVICES, "Restarting service")
    assert state(browser, environment)[:2] == ("Restarting service", 22)
    assert "Another operation" in browser.switch(environment, True).json()["Message"]
    environment.occupied = None
    environment.hosting = Hosting.CUSTOMER_IAAS
    portal.refusal_status = 500
    answer = browser.switch(environment, True)
    assert (answer.status_code, answer.json()["Success"]) == (500, False)
    assert environment.operations == []


def test_a_person_without_the_right(browser: Browser, session: Session, environment: LcsEnvironment) -> None:
    session.may_service = False
    assert state(browser, environment)[0] == "Deployed"
    assert "not authorized" in browser.switch(environment, True).json()["Message"]
    assert environment.operations == []


def test_a_unified_environment_is_unknown_here(clock: Clock, browser: Browser, environment: LcsEnvironment) -> None:
    unified = LcsEnvironment("Contoso-Unified", clock)
    answer = browser.send("GET", f"ServiceFabricDeployment/GetEnvironmentDetails/{PROJECT}/?environmentId={unified.id}")
    assert (answer.json()["Success"], answer.json()["Data"]) == (False, None)
    assert browser.switch(unified, True).json()["Success"] is False
    assert unified.id not in str(browser.get("ServiceFabricDeployment/GetDeploymentSummary"))
    assert environment.operations == unified.operations == []


def test_the_inner_flag_and_data_that_is_null(portal: Portal, browser: Browser, environment: LcsEnvironment) -> None:
    portal.switch_data = "not-done"
    body = browser.switch(environment, True).json()
    assert (body["Success"], body["Data"]["IsSuccessful"]) == (True, False)
    assert environment.operations == []
    portal.switch_data = "null"
    body = browser.switch(environment, True).json()
    assert (body["Success"], body["Data"]) == (True, None)
    assert len(environment.operations) == 1


def test_a_request_that_is_accepted_and_ignored(clock: Clock, browser: Browser, environment: LcsEnvironment) -> None:
    environment.ignores_requests = True
    assert browser.switch(environment, True).json()["Success"] is True
    clock.advance(3600)
    assert state(browser, environment)[0] == "Deployed"
    assert browser.history(environment)["TotalCount"] == 0


def test_time_passes_with_each_look(browser: Browser, environment: LcsEnvironment) -> None:
    environment.seconds_per_look = 400
    browser.switch(environment, True)
    seen = [state(browser, environment)[0] for _look in range(4)]
    assert seen == ["Servicing", "Servicing", "In Maintenance", "In Maintenance"]


def test_nothing_under_way_may_be_a_404(portal: Portal, browser: Browser, environment: LcsEnvironment) -> None:
    portal.no_action = "404"
    path = f"Environment/GetOngoingActionDetails/{PROJECT}"
    assert browser.send("GET", path, params={"environmentId": environment.id}).status_code == 404
    browser.switch(environment, True)
    assert browser.send("GET", path, params={"environmentId": environment.id}).json()["Data"]["Status"] == 12


def test_the_history_is_paged_and_in_the_persons_time(
    clock: Clock, browser: Browser, environment: LcsEnvironment
) -> None:
    for number in range(5):
        browser.switch(environment, number % 2 == 0)
        clock.advance(1201)
    page = browser.history(environment, start=1, count=2)
    assert (page["StartIndex"], page["TotalCount"], len(page["Results"])) == (1, 5, 2)
    assert [entry["Id"] for entry in page["Results"]] == [4714, 4713]
    entry = page["Results"][0]
    there = datetime.timezone(datetime.timedelta(hours=2))
    began = datetime.datetime.strptime(f"{entry['StartDate']} +0200", "%m/%d/%Y %I:%M:%S %p %z")
    expected = datetime.datetime.fromtimestamp(environment.operations[3].began, there)
    assert began == expected.replace(microsecond=0)
    assert entry["CompleteDate"] == entry["CompletionDate"] != entry["StartDate"]


def test_environments_are_listed_by_the_path_of_the_projects_type(
    clock: Clock, browser: Browser, project: Project, environment: LcsEnvironment
) -> None:
    older = project.add(LcsEnvironment("Contoso-Old", clock, hosting=Hosting.MICROSOFT_IAAS))
    for type_, listed in [(ProjectType.SERVICE_FABRIC, True), (ProjectType.IMPLEMENTATION, False)]:
        project.type = type_
        summary = browser.get("ServiceFabricDeployment/GetDeploymentSummary")
        assert bool(summary) is listed
        assert bool(browser.get("SaasDeployment/GetDeploymentSummary")) is not listed
    project.type = ProjectType.SERVICE_FABRIC
    topologies = browser.get("ServiceFabricDeployment/GetDeploymentSummary")
    instances = [each for topology in topologies for each in topology["DeploymentInstances"] or []]
    deployed = {each["EnvironmentId"]: each["DeploymentEnvironmentType"] for each in instances if each["IsDeployed"]}
    assert deployed == {environment.id: 3, older.id: 0}
    assert len(instances) == 3
    assert browser.get("SaaSDeployment/GetDeploymentDetail", older)["DeploymentStatus"] == "Deployed"
    path = f"ServiceFabricDeployment/GetEnvironmentDetails/{PROJECT}/?environmentId={older.id}"
    assert browser.send("GET", path).json()["Success"] is False
    assert browser.switch(older, True).json()["Success"] is True
