"""What a service is to the rest of Atoll: operations, access table, schema, timers; and the registry of services."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from atoll.core.access import Access
from atoll.core.errors import AwsError, missing_action

LONGEST_BODY = 4 * 1024 * 1024
"""Bytes of a request's body, unless the service says otherwise. A form's percent signs make three bytes of one."""

COPIED = "copied"
"""A timer of that name is due in every tenant that was restored or forked, where a service has one."""

Handler = Callable[..., Any]
_F = TypeVar("_F", bound=Handler)


@dataclass(frozen=True)
class Schema:
    """A service's tables in a tenant's database.

    `migrations[n]` is the SQL that brings version n to n + 1. `arns` names the columns, as (table, column), in which
    users wrote ARNs themselves, to be rewritten when the tenant is copied to another account. `under_way` are tables of
    what is on its way out, as effects are: a fork leaves that to its original.
    """

    version: int
    sql: str
    migrations: Mapping[int, str] = field(default_factory=dict)
    arns: tuple[tuple[str, str], ...] = ()
    under_way: tuple[str, ...] = ()


class Operation:
    """One operation of a service.

    A plain handler (`def`) is one transaction in the owner's database: it is given the call and the open tenant,
    answers, and cannot wait. It may return a coroutine to be gone on with after its transaction has committed. A long
    handler (`async def`) is given the call and the lagoon. `readonly` ones write nothing and open no transaction.
    `internal` ones are not in AWS's model: only other services call them. `longest_body` is how many bytes a request's
    body may have.
    """

    __slots__ = ("access", "handler", "internal", "long", "longest_body", "name", "readonly", "service")

    def __init__(
        self,
        service: Service,
        name: str,
        handler: Handler,
        access: Access,
        *,
        readonly: bool,
        internal: bool,
        long: bool,
    ) -> None:
        self.service = service
        self.name = name
        self.handler = handler
        self.access = access
        self.readonly = readonly
        self.internal = internal
        self.long = long
        self.longest_body = service.longest_bodies.get(name, service.longest_body)


class Service:
    """One AWS service. `name` is botocore's name for it, and that of its folder."""

    def __init__(
        self,
        name: str,
        *,
        access: Mapping[str, Access],
        schema: Schema | None = None,
        model_constraints: bool = True,
        complete: Callable[[Any, str, dict[str, Any]], None] | None = None,
        unnamed: Callable[[], AwsError] | None = None,
        longest_body: int = LONGEST_BODY,
        longest_bodies: Mapping[str, int] | None = None,
    ) -> None:
        """`complete(request, operation, params)` adds to the parameters what the service reads from elsewhere in the
        request (a queue's URL from the path), and may refuse them before the model's constraints are checked.
        `model_constraints` says whether these are AWS's own answers, so that the gateway checks them; a service whose
        answers differ checks for itself. `unnamed` is the error of a call that names no operation, where that is not
        AWS's usual one. `longest_body` is how many bytes a request's body may have, where `longest_bodies` says nothing
        of the operation.
        """
        self.name = name
        self.access = access
        self.schema = schema
        self.model_constraints = model_constraints
        self.complete = complete
        self.unnamed = unnamed or missing_action
        self.longest_body = longest_body
        self.longest_bodies = longest_bodies or {}
        self.operations: dict[str, Operation] = {}
        self.timers: dict[str, Handler] = {}

    def longest_body_of(self, operation: str) -> int:
        """Bytes of a request's body; the most that any operation takes, where there is none of that name."""
        named = self.operations.get(operation)
        return max((self.longest_body, *self.longest_bodies.values())) if named is None else named.longest_body

    def operation(self, name: str, *, readonly: bool = False, internal: bool = False) -> Callable[[_F], _F]:
        """Registers the handler of an operation, whose row stands in the access table."""

        def register(handler: _F) -> _F:
            if name in self.operations:
                raise ValueError(f"{self.name}.{name} is registered twice")
            if name not in self.access:
                raise ValueError(f"{self.name}.{name} has no row in the access table")
            long = inspect.iscoroutinefunction(handler)
            self.operations[name] = Operation(
                self, name, handler, self.access[name], readonly=readonly, internal=internal, long=long
            )
            return handler

        return register

    def timer(self, name: str) -> Callable[[_F], _F]:
        """Registers what is run, as one transaction, when a timer of that name is due: `handler(tenant, key)`.

        The timer is gone by then; the handler sets it again where it shall go on.
        It may return a coroutine, to be gone on with after its transaction has committed, and tried once: what must
        not be lost with the process it guards by setting the timer again.
        """

        def register(handler: _F) -> _F:
            if inspect.iscoroutinefunction(handler):
                raise TypeError(f"timer {self.name}.{name} waits: it must be one transaction")
            if name in self.timers:
                raise ValueError(f"timer {self.name}.{name} is registered twice")
            self.timers[name] = handler
            return handler

        return register


class Registry:
    """The services that there are. A service's modules are imported by `load` when it is first asked for."""

    def __init__(self, loaders: Mapping[str, Callable[[], Service]]) -> None:
        self._loaders = dict(loaders)
        self._services: dict[str, Service] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._loaders

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaders)

    def in_use(self, name: str) -> bool:
        """Whether the service has been asked for yet."""
        return name in self._services

    def get(self, name: str) -> Service | None:
        """The service of that name, or None where Atoll has none."""
        service = self._services.get(name)
        if service is None and (load := self._loaders.get(name)) is not None:
            service = self._services[name] = load()
        return service

    def __getitem__(self, name: str) -> Service:
        service = self.get(name)
        if service is None:
            raise KeyError(name)
        return service
