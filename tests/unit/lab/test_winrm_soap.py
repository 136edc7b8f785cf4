"""The WinRM server's messages: what it reads, what it refuses, what it writes."""

from __future__ import annotations

import asyncio
import base64
import uuid
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from winrm.protocol import Protocol

from lab.winrm import soap
from lab.winrm.shells import Command

RSP = f"{{{soap.SHELL}}}"
A = f"{{{soap.ADDRESSING}}}"
ID = "87E77BEB-6761-4C48-9D70-A00266B8459A"

xml_text = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"))


def envelope(
    body: str,
    *,
    action: str = f"{soap.SHELL}/Command",
    timeout: str = "PT20S",
    size: str = "153600",
    more: str = "",
) -> bytes:
    return (
        f'<e:Envelope xmlns:e="{soap.SOAP}" xmlns:a="{soap.ADDRESSING}" xmlns:w="{soap.WSMAN}" xmlns:r="{soap.SHELL}">'
        f"<e:Header><a:Action>{action}</a:Action><a:MessageID>uuid:1-Aa</a:MessageID>"
        f"<w:ResourceURI>{soap.CMD_SHELL}</w:ResourceURI><w:MaxEnvelopeSize>{size}</w:MaxEnvelopeSize>"
        f"<w:OperationTimeout>{timeout}</w:OperationTimeout>{more}</e:Header><e:Body>{body}</e:Body></e:Envelope>"
    ).encode()


