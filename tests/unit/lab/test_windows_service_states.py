"""What a service manager and its programs say beyond start and stop, and in other languages. All in virtual time."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from lab.clock import VirtualClock
from lab.windows import Account, Service, StartType, State, WindowsHost
from lab.windows.console import run
from lab.windows.virtual import on_host


def machine(clock: VirtualClock, language: str = "en") -> WindowsHost:
    host = WindowsHost("dev01", "127.0.0.1", clock, language=language)
    host.add_account(Account("admin", "secret"))
    add = host.services.add
    add(Service("WAS", "Process Activation", StartType.DEMAND, shared_process="iissvcs"))
    add(Service("W3SVC", "World Wide Web Publishing Service", dependencies=("WAS",), shared_process="iissvcs"))
    add(Service("Batch", "Batch Service", StartType.DELAYED_AUTO, image="Batch.exe", restart_after_crash=30.0))
    add(Service("Off", "Switched Off", StartType.DISABLED))
    return host


def simulate(test: Callable[[WindowsHost], Coroutine[Any, Any, None]], language: str = "en") -> None:
    on_host(lambda clock: machine(clock, language), test)


def fields(text: str) -> list[str]:
    """What stands behind the colons of sc's output, which is in no language."""
    return [line.partition(":")[2].strip() for line in text.splitlines() if " : " in line]


@pytest.mark.parametrize(
    ("language", "state", "failed", "nothing"),
    [
        (
            "de",
            "        STATUS             : 1  STOPPED \n",
            "[SC] OpenService FEHLER 1060:\n\nDer angegebene Dienst ist kein installierter Dienst.\n\n",
            "INFORMATION: Es werden keine Aufgaben mit den angegebenen Kriterien ausgeführt.\n",
        ),
        (
            "fr",
            "        ÉTAT               : 1  STOPPED \n",
            "[SC] OpenService échec(s) 1060 :\n\nLe service spécifié n'existe pas en tant que service installé.\n\n",
            "Information : aucune tâche en service ne correspond aux critères spécifiés.\n",
        ),
        (
            "ja",
            "        状態                 : 1  STOPPED \n",
            "[SC] OpenService FAILED 1060:\n\n指定されたサービスはインストールされたサービスとして存在しません。\n\n",
            "情報: 指定された条件に一致するタスクは実行されていません。\n",
        ),
        (
            "zh",
            "        STATE              : 1  STOPPED \n",
            "[SC] OpenService 失败 1060:\n\n指定的服务未安装。\n\n",
            "信息: 没有运行的任务匹配指定标准。\n",
        ),
    ],
)
def test_another_language_changes_the_labels_only(language: str, state: str, failed: str, nothing: str) -> None:
    texts: list[str] = []

    async def test(host: WindowsHost) -> None:
        texts.append("".join([(await run(host, f"sc {command}")).out for command in ("queryex Off", "qc Off")]))
        texts.append("".join([(await run(host, f"sc {command}")).out for command in ("stop Off", "start Off")]))
        texts.append((await run(host, "sc qc nosuch")).out)
        texts.append((await run(host, 'tasklist /FI "IMAGENAME eq nosuch"')).out)

    simulate(test, language)
    simulate(test)
    translated, english = texts[:4], texts[4:]
    assert state in translated[0]
    assert ("STATE" in translated[0]) == (language == "zh")
    assert fields(translated[0]) == fields(english[0])
    assert re.findall(r"\d+", translated[1]) == re.findall(r"\d+", english[1]) == ["1062", "1058"]
    assert translated[2:] == [failed, nothing]


def test_the_french_sc_has_a_blank_before_the_colon() -> None:
    async def test(host: WindowsHost) -> None:
        ran = await run(host, "sc query nosuch")
        assert ran.code == 1060
        assert ran.out.startswith("[SC] EnumQueryServicesStatus:OpenService échec(s) 1060 :\n")

    simulate(test, "fr")


def test_an_unknown_language_is_refused() -> None:
    async def nothing(_host: WindowsHost) -> None:
        raise AssertionError

    with pytest.raises(ValueError, match="no texts for the language 'tlh'"):
        simulate(nothing, "tlh")


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ("", ["WAS", "W3SVC", "Batch"]),
        ("type= service", ["WAS", "W3SVC", "Batch"]),
        ("type= service state= inactive", ["Off"]),
        ("state= all", ["WAS", "W3SVC", "Batch", "Off"]),
    ],
)
def test_query_lists_services(options: str, names: list[str]) -> None:
    async def test(host: WindowsHost) -> None:
        ran = await run(host, f"sc query {options}")
        assert re.findall(r"SERVICE_NAME: (\w+)\n", ran.out) == names
        assert (await run(host, "sc query type= driver")).err == "lab: sc query type= driver is not simulated\n"

    simulate(test)


