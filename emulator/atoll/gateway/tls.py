"""TLS: with the certificate that is given, or with one that Atoll makes for itself and keeps in its data folder.

The endpoint's own certificate is for the names under which one machine is reached: localhost and
localhost.localstack.cloud (whose addresses are loopback's), the hosts of the settings, and the subdomains that AWS has
(S3's virtual hosts, every region's SQS). Clients trust it by `AWS_CA_BUNDLE=DATA/tls/certificate.pem`.
"""

from __future__ import annotations

import datetime
import ipaddress
import logging
import os
import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from atoll.core.clock import Clock
from atoll.gateway.settings import BadSetting, Settings
from atoll.wire.models import region_names

if TYPE_CHECKING:
    from cryptography import x509

log = logging.getLogger(__name__)

_ALWAYS: Final = ("localhost", "localhost.localstack.cloud", "127.0.0.1", "::1")
_SERVICES: Final = ("sqs", "queue", "sts", "s3")
"""What stands before a domain without a region: in queue URLs, in endpoints that are for all regions."""

_HOST_NAME: Final = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_LIFETIME: Final = datetime.timedelta(days=825)
"""The longest that Apple's systems accept of a certificate. https://support.apple.com/en-us/103769"""
_BACKDATED: Final = datetime.timedelta(days=1)
_RENEWED_BEFORE: Final = datetime.timedelta(days=30)


def server_context(settings: Settings, folder: Path, clock: Clock) -> ssl.SSLContext:
    """The context that the settings ask for; `folder` is the data folder.

    Raises OSError where a file cannot be read or written, BadSetting where a given one does not serve.
    """
    if settings.tls_certificate is not None:
        return given_context(settings.tls_certificate, settings.tls_key)
    hosts = [address.host for address in settings.addresses]
    return own_context(folder / "tls", clock, (*hosts, settings.public_name))


def given_context(certificate: Path, key: Path | None = None) -> ssl.SSLContext:
    """A context with a certificate chain and its key, in PEM; without `key` both are in one file. Raises as above."""
    for path in (certificate, key):
        if path is not None:
            # What `load_cert_chain` raises does not name the file.
            path.open("rb").close()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without a pass phrase OpenSSL asks for one, at the terminal.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        raise _fault(certificate, key, error) from None
    return context


def _fault(certificate: Path, key: Path | None, error: ssl.SSLError) -> BadSetting:
    """Which of the files is wrong, and how: OpenSSL says neither."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    holder, option = (certificate, "--tls-certificate") if key is None else (key, "--tls-key")
    elsewhere = "add it there, or give its file with --tls-key" if key is None else "give the certificate's"
    try:
        public = x509.load_pem_x509_certificates(certificate.read_bytes())[0].public_key()
    except (ValueError, UnsupportedAlgorithm):
        return BadSetting("--tls-certificate", f"{certificate} holds no certificate in PEM: give one")
    try:
        private = load_pem_private_key(holder.read_bytes(), None)
    except TypeError:
        return BadSetting(option, f"the key in {holder} has a pass phrase: give it without (openssl pkey takes it off)")
    except (ValueError, UnsupportedAlgorithm):
        return BadSetting(option, f"{holder} holds no private key in PEM: {elsewhere}")
    if private.public_key() != public:
        return BadSetting(option, f"the key in {holder} is not that of {certificate}: give two that belong together")
    return BadSetting("--tls-certificate", f"{certificate} cannot be used ({error.reason}): give another")


def own_context(folder: Path, clock: Clock, hosts: Sequence[str] = ()) -> ssl.SSLContext:
    """A context with a certificate of Atoll's own, made or renewed in `folder` where there is none that serves.

    `hosts` are further names and addresses to be valid for. Raises OSError where the folder cannot be written.
    """
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    names = _names(hosts)
    if _serves(certificate, names, clock):
        try:
            return given_context(certificate, key)
        except (OSError, BadSetting):
            # One of the two was lost or replaced: a new pair serves as well.
            log.warning("the certificate in %s and its key do not match; both are made anew", folder)
    _make(certificate, key, names, clock)
    return given_context(certificate, key)


def _names(hosts: Sequence[str]) -> list[x509.GeneralName]:
    """Who the certificate is for. An address that stands for all of the machine's adds the machine's name."""
    from cryptography import x509

    own = [socket.gethostname() if host in ("0.0.0.0", "::") else host.lower() for host in hosts]
    names: dict[x509.GeneralName, None] = {}
    for host in (*_ALWAYS, *own):
        try:
            names[x509.IPAddress(ipaddress.ip_address(host))] = None
        except ValueError:
            if not _HOST_NAME.fullmatch(host):
                continue
            names.update((x509.DNSName(name), None) for name in (host, *_subdomains(host)))
    return list(names)


def _subdomains(domain: str) -> Iterator[str]:
    """What AWS has before its own domain: a wildcard is for one label, so each region needs one."""
    yield f"*.{domain}"
    if "." not in domain:
        # Clients by OpenSSL take no wildcard for `*.localhost`, but one for `*.eu-west-1.localhost`.
        yield from (f"{service}.{domain}" for service in _SERVICES)
    yield f"*.s3.{domain}"
    yield f"*.queue.{domain}"
    for region in region_names():
        yield f"*.{region}.{domain}"
        yield f"*.s3.{region}.{domain}"


def _serves(certificate: Path, names: list[x509.GeneralName], clock: Clock) -> bool:
    """Whether there is a certificate that is for all these names, and will be for a while."""
    from cryptography import x509

    try:
        held = x509.load_pem_x509_certificate(certificate.read_bytes())
        for_names = held.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    now = datetime.datetime.fromtimestamp(clock.now(), datetime.UTC)
    in_time = held.not_valid_before_utc <= now < held.not_valid_after_utc - _RENEWED_BEFORE
    return in_time and set(names) <= set(for_names)


def _make(certificate: Path, key: Path, names: list[x509.GeneralName], clock: Clock) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Atoll")])
    now = datetime.datetime.fromtimestamp(clock.now(), datetime.UTC)
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now - _BACKDATED + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        # Its own authority, or strict clients would not take it as one to trust.
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate.parent.mkdir(parents=True, exist_ok=True)
    pem = serialization.Encoding.PEM
    secret = private.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(key, secret)
    _write(certificate, built.public_bytes(pem))


def _write(path: Path, content: bytes) -> None:
    """Writes a file that only its owner may read, whole or not at all."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
