"""WS-Management messages: requests are parsed here, answers and faults are written here.

Names and shapes as in MS-WSMV and DSP0226 (WS-Management 1.0); fault codes as in Windows' wsmerror.h.
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
WSMAN_FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
WMI_ERROR = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError"

CMD_SHELL = f"{SHELL}/cmd"
ACTIONS = {
    f"{TRANSFER}/Create": "Create",
    f"{TRANSFER}/Delete": "Delete",
    **{f"{SHELL}/{name}": name for name in ("Command", "Receive", "Send", "Signal")},
}
_URIS = {name: uri for uri, name in ACTIONS.items()}

SMALLEST_ENVELOPE = 8192
# What an answer to Receive holds apart from stream data: header, namespaces, end markers, state.
ENVELOPE_OVERHEAD = 3072
# What one Stream element adds to its base64 text.
STREAM_OVERHEAD = 160


class BadEnvelope(Exception):
    """The bytes are not a WS-Management request."""


class WsManFault(Exception):
    """An operation ends with this fault instead of an answer."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


@dataclass(frozen=True)
class Fault:
    """A WS-Man fault: ``code`` is Windows' error number, ``subcode`` the WS-Management one, ``message`` the detail.

    ``wmi`` writes the number the way that the quota for operations arrives: as MSFT_WmiError, not as WSManFault.
    """

    code: int
    subcode: str
    message: str
    reason: str = ""
    sender: bool = True
    wmi: bool = False

    def error(self) -> WsManFault:
        """This fault as an exception."""
        return WsManFault(self)


OPERATION_TIMEOUT = Fault(
    0x80338029,
    "w:TimedOut",
    "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.",
    sender=False,
)
ACCESS_DENIED = Fault(5, "w:AccessDenied", "Access is denied.")
ABORTED = Fault(
    995,
    "w:InternalError",
    "The I/O operation has been aborted because of either a thread exit or an application request.",
    sender=False,
)
PIPE_CLOSED = Fault(232, "w:InternalError", "The pipe is being closed.", sender=False)
INVALID_PARAMETER = Fault(87, "w:InternalError", "The parameter is incorrect.", sender=False)
INVALID_SCHEMA = Fault(
    0x80338041,
    "w:SchemaValidationError",
    "The SOAP XML in the message does not match the corresponding XML schema definition. Change the XML and retry.",
)
MISSING_SELECTOR = Fault(
    0x8033805A,
    "w:InvalidSelectors",
    "The WS-Management service cannot process the request because the request did not contain all required selectors.",
)
COMMAND_NOT_FOUND = Fault(
    0x8033805B,
    "w:InvalidSelectors",
    "The Windows Remote Shell received a request to perform an operation on a command identifier that does not exist. "
    "Either the command has completed execution or the client specified an invalid command identifier.",
    "The WS-Management service cannot process the request because the request contained invalid selectors for the "
    "resource.",
)
ENVELOPE_TOO_SMALL = Fault(
    0x8033807E,
    "w:EncodingLimit",
    "The WS-Management service cannot process the request because the envelope size in the request is too small.",
)
INVALID_TIMEOUT = Fault(
    0x80338081,
    "a:InvalidMessageInformationHeader",
    "The WS-Management service cannot process the request because the timeout header in the request is invalid.",
)
RECEIVE_IN_PROGRESS = Fault(
    0x80338127,
    "w:InternalError",
    "The Windows Remote Shell cannot process the request: a Receive for this command is already in progress.",
    sender=False,
)
TOO_MANY_OPERATIONS = Fault(
    0x803381A6,
    "w:InternalError",
    "The WS-Management service cannot process the request. The maximum number of concurrent operations for this user "
    "has been exceeded. Close existing operations for this user, or raise the quota for this user.",
    sender=False,
    wmi=True,
)


def system_error(code: int, text: str) -> Fault:
    """The fault for a Win32 error of the system itself, such as a program that can't be started.

    Sent as HRESULT_FROM_WIN32; whether Windows does so for every error was not verified.
    """
    return Fault(0x80070000 | code, "w:InternalError", text, sender=False)


def shell_not_found(shell_id: str) -> Fault:
    """The fault for a shell that does not exist (any more)."""
    return Fault(
        0x8033805B,
        "w:InvalidSelectors",
        f"The request for the Windows Remote Shell with ShellId {shell_id} failed because the shell was not found on "
        "the server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the "
        "server. Provide the correct ShellId or create a new shell and retry the operation.",
        "The WS-Management service cannot process the request because the request contained invalid selectors for the "
        "resource.",
    )