class TestReading:
    def test_header(self) -> None:
        more = (
            f'<w:SelectorSet><w:Selector Name="ShellId">{ID}</w:Selector></w:SelectorSet>'
            '<w:OptionSet><w:Option Name="WINRS_SKIP_CMD_SHELL">true</w:Option></w:OptionSet>'
        )
        request = soap.parse(envelope("<r:Receive/>", timeout="PT1M2.500S", more=more))
        assert (request.action, request.resource_uri, request.message_id) == ("Command", soap.CMD_SHELL, "uuid:1-Aa")
        assert (request.operation_timeout, request.max_envelope_size, request.shell_id) == (62.5, 153600, ID)
        assert request.option("WINRS_SKIP_CMD_SHELL")
        assert not request.option("WINRS_CONSOLEMODE_STDIN")

    @pytest.mark.parametrize(
        ("text", "seconds"),
        [("PT20S", 20), ("PT7200.000S", 7200), ("PT0S", 0), ("PT1H1M1S", 3661), ("P1DT1S", 86401), ("P2D", 172800)],
    )
    def test_duration(self, text: str, seconds: float) -> None:
        assert soap.duration(text) == seconds

    @pytest.mark.parametrize("text", ["", "P", "PT", "P1DT", "20", "PT20", "PT-1S", "-PT1S", "PT1S ", "PTxS", "P1Y"])
    def test_no_duration(self, text: str) -> None:
        with pytest.raises(soap.WsManFault) as caught:
            soap.duration(text)
        assert caught.value.fault == soap.INVALID_TIMEOUT

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"not XML",
            b"<Envelope/>",
            f'<e:Envelope xmlns:e="{soap.SOAP}"/>'.encode(),
            f'<e:Envelope xmlns:e="{soap.SOAP}"><e:Body/></e:Envelope>'.encode(),
            b'<?xml version="1.0" encoding="nonsense"?><a/>',
            b'<!DOCTYPE a [<!ENTITY x "boo">]>' + envelope("<r:Receive>&x;</r:Receive>"),
            b'<!DOCTYPE a SYSTEM "file:///etc/hostname">' + envelope("<r:Receive/>"),
        ],
    )
    def test_not_a_request(self, data: bytes) -> None:
        with pytest.raises(soap.BadEnvelope):
            soap.parse(data)

    @given(st.binary())
    def test_rubbish_is_refused(self, data: bytes) -> None:
        with pytest.raises(soap.BadEnvelope):
            soap.parse(data)

    @pytest.mark.parametrize(
        ("size", "fault"),
        [("8191", soap.ENVELOPE_TOO_SMALL), ("many", soap.INVALID_SCHEMA), ("²", soap.INVALID_SCHEMA)],
    )
    def test_envelope_size(self, size: str, fault: soap.Fault) -> None:
        with pytest.raises(soap.WsManFault) as caught:
            soap.parse(envelope("", size=size))
        assert caught.value.fault == fault

    @pytest.mark.parametrize(
        ("arguments", "line"),
        [
            ("", "sc.exe"),
            ("<r:Arguments>queryex W3SVC</r:Arguments>", "sc.exe queryex W3SVC"),
            ("<r:Arguments>queryex</r:Arguments><r:Arguments>W3SVC</r:Arguments>", "sc.exe queryex W3SVC"),
            ('<r:Arguments>"a  b" &amp; c</r:Arguments>', 'sc.exe "a  b" & c'),
        ],
    )
    def test_command_line(self, arguments: str, line: str) -> None:
        body = f"<r:CommandLine><r:Command>sc.exe</r:Command>{arguments}</r:CommandLine>"
        assert soap.command_line(soap.parse(envelope(body))) == (None, line)

    def test_chosen_identifiers_are_guids(self) -> None:
        body = '<r:CommandLine CommandId="{}"><r:Command>x</r:Command></r:CommandLine>'
        assert soap.command_line(soap.parse(envelope(body.format(ID.lower())))) == (ID, "x")
        with pytest.raises(soap.WsManFault):
            soap.command_line(soap.parse(envelope(body.format("one"))))

    def test_shell(self) -> None:
        body = (
            "<r:Shell><r:InputStreams>stdin</r:InputStreams><r:OutputStreams>stdout stderr</r:OutputStreams>"
            "<r:IdleTimeOut>PT90S</r:IdleTimeOut><r:WorkingDirectory>C:\\Temp</r:WorkingDirectory><r:Environment>"
            '<r:Variable Name="PW">s3cret &lt;</r:Variable><r:Variable Name="EMPTY"/></r:Environment></r:Shell>'
        )
        option = '<w:OptionSet><w:Option Name="WINRS_CODEPAGE">65001</w:Option></w:OptionSet>'
        settings = soap.shell_settings(soap.parse(envelope(body, more=option)))
        assert settings.environment == {"PW": "s3cret <", "EMPTY": ""}
        assert (settings.working_directory, settings.codepage, settings.idle_timeout) == ("C:\\Temp", 65001, 90)
        assert settings.output_streams == {"stdout", "stderr"}
        assert "s3cret" not in repr(settings)

    @pytest.mark.parametrize(
        ("stream", "expected"),
        [
            ('<r:Stream Name="stdin" CommandId="1">YQ==</r:Stream>', (b"a", False)),
            ('<r:Stream Name="stdin" CommandId="1" End="true"/>', (b"", True)),
            ('<r:Stream Name="stdin" CommandId="1" End="True">YQ==</r:Stream>', (b"a", True)),
        ],
    )
    def test_input(self, stream: str, expected: tuple[bytes, bool]) -> None:
        (piece,) = soap.stream_input(soap.parse(envelope(f"<r:Send>{stream}</r:Send>")))
        assert (piece.command_id, piece.stream, (piece.data, piece.end)) == ("1", "stdin", expected)

    @pytest.mark.parametrize("text", ["YQ=", "*", "ä"])
    def test_input_that_is_not_base64(self, text: str) -> None:
        request = soap.parse(envelope(f'<r:Send><r:Stream Name="stdin" CommandId="1">{text}</r:Stream></r:Send>'))
        with pytest.raises(soap.WsManFault):
            soap.stream_input(request)

    @pytest.mark.parametrize("name", ["Terminate", "terminate", "ctrl_c"])
    def test_signal(self, name: str) -> None:
        body = f'<r:Signal CommandId="1"><r:Code>{soap.SHELL}/signal/{name}</r:Code></r:Signal>'
        assert soap.signal(soap.parse(envelope(body))) == ("1", name.lower())

    @pytest.mark.parametrize("read", [soap.shell_settings, soap.command_line, soap.desired_streams, soap.signal])
    @pytest.mark.parametrize("body", ["", "<r:Other/>", "<Receive/>"])
    def test_wrong_body(self, read: object, body: str) -> None:
        assert callable(read)
        with pytest.raises(soap.WsManFault) as caught:
            read(soap.parse(envelope(body)))
        assert caught.value.fault == soap.INVALID_SCHEMA


