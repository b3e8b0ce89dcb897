"""The services that Atoll has, a folder each. One is imported when it is first called."""

from atoll.core.service import Registry, Service


def _sqs() -> Service:
    from atoll.services.sqs import load

    return load()


def _sts() -> Service:
    from atoll.services.sts import load

    return load()


REGISTRY = Registry({"sqs": _sqs, "sts": _sts})