def test_pausing_and_going_on() -> None:
    async def test(host: WindowsHost) -> None:
        batch = host.services["Batch"]
        batch.can_pause = True
        batch.pause_seconds = 100.0
        assert "(STOPPABLE, PAUSABLE, ACCEPTS_SHUTDOWN)\n" in (await run(host, "sc query Batch")).out
        pausing = await run(host, "sc pause Batch")
        assert (pausing.code, fields(pausing.out)[1]) == (0, "6  PAUSE_PENDING")
        assert (await run(host, "sc continue Batch")).code == 1052
        assert (await run(host, "sc stop Batch")).code == 1052
        await host.services.reached("Batch", State.PAUSED)
        paused = await run(host, "sc queryex Batch")
        assert fields(paused.out)[1] == "7  PAUSED"
        assert fields(paused.out)[-2] == str(batch.pid) != "0"
        assert "(STOPPABLE, PAUSABLE, ACCEPTS_SHUTDOWN)\n" in paused.out
        assert (await run(host, "sc pause Batch")).code == 0
        assert (await run(host, "sc start Batch")).code == 1056
        going_on = await run(host, "sc continue Batch")
        assert (going_on.code, fields(going_on.out)[1]) == (0, "5  CONTINUE_PENDING")
        await host.services.reached("Batch", State.RUNNING)
        assert (await run(host, "sc continue Batch")).code == 0
        await host.services.pause("Batch")
        await host.services.reached("Batch", State.PAUSED)
        assert (await run(host, "sc stop Batch")).code == 0
        await host.services.reached("Batch", State.STOPPED)

        events = [event for _time, event in batch.log]
        assert events[2:6] == ["pause pending", "paused", "continue pending", "continued"]
        assert events[-2:] == ["stop pending", "stopped"]
        assert (batch.starts, batch.stops) == (1, 1)

    simulate(test)


def test_a_paused_service_can_be_killed() -> None:
    async def test(host: WindowsHost) -> None:
        host.services["Batch"].can_pause = True
        await host.services.pause("Batch")
        host.services.crash("Batch")
        await host.clock.sleep(5)
        assert (host.services["Batch"].state, host.services["Batch"].exit_code) == (State.STOPPED, 1067)

    simulate(test)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("sc pause W3SVC", 1052),
        ("sc continue W3SVC", 1052),
        ("sc pause Off", 1062),
        ("sc continue Off", 1062),
        ("sc pause nosuch", 1060),
    ],
)
def test_what_cannot_be_paused(line: str, code: int) -> None:
    async def test(host: WindowsHost) -> None:
        assert (await run(host, line)).code == code

    simulate(test)


def test_a_service_may_end_by_itself() -> None:
    async def test(host: WindowsHost) -> None:
        pid = host.services["Batch"].pid
        host.services.finish("Batch")
        assert fields((await run(host, "sc queryex Batch")).out)[1:3] == ["1  STOPPED", "0  (0x0)"]
        assert host.processes.find(pid) is None
        await host.clock.sleep(100)
        assert host.services["Batch"].state is State.STOPPED  # that was no crash, so nothing restarts it

    simulate(test)


def test_a_service_that_depends_on_a_background_service() -> None:
    async def test(host: WindowsHost) -> None:
        host.services["Batch"].can_pause = True
        below = host.services.add(Service("Below", "Depends on Batch", StartType.DEMAND, dependencies=("Batch",)))
        assert (await run(host, "sc stop Batch")).code == 0
        await host.services.reached("Batch", State.STOPPED)
        assert (await run(host, "sc start Below")).code == 0
        await host.services.reached("Below", State.RUNNING)
        assert host.services["Batch"].state is State.RUNNING
        assert "SERVICE_NAME: Below\n" in (await run(host, "sc EnumDepend Batch")).out
        refused = await run(host, "sc stop Batch")
        assert (refused.code, refused.out.splitlines()[0]) == (1051, "[SC] ControlService FAILED 1051:")
        assert (await run(host, "sc stop Below")).code == 0
        assert (await run(host, "sc stop Batch")).code == 1051  # it is still stopping
        await host.services.reached("Below", State.STOPPED)
        await host.services.pause("Batch")
        await host.services.reached("Batch", State.PAUSED)
        assert (await run(host, "sc start Below")).code == 0  # a paused dependency will do
        assert below.state is State.START_PENDING

    simulate(test)


@pytest.mark.parametrize("language", ["de", "fr", "ja", "zh"])
def test_taskkill_in_another_language(language: str) -> None:
    async def test(host: WindowsHost) -> None:
        ran = await run(host, 'taskkill /F /FI "SERVICES eq Batch"')
        assert (ran.code, "1220" in ran.out, "SUCCESS" in ran.out) == (0, True, False)
        ran = await run(host, 'taskkill /F /FI "SERVICES eq Batch"')
        assert (ran.code, "1220" in ran.out, "INFO:" in ran.out) == (0, False, False)

    simulate(test, language)