def too_many_shells(limit: int) -> Fault:
    """The fault for one shell more than MaxShellsPerUser."""
    return Fault(
        0x803381A5,
        "w:QuotaLimit",
        "The WS-Management service cannot process the request. This user is allowed a maximum number of "
        f"{limit} concurrent shells, which has been exceeded. Close existing shells or raise the quota for this user.",
        sender=False,
    )


def action_not_supported(action: str) -> Fault:
    """The fault for an action that the service, or this lab, does not know."""
    return Fault(
        0x80338001,
        "a:ActionNotSupported",
        f"The WS-Management service cannot process the request. The WS-Addressing action URI {action} is invalid.",
    )


def resource_not_found(uri: str) -> Fault:
    """The fault for a resource URI that is not the cmd shell's, PowerShell's (psrp) included."""
    return Fault(
        0x80338000,
        "a:DestinationUnreachable",
        "The WS-Management service cannot process the request. The service cannot find the resource identified by "
        f"the resource URI {uri} and selectors.",
    )


@dataclass(frozen=True)
class Request:
    """One parsed request; times in seconds, sizes in bytes, ``body`` is the SOAP body's only child (None if empty)."""

    action: str
    resource_uri: str
    message_id: str
    operation_timeout: float
    max_envelope_size: int
    selectors: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    body: ET.Element | None = None

    @property
    def shell_id(self) -> str | None:
        """The ShellId selector."""
        return self.selectors.get("ShellId")

    def option(self, name: str) -> bool:
        """A boolean option of the OptionSet, false where it is missing."""
        return self.options.get(name, "").upper() in ("TRUE", "1")

    def element(self, name: str) -> ET.Element:
        """The body, which must be ``rsp:name``."""
        if self.body is None or self.body.tag != f"{{{SHELL}}}{name}":
            raise INVALID_SCHEMA.error()
        return self.body


class _NoDoctype(ET.TreeBuilder):
    """Refuses a DOCTYPE, and with it every entity of somebody's own making."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise BadEnvelope("a DOCTYPE is not allowed")


def parse(data: bytes) -> Request:
    """Read one request. Raises BadEnvelope where it is not SOAP, WsManFault where a header is wrong."""
    root = _read(data)
    body = root.find(f"{{{SOAP}}}Body")
    if body is None:
        raise BadEnvelope("no SOAP body")
    content = next(iter(body), None)
    if content is not None and content.tag == f"{{{IDENTITY}}}Identify":
        return Request("Identify", "", "", 60.0, SMALLEST_ENVELOPE, body=content)
    header = root.find(f"{{{SOAP}}}Header")
    if header is None:
        raise BadEnvelope("no SOAP header")
    action = _text(header, f"{{{ADDRESSING}}}Action")
    size = _text(header, f"{{{WSMAN}}}MaxEnvelopeSize") or "153600"
    if not size.isascii() or not size.isdigit():
        raise INVALID_SCHEMA.error()
    if int(size) < SMALLEST_ENVELOPE:
        raise ENVELOPE_TOO_SMALL.error()
    return Request(
        action=ACTIONS.get(action, action),
        resource_uri=_text(header, f"{{{WSMAN}}}ResourceURI"),
        message_id=_text(header, f"{{{ADDRESSING}}}MessageID"),
        operation_timeout=duration(_text(header, f"{{{WSMAN}}}OperationTimeout") or "PT60S"),
        max_envelope_size=int(size),
        selectors=_named(header.find(f"{{{WSMAN}}}SelectorSet"), f"{{{WSMAN}}}Selector"),
        options=_named(header.find(f"{{{WSMAN}}}OptionSet"), f"{{{WSMAN}}}Option"),
        body=content,
    )


def _read(data: bytes) -> ET.Element:
    try:
        root = ET.fromstring(data, parser=ET.XMLParser(target=_NoDoctype()))
    except (ET.ParseError, ValueError, LookupError) as error:  # ValueError, LookupError: a strange XML encoding
        raise BadEnvelope("not XML") from error
    if root.tag != f"{{{SOAP}}}Envelope":
        raise BadEnvelope("not a SOAP 1.2 envelope")
    return root


def _text(parent: ET.Element, tag: str) -> str:
    return (parent.findtext(tag) or "").strip()


def _named(parent: ET.Element | None, tag: str) -> dict[str, str]:
    found = () if parent is None else parent.findall(tag)
    return {entry.get("Name", ""): entry.text or "" for entry in found}


def _guid(wished: str | None) -> str | None:
    """An identifier that the client chose itself; Windows takes nothing but a GUID."""
    if wished is None:
        return None
    try:
        return str(uuid.UUID(wished)).upper()
    except ValueError as error:
        raise INVALID_PARAMETER.error() from error


_DURATION = re.compile(
    r"P(?:(?P<days>[0-9]+)D)?(?:T(?=[0-9])(?:(?P<hours>[0-9]+)H)?(?:(?P<minutes>[0-9]+)M)?"
    r"(?:(?P<seconds>[0-9]+(?:\.[0-9]*)?)S)?)?"
)


def duration(text: str) -> float:
    """Seconds of an xs:duration with days, hours, minutes and seconds (``PT20S``, ``PT7200.000S``)."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise INVALID_TIMEOUT.error()
    days, hours, minutes, seconds = (float(part or 0) for part in match.group("days", "hours", "minutes", "seconds"))
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