class TestWriting:
    @given(message_id=xml_text, text=xml_text)
    def test_fault(self, message_id: str, text: str) -> None:
        root = ET.fromstring(soap.fault(soap.system_error(2, text), message_id, "DEV<01>"))
        assert root.findtext(f".//{A}RelatesTo") == message_id
        detail = root.find(f".//{{{soap.WSMAN_FAULT}}}WSManFault")
        assert detail is not None
        assert (detail.get("Code"), detail.get("Machine")) == ("2147942402", "DEV<01>")
        assert detail.findtext("*") == text

    @pytest.mark.parametrize(("code", "sent"), [(0, "0"), (5, "5"), (-1, "4294967295"), (-532462766, "3762504530")])
    def test_exit_code_is_unsigned(self, code: int, sent: str) -> None:
        root = ET.fromstring(soap.received(soap.parse(envelope("")), ID, [], ["stdout", "stderr"], code))
        assert root.findtext(f".//{RSP}ExitCode") == sent
        assert [stream.get("End") for stream in root.iter(f"{RSP}Stream")] == ["true", "true"]

    @given(
        written=st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), st.binary(max_size=20_000)), max_size=12),
        size=st.integers(soap.SMALLEST_ENVELOPE, 40_000),
        streams=st.sampled_from([("stdout", "stderr"), ("stdout",)]),
    )
    def test_output_arrives_whole_and_in_order(
        self, written: list[tuple[str, bytes]], size: int, streams: tuple[str, ...]
    ) -> None:
        request = soap.parse(envelope("", size=str(size)))
        arrived = dict.fromkeys(streams, b"")
        everything = False
        command = asyncio.run(new_command())
        for stream, data in written:
            command.write(stream, data)
        while not everything:
            output, everything = command.take(streams, size - soap.ENVELOPE_OVERHEAD)
            answer = soap.received(request, command.id, output, streams, 3762504530)
            assert len(answer) <= size
            for element in ET.fromstring(answer).iter(f"{RSP}Stream"):
                arrived[element.attrib["Name"]] += base64.b64decode(element.text or "")
        assert arrived == {name: b"".join(data for stream, data in written if stream == name) for name in streams}


async def new_command() -> Command:
    """A command; it wants an event loop to be made on."""
    return Command(str(uuid.uuid4()))


class TestWithPywinrm:
    """pywinrm's own header builder is read, and its parsing of a fault agrees with what is written."""

    def test_its_header(self) -> None:
        import xmltodict

        protocol = Protocol("http://127.0.0.1/wsman", username="u", password="p", operation_timeout_sec=7)
        message = {"env:Envelope": protocol.build_wsman_header(f"{soap.SHELL}/Receive", soap.CMD_SHELL, ID)}
        message["env:Envelope"]["env:Body"] = {"rsp:Receive": {"rsp:DesiredStream": "stdout stderr"}}
        request = soap.parse(xmltodict.unparse(message).encode())
        assert (request.action, request.operation_timeout, request.shell_id) == ("Receive", 7, ID)
        assert soap.desired_streams(request) == (None, ("stdout", "stderr"))


def test_a_command_that_waits_in_vain() -> None:
    async def wait() -> tuple[bool, bool]:
        command = Command(ID)
        before = await command.news(("stdout",), 0.01)
        command.write("stderr", b"not asked for")
        return before, await command.news(("stdout",), 0.01)

    assert asyncio.run(wait()) == (False, False)
