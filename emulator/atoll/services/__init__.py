"""The services that Atoll has, a folder each. One is imported when it is first called."""

from atoll.core.service import Registry, Service


def _kms() -> Service:
    from atoll.services.kms import load

    return load()


def _secretsmanager() -> Service:
    from atoll.services.secretsmanager import load

    return load()


def _sns() -> Service:
    from atoll.services.sns import load

    return load()


def _sqs() -> Service:
    from atoll.services.sqs import load

    return load()


def _sts() -> Service:
    from atoll.services.sts import load

    return load()


REGISTRY = Registry({"kms": _kms, "secretsmanager": _secretsmanager, "sns": _sns, "sqs": _sqs, "sts": _sts})