@dataclass(frozen=True)
class ShellSettings:
    """What a client asks of a new shell."""

    shell_id: str | None
    environment: Mapping[str, str] = field(repr=False)  # may hold passwords
    working_directory: str | None
    codepage: int
    idle_timeout: float
    input_streams: frozenset[str]
    output_streams: frozenset[str]


def shell_settings(request: Request) -> ShellSettings:
    """The settings in a Create request; the idle time-out in seconds."""
    shell = request.element("Shell")
    environment = shell.find(f"{{{SHELL}}}Environment")
    codepage = request.options.get("WINRS_CODEPAGE", "437")
    if not codepage.isascii() or not codepage.isdigit():
        raise INVALID_PARAMETER.error()
    return ShellSettings(
        shell_id=_guid(shell.get("ShellId")),
        environment=_named(environment, f"{{{SHELL}}}Variable"),
        working_directory=shell.findtext(f"{{{SHELL}}}WorkingDirectory") or None,
        codepage=int(codepage),
        idle_timeout=duration(_text(shell, f"{{{SHELL}}}IdleTimeOut") or "PT7200S"),
        input_streams=frozenset(_text(shell, f"{{{SHELL}}}InputStreams").split()),
        output_streams=frozenset(_text(shell, f"{{{SHELL}}}OutputStreams").split()),
    )


def command_line(request: Request) -> tuple[str | None, str]:
    """(wished command id, command line) of a Command request.

    Arguments arrive as one element (pywinrm) or as one each (pypsrp); Windows joins them with blanks.
    """
    line = request.element("CommandLine")
    command = line.findtext(f"{{{SHELL}}}Command")
    if not command:
        raise INVALID_SCHEMA.error()
    arguments = [argument.text or "" for argument in line.findall(f"{{{SHELL}}}Arguments")]
    return _guid(line.get("CommandId")), " ".join([command, *arguments])


def desired_streams(request: Request) -> tuple[str | None, tuple[str, ...]]:
    """(command id, names of streams) of a Receive request."""
    desired = request.element("Receive").find(f"{{{SHELL}}}DesiredStream")
    if desired is None:
        raise INVALID_SCHEMA.error()
    return desired.get("CommandId"), tuple((desired.text or "").split())


@dataclass(frozen=True)
class Input:
    """One piece of input for a command."""

    command_id: str | None
    stream: str
    data: bytes = field(repr=False)
    end: bool


def stream_input(request: Request) -> list[Input]:
    """The pieces in a Send request."""
    pieces = []
    for stream in request.element("Send").findall(f"{{{SHELL}}}Stream"):
        try:
            data = base64.b64decode(stream.text or "", validate=True)
        except (binascii.Error, ValueError) as error:  # ValueError: text that is not ASCII
            raise INVALID_SCHEMA.error() from error
        end = stream.get("End", "false").lower() in ("true", "1")
        pieces.append(Input(stream.get("CommandId"), stream.get("Name", ""), data, end))
    return pieces


def signal(request: Request) -> tuple[str | None, str]:
    """(command id, signal in lower case: ``terminate``, ``ctrl_c``, ``ctrl_break``) of a Signal request."""
    element = request.element("Signal")
    code = _text(element, f"{{{SHELL}}}Code")
    prefix = f"{SHELL}/signal/"
    if not code.startswith(prefix):
        raise INVALID_PARAMETER.error()
    return element.get("CommandId"), code[len(prefix) :].lower()


def created(request: Request, address: str, settings: ShellSettings, shell_id: str, owner: str) -> bytes:
    """The answer to Create."""
    reference = (
        "<x:ResourceCreated>"
        f"<a:Address>{escape(address)}</a:Address>"
        f"<a:ReferenceParameters><w:ResourceURI>{CMD_SHELL}</w:ResourceURI>"
        f'<w:SelectorSet><w:Selector Name="ShellId">{escape(shell_id)}</w:Selector></w:SelectorSet>'
        "</a:ReferenceParameters></x:ResourceCreated>"
    )
    shell = (
        "<rsp:Shell>"
        f"<rsp:ShellId>{escape(shell_id)}</rsp:ShellId>"
        f"<rsp:ResourceUri>{CMD_SHELL}</rsp:ResourceUri>"
        f"<rsp:Owner>{escape(owner)}</rsp:Owner>"
        f"<rsp:IdleTimeOut>PT{settings.idle_timeout:.3f}S</rsp:IdleTimeOut>"
        f"<rsp:InputStreams>{escape(' '.join(sorted(settings.input_streams)))}</rsp:InputStreams>"
        f"<rsp:OutputStreams>{escape(' '.join(sorted(settings.output_streams, reverse=True)))}</rsp:OutputStreams>"
        "</rsp:Shell>"
    )
    return _envelope(f"{TRANSFER}/CreateResponse", request.message_id, reference + shell)


