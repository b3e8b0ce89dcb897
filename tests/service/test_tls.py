"""`--tls`: with the certificate that Atoll makes, kept in its folder, or with one that is given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import HTTPClientError, SSLError
from cryptography.hazmat.primitives import serialization


def test_the_certificate_that_is_made(atoll_with: Any, folder: Path) -> None:
    certificate = folder / "tls" / "certificate.pem"
    with atoll_with("--data", str(folder), "--tls") as atoll:
        assert atoll.url.startswith("https://")
        made = certificate.read_bytes()
        sqs = atoll.client("sqs", verify=str(certificate))
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        assert url.startswith("https://127.0.0.1:")
        sqs.send_message(QueueUrl=url, MessageBody="x" * 100_000)
        [message] = sqs.receive_message(QueueUrl=url)["Messages"]
        assert len(message["Body"]) == 100_000
        with pytest.raises(SSLError):
            atoll.client("sts").get_caller_identity()
    with atoll_with("--data", str(folder), "--tls") as atoll:
        assert certificate.read_bytes() == made
        assert atoll.client("sts", verify=str(certificate)).get_caller_identity()["Account"] == "111111111111"
        plain = atoll.client("sts", endpoint_url=atoll.url.replace("https", "http"))
        with pytest.raises(HTTPClientError):
            plain.get_caller_identity()


def test_a_certificate_that_is_given(atoll_with: Any, atoll_refusing: Any, folder: Path, tmp_path: Path) -> None:
    with atoll_with("--data", str(folder), "--tls"):
        own = folder / "tls"
    given = ("--tls-certificate", str(own / "certificate.pem"), "--tls-key", str(own / "key.pem"))
    with atoll_with("--temporary", *given) as atoll:
        sts = atoll.client("sts", verify=str(own / "certificate.pem"))
        assert sts.get_caller_identity()["Account"] == "111111111111"
    code, output = atoll_refusing("--temporary", "--port", "0", "--tls-certificate", str(tmp_path / "none.pem"))
    assert code == 1
    assert f"{tmp_path / 'none.pem'} cannot be read" in output
    (tmp_path / "wrong.pem").write_text("no certificate")
    code, output = atoll_refusing("--temporary", "--port", "0", "--tls-certificate", str(tmp_path / "wrong.pem"))
    assert code == 1
    assert f"--tls-certificate: {tmp_path / 'wrong.pem'} holds no certificate in PEM" in output
    assert "Traceback" not in output
    secret = serialization.load_pem_private_key((own / "key.pem").read_bytes(), None).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"word")
    )
    (tmp_path / "secret.pem").write_bytes(secret)
    code, output = atoll_refusing("--temporary", "--port", "0", *given[:3], str(tmp_path / "secret.pem"))
    assert code == 1
    assert f"--tls-key: the key in {tmp_path / 'secret.pem'} has a pass phrase: give it without" in output
    assert "Traceback" not in output
