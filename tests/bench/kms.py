"""KMS under load: what its callers do most."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import boto3

from tests.bench import messages
from tests.bench.load import MakeScript, Scenario, repeat
from tests.bench.processes import Server

JSON = "application/x-amz-json-1.1"
PLAINTEXT = b"x" * 1024
SIGNING = "RSASSA_PSS_SHA_256"


def request(host: str, operation: str, params: dict[str, Any]) -> bytes:
    headers = {
        "Content-Type": JSON,
        "X-Amz-Target": f"TrentService.{operation}",
        **messages.unsigned_headers("kms", messages.ACCOUNT),
    }
    return messages.render(host, headers, json.dumps(params).encode())


def client_of(server: Server) -> Any:
    return boto3.client(
        "kms",
        endpoint_url=f"http://{server.host}",
        region_name=messages.REGION,
        aws_access_key_id=messages.ACCOUNT,
        aws_secret_access_key="test",
    )


def encrypt(server: Server) -> MakeScript:
    key = client_of(server).create_key()["KeyMetadata"]["KeyId"]
    params = {"KeyId": key, "Plaintext": b64encode(PLAINTEXT).decode()}
    return repeat([request(server.host, "Encrypt", params)], b'"CiphertextBlob"')


def decrypt(server: Server) -> MakeScript:
    client = client_of(server)
    key = client.create_key()["KeyMetadata"]["KeyId"]
    blob = client.encrypt(KeyId=key, Plaintext=PLAINTEXT)["CiphertextBlob"]
    params = {"CiphertextBlob": b64encode(blob).decode()}
    return repeat([request(server.host, "Decrypt", params)], b'"Plaintext"')


def sign(server: Server) -> MakeScript:
    key = client_of(server).create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    params = {"KeyId": key, "Message": b64encode(b"message").decode(), "SigningAlgorithm": SIGNING}
    return repeat([request(server.host, "Sign", params)], b'"Signature"')


SCENARIOS = (
    Scenario("Encrypt of 1 KB", encrypt, 1.3),
    Scenario("Decrypt of 1 KB", decrypt, 1.3),
    Scenario("Sign with RSA-2048", sign, 10.0),
)
