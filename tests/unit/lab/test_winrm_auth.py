"""The WinRM server's logins: what a client without the password, or with a mangled token, gets."""

from __future__ import annotations

import base64
import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import spnego
from hypothesis import given
from hypothesis import strategies as st
from spnego.channel_bindings import GssChannelBindings

from lab.winrm import auth


@dataclass(frozen=True)
class FakeAccount:
    name: str
    password: str


@dataclass
class FakeHost:
    name: str = "DEV01"
    accounts: dict[str, FakeAccount] = field(default_factory=lambda: {"admin": FakeAccount("admin", "right")})

    def authenticate(self, user: str, password: str) -> FakeAccount | None:
        account = self.accounts.get(user.rpartition("\\")[2])
        return account if account and account.password == password else None

    async def run(self, line: str, **_unused: Any) -> int:
        raise AssertionError("nothing runs here")


def rounds(login: auth.NtlmLogin, password: str, protocol: str = "ntlm") -> spnego.ContextProxy:
    client = spnego.client("LAB\\admin", password, protocol=protocol)
    token = client.step()
    while token:
        answer = login.step(token)
        token = client.step(answer) if answer else None
    return client


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
class TestLogin:
    def test_messages_are_sealed_and_unsealed(self, protocol: str) -> None:
        login = auth.NtlmLogin(FakeHost(), None)
        client = rounds(login, "right", protocol)
        assert login.account == FakeAccount("admin", "right")
        for number in range(3):
            message = b"message %d " % number * 1000
            body = login.seal(message)
            assert b"message" not in body
            sealed = body.split(auth._OCTETS)[1].removesuffix(b"--Encrypted Boundary--\r\n")
            assert client.unwrap_winrm(sealed[4:20], sealed[20:]) == message

    def test_wrong_password(self, protocol: str) -> None:
        login = auth.NtlmLogin(FakeHost(), None)
        with pytest.raises(auth.Denied):
            rounds(login, "wrong", protocol)
        assert login.account is None

    @given(cut=st.integers(0, 400), flip=st.integers(0, 400), bit=st.integers(0, 7), last=st.booleans())
    def test_mangled_tokens_are_denied(self, protocol: str, cut: int, flip: int, bit: int, last: bool) -> None:
        """A token that was cut off or changed never raises anything but Denied."""
        login = auth.NtlmLogin(FakeHost(), None)
        client = spnego.client("LAB\\admin", "wrong", protocol=protocol)
        token = client.step() or b""
        if last:
            token = client.step(login.step(token)) or b""
        mangled = bytearray(token[: max(1, cut)])
        mangled[flip % len(mangled)] ^= 1 << bit
        with contextlib.suppress(auth.Denied):
            login.step(bytes(mangled))
        assert login.account is None


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
def test_clients_word_that_it_is_accepted_counts_for_nothing(protocol: str) -> None:
    """SPNEGO's "accept-completed" from the client, beside a claim that was not proved."""
    login = auth.NtlmLogin(FakeHost(), None)
    client = spnego.client("LAB\\admin", "wrong", protocol=protocol)
    claim = client.step(login.step(client.step() or b"")) or b""
    accepted = bytes.fromhex("a1073005a0030a0100")
    with contextlib.suppress(auth.Denied):
        login.step(accepted + claim[claim.index(b"NTLMSSP") :])
    assert login.account is None


@pytest.mark.parametrize(("bound_to", "accepted"), [(b"this", True), (None, True), (b"another", False)])
def test_binding_to_the_tls_connection(bound_to: bytes | None, accepted: bool) -> None:
    login = auth.NtlmLogin(FakeHost(), GssChannelBindings(application_data=b"this"))
    binding = None if bound_to is None else GssChannelBindings(application_data=bound_to)
    client = spnego.client("LAB\\admin", "right", protocol="ntlm", channel_bindings=binding)
    last = client.step(login.step(client.step() or b"")) or b""
    with contextlib.nullcontext() if accepted else pytest.raises(auth.Denied):
        login.step(last)
    assert (login.account is not None) == accepted


@pytest.mark.parametrize("password", ["right", "wrong"])
def test_login_without_an_nt_response(password: str) -> None:
    """The LM response of an NTLMv2 client is 24 zeros; without an NT response it must not pass for a proof."""
    login = auth.NtlmLogin(FakeHost(), None)
    client = spnego.client("LAB\\admin", password, protocol="ntlm")
    token = bytearray(client.step(login.step(client.step() or b"")) or b"")
    token[20:24] = bytes(4)
    with pytest.raises(auth.Denied):
        login.step(bytes(token))


@pytest.mark.parametrize("user", ["a:b\\admin", "x\n:admin:\\admin", "\x85\\admin"])
def test_names_cannot_reach_into_the_credential_file(user: str) -> None:
    login = auth.NtlmLogin(FakeHost(), None)
    client = spnego.client(user, "right", protocol="ntlm")
    last = client.step(login.step(client.step() or b"")) or b""
    with pytest.raises(auth.Denied):
        login.step(last)


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
def test_messages_in_the_wrong_order(protocol: str) -> None:
    login = auth.NtlmLogin(FakeHost(), None)
    client = spnego.client("LAB\\admin", "right", protocol=protocol)
    first = client.step() or b""
    last = client.step(login.step(first)) or b""
    with pytest.raises(auth.Denied):
        login.step(first)
    with pytest.raises(auth.Denied):
        auth.NtlmLogin(FakeHost(), None).step(last)


@given(st.binary())
def test_rubbish_is_denied(token: bytes) -> None:
    with pytest.raises(auth.Denied):
        auth.NtlmLogin(FakeHost(), None).step(token)


@given(st.binary())
def test_rubbish_is_not_unsealed(body: bytes) -> None:
    login = auth.NtlmLogin(FakeHost(), None)
    rounds(login, "right")
    for sealed in (body, auth._OCTETS + body + b"--Encrypted Boundary--\r\n"):
        with pytest.raises(auth.BadSeal):
            login.unseal(sealed)


@pytest.mark.parametrize("credentials", ["", "*", "YWRtaW4=", base64.b64encode(b"admin:wrong").decode()])
def test_basic_is_denied(credentials: str) -> None:
    with pytest.raises(auth.Denied):
        auth.basic(FakeHost(), credentials)


def test_no_credentials_stay_behind() -> None:
    rounds(auth.NtlmLogin(FakeHost(), None), "right")
    store = Path(os.environ["NTLM_USER_FILE"])
    assert not store.exists()
    assert store.parent.stat().st_mode & 0o077 == 0
