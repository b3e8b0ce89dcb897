"""Certificates: made, kept, renewed, and good enough for clients that check them."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import stat
from pathlib import Path
from typing import Any

import pytest
from atoll.core.clock import ManualClock, SystemClock
from atoll.gateway.settings import BadSetting, Settings
from atoll.gateway.tls import given_context, own_context, server_context
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

DAY = 86400.0


def held(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / "certificate.pem").read_bytes())


def test_who_it_is_for(tmp_path: Path) -> None:
    own_context(tmp_path, SystemClock(), ("Atoll.test", "10.1.2.3", "", "localhost"))
    names = held(tmp_path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) >= {
        "localhost",
        "*.localhost",
        "localhost.localstack.cloud",
        "*.localhost.localstack.cloud",
        "*.s3.localhost.localstack.cloud",
        "*.eu-central-1.localhost.localstack.cloud",
        "*.s3.us-gov-west-1.localhost.localstack.cloud",
        "atoll.test",
        "*.us-east-1.atoll.test",
    }
    addresses = {"127.0.0.1", "::1", "10.1.2.3"}
    assert set(names.get_values_for_type(x509.IPAddress)) == {ipaddress.ip_address(text) for text in addresses}
    public = held(tmp_path).public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert isinstance(public.curve, ec.SECP256R1)


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    own_context(tmp_path / "tls", SystemClock())
    files = sorted(tmp_path.rglob("*.*"))
    assert [file.name for file in files] == ["certificate.pem", "key.pem"]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]


def test_it_is_kept_until_shortly_before_it_expires(tmp_path: Path) -> None:
    clock = ManualClock()
    own_context(tmp_path, clock)
    first = held(tmp_path)
    clock.advance(790 * DAY)
    own_context(tmp_path, clock)
    assert held(tmp_path) == first
    clock.advance(10 * DAY)
    own_context(tmp_path, clock)
    assert held(tmp_path) != first
    assert held(tmp_path).not_valid_after_utc > first.not_valid_after_utc


def test_it_is_made_anew_for_a_new_host(tmp_path: Path) -> None:
    clock = ManualClock()
    own_context(tmp_path, clock)
    first = held(tmp_path)
    own_context(tmp_path, clock, ("atoll.test",))
    second = held(tmp_path)
    assert second != first
    own_context(tmp_path, clock)
    assert held(tmp_path) == second


@pytest.mark.parametrize("broken", ["certificate.pem", "key.pem"])
@pytest.mark.parametrize("content", [None, b"", b"nonsense", "another's"])
def test_it_is_made_anew_where_it_is_broken(broken: str, content: Any, tmp_path: Path) -> None:
    clock = ManualClock()
    own_context(tmp_path, clock)
    if content is None:
        (tmp_path / broken).unlink()
    elif content == "another's":
        own_context(tmp_path / "other", clock)
        (tmp_path / broken).write_bytes((tmp_path / "other" / broken).read_bytes())
    else:
        (tmp_path / broken).write_bytes(content)
    own_context(tmp_path, clock)
    held(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "sqs.eu-central-1.localhost.localstack.cloud",
        "sqs.localhost",
        "sqs.eu-west-1.localhost",
        "queue.localhost",
        "eu-west-1.queue.localhost",
        "sts.localhost",
        "s3.localhost",
        "b.s3.localhost",
        "b.s3.eu-west-1.localhost",
    ],
)
def test_a_strict_client_trusts_it(name: str, tmp_path: Path, serving: Any, run: Any, echo: Any) -> None:
    """With it as its only authority, as AWS_CA_BUNDLE names it."""
    import asyncio

    settings = Settings(tls=True)
    context = server_context(settings, tmp_path, SystemClock())
    client = ssl.create_default_context(cafile=tmp_path / "tls" / "certificate.pem")
    client.verify_flags |= ssl.VERIFY_X509_STRICT

    async def talk() -> bytes:
        async with serving(echo, ssl=context) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=client, server_hostname=name)
            writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc")
            answer = await reader.read()
            writer.close()
            return answer

    assert run(talk()).startswith(b"HTTP/1.1 200 OK\r\n")
    assert echo.requests[0].scheme == "https"
    assert echo.requests[0].peer == "127.0.0.1"


def test_a_given_certificate(tmp_path: Path) -> None:
    own_context(tmp_path, SystemClock())
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    both = tmp_path / "both.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    for settings in (
        Settings(tls=True, tls_certificate=certificate, tls_key=key),
        Settings(tls=True, tls_certificate=both),
    ):
        context = server_context(settings, tmp_path / "unused", SystemClock())
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert not (tmp_path / "unused").exists()


def test_a_given_certificate_that_does_not_serve(tmp_path: Path) -> None:
    own_context(tmp_path, SystemClock())
    for content in ("", "nonsense", "certificate"):
        file = written(tmp_path / "file.pem", tmp_path, content)
        with pytest.raises(FileNotFoundError):
            given_context(tmp_path / "none.pem", file)
        with pytest.raises(FileNotFoundError):
            given_context(file, tmp_path / "none.pem")


def in_pem(key: Any, pass_phrase: bytes = b"") -> bytes:
    protection = serialization.BestAvailableEncryption(pass_phrase) if pass_phrase else serialization.NoEncryption()
    written: bytes = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)
    return written


def written(path: Path, folder: Path, content: str) -> Path:
    """`path` with the content: words, or what the certificate and the key in `folder` are called by."""
    certificate, key = ((folder / name).read_bytes() for name in ("certificate.pem", "key.pem"))
    kept: dict[str, bytes] = {
        "certificate": certificate,
        "key": key,
        "with pass phrase": in_pem(serialization.load_pem_private_key(key, None), b"word"),
        "another key": in_pem(ec.generate_private_key(ec.SECP256R1())),
        "a key of another kind": in_pem(rsa.generate_private_key(65537, 2048)),
    }
    path.write_bytes(b"".join(kept.get(part, part.encode()) for part in content.split(" + ")))
    return path


@pytest.mark.parametrize(
    ("certificate", "key", "option", "words"),
    [
        ("certificate", None, "--tls-certificate", "c.pem holds no private key in PEM: add it there, or"),
        ("key", None, "--tls-certificate", "c.pem holds no certificate in PEM"),
        ("nonsense", "key", "--tls-certificate", "c.pem holds no certificate in PEM"),
        ("", "key", "--tls-certificate", "c.pem holds no certificate in PEM"),
        ("key", "certificate", "--tls-certificate", "c.pem holds no certificate in PEM"),
        ("certificate", "nonsense", "--tls-key", "k.pem holds no private key in PEM"),
        ("certificate", "", "--tls-key", "k.pem holds no private key in PEM"),
        ("certificate", "certificate", "--tls-key", "k.pem holds no private key in PEM"),
        ("certificate", "with pass phrase", "--tls-key", "k.pem has a pass phrase: give it without"),
        ("certificate + with pass phrase", None, "--tls-certificate", "c.pem has a pass phrase: give it without"),
        ("certificate", "another key", "--tls-key", "k.pem is not that of "),
        ("certificate", "a key of another kind", "--tls-key", "k.pem is not that of "),
        ("certificate + another key", None, "--tls-certificate", "c.pem is not that of "),
    ],
)
def test_the_file_that_is_wrong_is_named(
    certificate: str, key: str | None, option: str, words: str, tmp_path: Path
) -> None:
    own_context(tmp_path, SystemClock())
    chain = written(tmp_path / "c.pem", tmp_path, certificate)
    secret = None if key is None else written(tmp_path / "k.pem", tmp_path, key)
    with pytest.raises(BadSetting) as caught:
        given_context(chain, secret)
    assert caught.value.option == option
    assert str(tmp_path / words.split()[0]) in str(caught.value)
    assert words in str(caught.value)


def test_a_key_that_openssl_finds_too_weak(tmp_path: Path) -> None:
    files = tmp_path / "c.pem", tmp_path / "k.pem"
    private = rsa.generate_private_key(65537, 1024)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Weak")])
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    weak = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    weak = weak.serial_number(1).not_valid_before(until).not_valid_after(until)
    files[0].write_bytes(weak.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(in_pem(private))
    with pytest.raises(BadSetting, match=r"c\.pem cannot be used \(EE_KEY_TOO_SMALL\)"):
        given_context(*files)


def test_the_host_of_the_settings_is_a_name(tmp_path: Path) -> None:
    settings = Settings(tls=True, host="0.0.0.0", public_host="atoll.example:4566")
    server_context(settings, tmp_path, SystemClock())
    names = held(tmp_path / "tls").extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "atoll.example" in names.get_values_for_type(x509.DNSName)
