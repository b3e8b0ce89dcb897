"""Secrets Manager by the AWS CLI, which makes ClientRequestTokens by itself: in the owner's account, and by ARN in
another account and region."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

ROUND = """
set -euo pipefail
eval "$(atoll env payments)"
key=$(aws kms create-key --query KeyMetadata.Arn --output text)
arn=$(aws secretsmanager create-secret --name cli --secret-string "$1" --kms-key-id "$key" --query ARN --output text)
aws secretsmanager get-secret-value --secret-id cli --query SecretString --output text
eval "$(atoll env orders)"
export AWS_DEFAULT_REGION=us-east-1 AWS_REGION=us-east-1
aws secretsmanager put-secret-value --secret-id "$arn" --secret-binary two --query VersionStages[0]
aws secretsmanager get-secret-value --secret-id "$arn" --query SecretBinary --output text | base64 -d
if aws secretsmanager get-secret-value --secret-id cli; then exit 1; fi
aws secretsmanager delete-secret --secret-id "$arn" --force-delete-without-recovery --query Name
"""
VALUE = "żółw & <b>"


def test_a_round(declared: Any, run: Callable[..., Any]) -> None:
    ended = run("bash", "-c", ROUND, "bash", VALUE, ATOLL_ENDPOINT=declared.url)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == f'{VALUE}\n"AWSCURRENT"\ntwo"cli"\n'
    assert "An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation" in ended.stderr


def test_awslocal(declared: Any, run: Callable[..., Any]) -> None:
    def awslocal(*arguments: str) -> Any:
        ended = run("awslocal", "secretsmanager", *arguments, AWS_ENDPOINT_URL=declared.url)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    made = awslocal("create-secret", "--name", "local", "--secret-string", VALUE)
    assert made["ARN"].startswith("arn:aws:secretsmanager:us-east-1:000000000000:secret:local-")
    assert awslocal("get-secret-value", "--secret-id", made["ARN"])["SecretString"] == VALUE
    assert len(awslocal("get-random-password", "--password-length", "20")["RandomPassword"]) == 20
