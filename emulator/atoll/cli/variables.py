"""The environment's part in the settings of `atoll up`. What is said first counts:

    --option on the command line, ATOLL_OPTION, LocalStack's variable, the default

LocalStack's variables are other spellings of options (`LOCALSTACK`); each may begin with `LOCALSTACK_`, as in its
container. Those without a meaning here are left alone; the few whose users would be misled are named in the log
(`UNHEEDED`). A variable that is empty says nothing.

https://docs.localstack.cloud/references/configuration/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum
from typing import Any, Final, NamedTuple

from atoll.gateway.settings import BadSetting, Listen, Settings, read_list, read_listen

PREFIX: Final = "ATOLL_"
LOCALSTACK_HOST: Final = "localhost.localstack.cloud"
"""The host in the URLs that LocalStack issues; a public name of 127.0.0.1."""

_TRUE: Final = ("1", "true")
_FALSE: Final = ("0", "false")
_LEVELS: Final = {
    "trace-internal": "debug",
    "trace": "debug",
    "debug": "debug",
    "info": "info",
    "warn": "warning",
    "warning": "warning",
    "error": "error",
}
_STYLES: Final = ("standard", "domain", "path", "dynamic", "off")
_GROUPS: Final = {
    "serverless": ("cloudformation", "cloudwatch", "iam", "sts", "lambda", "dynamodb", "apigateway", "s3"),
    "cognito": ("cognito-idp", "cognito-identity"),
    "timestream": ("timestream-write", "timestream-query"),
}
"""What LocalStack takes as the name of several services."""
_NEEDS: Final = {
    "cloudformation": ("s3", "sts"),
    "dynamodb": ("dynamodbstreams",),
    "dynamodbstreams": ("kinesis",),
    "es": ("opensearch",),
    "firehose": ("kinesis",),
    "lambda": ("s3", "sts"),
    "secretsmanager": ("kms", "lambda"),
    "ssm": ("secretsmanager",),
    "transcribe": ("s3",),
}
"""Services that LocalStack enables with one."""


class Rank(IntEnum):
    """Who says it; the lower one counts."""

    COMMAND_LINE = 0
    OWN = 1
    LOCALSTACK = 2


class Given(NamedTuple):
    """The value of an option. `source` is what a message calls it by."""

    value: Any
    source: str
    rank: Rank


class Variable(NamedTuple):
    """One of LocalStack's, and the setting that it gives. `read` raises ValueError, and returns None where the variable
    says nothing of it."""

    name: str
    setting: str
    read: Callable[[str], Any]


def _boolean(text: str) -> bool:
    if text.lower() not in _TRUE + _FALSE:
        raise ValueError("it is 0 or 1")
    return text.lower() in _TRUE


def _one_of(meanings: Mapping[str, str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in meanings:
            raise ValueError(f"it is one of {', '.join(meanings)}")
        return meanings[text.lower()]

    return read


def _listens(text: str) -> tuple[Listen, ...]:
    return tuple(map(read_listen, read_list(text)))


def _public_host(text: str) -> str:
    """Without a port, it is the caller's, which 0 stands for, since a container's may be another one outside."""
    host, _, port = text.rpartition(":") if re.search(r":\d*$", text) else (text, "", "")
    return f"{host or LOCALSTACK_HOST}:{port or 0}"


def _services(text: str) -> tuple[str, ...]:
    """Ports behind the names, which LocalStack once took, are left out."""
    found: dict[str, None] = {}
    named = [re.split("[:=]", word)[0] for word in reversed(read_list(text))]
    while named:
        name = named.pop()
        if name in _GROUPS:
            named += reversed(_GROUPS[name])
        elif name not in found:
            found[name] = None
            named += reversed(_NEEDS.get(name, ()))
    return tuple(found)


LOCALSTACK: Final = (
    Variable("GATEWAY_LISTEN", "listen", _listens),
    Variable("LOCALSTACK_HOST", "public_host", _public_host),
    Variable("LS_LOG", "log_level", _one_of(_LEVELS)),
    Variable("DEBUG", "log_level", lambda text: "debug" if _boolean(text) else None),
    Variable("PERSISTENCE", "temporary", lambda text: not _boolean(text)),
    # Off, it lets all services be loaded, whatever SERVICES says.
    Variable("STRICT_SERVICE_LOADING", "service", lambda text: None if _boolean(text) else ()),
    Variable("SERVICES", "service", _services),
    Variable("EAGER_SERVICE_LOADING", "eager", _boolean),
    Variable("SQS_ENDPOINT_STRATEGY", "queue_url_style", _one_of({style: style for style in _STYLES})),
    Variable("SQS_DELAY_PURGE_RETRY", "sqs_delay_purge_retry", _boolean),
    Variable("SQS_DELAY_RECENTLY_DELETED", "sqs_delay_recently_deleted", _boolean),
    Variable("PARITY_AWS_ACCESS_KEY_ID", "parity_access_keys", _boolean),
    Variable("DISABLE_CORS_CHECKS", "no_cors_checks", _boolean),
    Variable("DISABLE_CORS_HEADERS", "no_cors_headers", _boolean),
    Variable("EXTRA_CORS_ALLOWED_ORIGINS", "cors_origin", read_list),
    Variable("EXTRA_CORS_ALLOWED_HEADERS", "cors_header", read_list),
    Variable("EXTRA_CORS_EXPOSE_HEADERS", "cors_expose_header", read_list),
)
"""Of two that give the same setting, the first counts."""

UNHEEDED: Final = {
    "AUTO_LOAD_POD": "load a snapshot with `atoll snapshot load` from a script in ready.d",
    "CUSTOM_SSL_CERT_PATH": "give the certificate with --tls-certificate",
    "EDGE_BIND_HOST": "GATEWAY_LISTEN or --host says it",
    "EDGE_PORT": "GATEWAY_LISTEN or --port says it",
    "ENFORCE_IAM": "policies are kept, and decide nothing yet",
    "EXTENSION_AUTO_INSTALL": "there are no extensions",
    "HOSTNAME_EXTERNAL": "LOCALSTACK_HOST or --public-host says it",
    "INIT_SCRIPTS_PATH": "scripts are looked for in /etc/localstack/init, or in ATOLL_INIT_FOLDER",
    "USE_SSL": "--tls serves https, and URLs are then issued with it",
}
"""LocalStack's variables that nothing comes of here though their users may count on them, and what to do instead."""