def command_started(request: Request, command_id: str) -> bytes:
    """The answer to Command."""
    body = f"<rsp:CommandResponse><rsp:CommandId>{escape(command_id)}</rsp:CommandId></rsp:CommandResponse>"
    return _envelope(f"{SHELL}/CommandResponse", request.message_id, body)


def received(
    request: Request,
    command_id: str,
    output: Iterable[tuple[str, bytes]],
    ended: Iterable[str] = (),
    exit_code: int | None = None,
) -> bytes:
    """The answer to Receive: pieces of output in order, streams that ended, the exit code of a command that is done.

    Exit codes go out unsigned, as they do from Windows: -1 is 4294967295.
    """
    identity = f"CommandId={quoteattr(command_id)}"
    streams = "".join(
        f"<rsp:Stream Name={quoteattr(name)} {identity}>{base64.b64encode(data).decode('ascii')}</rsp:Stream>"
        for name, data in output
    )
    ends = "".join(f'<rsp:Stream Name={quoteattr(name)} {identity} End="true"></rsp:Stream>' for name in ended)
    if exit_code is None:
        state = f'<rsp:CommandState {identity} State="{SHELL}/CommandState/Running"></rsp:CommandState>'
    else:
        state = (
            f'<rsp:CommandState {identity} State="{SHELL}/CommandState/Done">'
            f"<rsp:ExitCode>{exit_code & 0xFFFFFFFF}</rsp:ExitCode></rsp:CommandState>"
        )
    body = f"<rsp:ReceiveResponse>{streams}{ends}{state}</rsp:ReceiveResponse>"
    return _envelope(f"{SHELL}/ReceiveResponse", request.message_id, body)


def done(request: Request) -> bytes:
    """The empty answer to Send, Signal or Delete."""
    body = "" if request.action == "Delete" else f"<rsp:{request.action}Response></rsp:{request.action}Response>"
    return _envelope(f"{_URIS[request.action]}Response", request.message_id, body)


def identified() -> bytes:
    """The answer to Identify."""
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{SOAP}"><s:Header></s:Header><s:Body>'
        f'<wsmid:IdentifyResponse xmlns:wsmid="{IDENTITY}">'
        f"<wsmid:ProtocolVersion>{WSMAN}</wsmid:ProtocolVersion>"
        "<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
        "<wsmid:ProductVersion>OS: 10.0.20348 SP: 0.0 Stack: 3.0</wsmid:ProductVersion>"
        "</wsmid:IdentifyResponse></s:Body></s:Envelope>"
    ).encode()


def fault(problem: Fault, relates_to: str, machine: str) -> bytes:
    """A fault; it goes out with HTTP status 500."""
    if problem.wmi:
        detail = (
            f'<p:MSFT_WmiError xmlns:p="{WMI_ERROR}">'
            f"<p:error_Code>{problem.code}</p:error_Code><p:error_Type>HRESULT</p:error_Type>"
            f"<p:error_WindowsErrorMessage>{escape(problem.message)}</p:error_WindowsErrorMessage>"
            "</p:MSFT_WmiError>"
        )
    else:
        detail = (
            f'<f:WSManFault xmlns:f="{WSMAN_FAULT}" Code="{problem.code}" Machine={quoteattr(machine)}>'
            f"<f:Message>{escape(problem.message)}</f:Message></f:WSManFault>"
        )
    body = (
        "<s:Fault>"
        f"<s:Code><s:Value>s:{'Sender' if problem.sender else 'Receiver'}</s:Value>"
        f"<s:Subcode><s:Value>{escape(problem.subcode)}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{escape(problem.reason or problem.message)}</s:Text></s:Reason>'
        f"<s:Detail>{detail}</s:Detail></s:Fault>"
    )
    return _envelope(FAULT_ACTION, relates_to, body)


def _envelope(action: str, relates_to: str, body: str) -> bytes:
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:x="{TRANSFER}"'
        f' xmlns:w="{WSMAN}" xmlns:rsp="{SHELL}">'
        f"<s:Header><a:Action>{escape(action)}</a:Action><a:To>{ADDRESSING}/role/anonymous</a:To>"
        f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()