def own_name(setting: str) -> str:
    """Atoll's variable for a setting."""
    return PREFIX + setting.upper()


def complete(given: Mapping[str, Given], environment: Mapping[str, str]) -> Settings:
    """The settings that come of what is given on the command line and by Atoll's variables, by setting, and of
    LocalStack's variables. Raises BadSetting, which names the variable that is to blame."""
    values = dict(given)
    for variable in LOCALSTACK:
        if variable.setting in values:
            continue
        name, text = _spelled(variable.name, environment)
        if text:
            try:
                value = variable.read(text)
            except ValueError as error:
                raise BadSetting(name, f"{error}, and not {text!r}: correct or unset it") from None
            if value is not None:
                values[variable.setting] = Given(value, name, Rank.LOCALSTACK)
    _settle_addresses(values)
    _settle_folder(values)
    _settle_urls(values)
    settings = Settings(**{setting: each.value for setting, each in values.items()})
    try:
        settings.check()
    except BadSetting as error:
        blamed = values.get(error.option.removeprefix("--").replace("-", "_"))
        raise BadSetting(blamed.source if blamed else error.option, str(error)) from None
    return settings


def unheeded(environment: Mapping[str, str]) -> Iterator[str]:
    """A line for each variable that is set and would mislead."""
    for variable, words in UNHEEDED.items():
        name, text = _spelled(variable, environment)
        if text and text.lower() not in _FALSE:
            yield f"{name} is not heeded: {words}"


def _spelled(variable: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """The name by which one of LocalStack's variables is set, and what it says."""
    for name in (f"LOCALSTACK_{variable}", variable):
        if text := environment.get(name, "").strip():
            return name, text
    return variable, ""


def _settle_addresses(values: dict[str, Given]) -> None:
    """A host or port that counts more than the list of addresses is in place of all those in the list."""
    listen = values.get("listen")
    if listen is None:
        return
    host, port = values.get("host"), values.get("port")
    whole: list[Listen] = listen.value
    if host is not None and host.rank < listen.rank:
        whole = [each._replace(host="") for each in whole]
    if port is not None and port.rank < listen.rank:
        whole = [each._replace(port=None) for each in whole]
    values["listen"] = listen._replace(value=tuple(whole))


def _settle_folder(values: dict[str, Given]) -> None:
    """Of a folder and none, what counts more; that both are asked for in one place is refused later."""
    data, temporary = values.get("data"), values.get("temporary")
    if data is None or temporary is None or not temporary.value or data.rank == temporary.rank:
        return
    del values["data" if temporary.rank < data.rank else "temporary"]


def _settle_urls(values: dict[str, Given]) -> None:
    """Where LocalStack's variable says which form URLs have, their host is LocalStack's too: its own name, or the one
    that LOCALSTACK_HOST gives; with `dynamic` always that of the caller."""
    style, host = values.get("queue_url_style"), values.get("public_host")
    if style is None or style.rank != Rank.LOCALSTACK or (host is not None and host.rank != Rank.LOCALSTACK):
        return
    if style.value == "dynamic":
        values.pop("public_host", None)
    elif host is None:
        values["public_host"] = Given(_public_host(LOCALSTACK_HOST), style.source, Rank.LOCALSTACK)
