"""What the control API takes and answers: its side of the OpenAPI page."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

T = TypeVar("T")

NAME = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
REGION = r"^[a-z]{2,8}(-[a-z0-9]{1,16}){1,4}$"
Name = Annotated[str, Path(pattern=NAME, max_length=63)]
Limit = Annotated[int, Query(ge=1, le=1000)]


class Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Page(Model, Generic[T]):
    items: list[T]
    next_token: Annotated[str | None, Field(description="Asks for what follows; null at the end.")] = None


class Problem(Model):
    """https://www.rfc-editor.org/rfc/rfc9457"""

    title: str
    status: int
    detail: str
    problems: list[FieldProblem] = []


class FieldProblem(Model):
    path: str
    value: str
    reason: str


class RealmView(Model):
    name: str
    open: bool = Field(description="Whether a bare account id is taken as access key at its word.")


class RealmSpec(Model):
    open: bool = False


class Declared(Model):
    """What is declared under a name: the spec of its manifest."""

    spec: dict[str, Any]
    generation: int | None = Field(
        None, ge=1, lt=2**63, description="The declarer's count of changes; without it, they are counted."
    )


class Condition(Model):
    type: str
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str
    last_transition_time: str
    observed_generation: int


class AccountStatus(Model):
    account_id: str
    realm: str
    endpoint: str
    secret_name: str | None = Field(None, description="In Kubernetes, the Secret that holds the account's credentials.")
    tenants: int = Field(description="How many of its regions hold something.")
    expires_at: str | None = None
    observed_generation: int
    conditions: list[Condition]


class AccountView(Model):
    name: str
    realm: str
    created: str
    spec: dict[str, Any]
    status: AccountStatus


class RegionStatus(Model):
    observed_generation: int
    conditions: list[Condition]


class RegionView(Model):
    name: str
    created: str
    generation: int
    spec: dict[str, Any]
    status: RegionStatus


class KeyView(Model):
    access_key_id: str
    account_id: str
    principal: str
    status: Literal["Active", "Inactive", "Revoked"]
    created: str
    expires: str | None = Field(None, description="When it is to be revoked.")


class IssuedKey(KeyView):
    secret_access_key: str


class RotationSpec(Model):
    overlap: str = Field(default="1h", description="How long the keys that are there stay valid: 1h30m, 0s.")


class TenantView(Model):
    realm: str
    account: str
    region: str
    cell: str


class ResourceView(Model):
    arn: str
    service: str
    type: str
    id: str
    account: str
    region: str
    tags: dict[str, str]
    created: str


class CallView(Model):
    time: str
    request_id: str
    realm: str = ""
    account: str = ""
    region: str = ""
    principal: str = ""
    service: str
    operation: str
    target: Annotated[str, Field(description="Whose resource was meant, ACCOUNT/REGION, where the call crosses.")] = ""
    crossing: Literal["none", "region", "account", "both"]
    status: int
    code: str = ""
    ms: float


class EffectView(Model):
    """A call that one tenant caused on another, and that is not delivered yet."""

    id: str
    realm: str
    account: Annotated[str, Field(description="Whose call caused it.")]
    region: str
    service: str
    operation: str
    target: Annotated[str, Field(description="Whose resource is meant, ACCOUNT/REGION; empty where nobody has it.")]
    lane: Annotated[str, Field(description="Those of one lane are delivered in order.")]
    created: str
    attempts: int
    next_attempt: str
    problem: Annotated[str, Field(description="Why the last attempt failed.")]


MessageKind = Literal["email", "sms", "push", "firehose"]


class KeptMessage(Model):
    """A message that SNS would have sent, and that leaves Atoll nowhere."""

    kind: MessageKind
    target: Annotated[str, Field(description="An address, a number, the end of an endpoint's ARN, a stream's ARN.")]
    id: str
    topic: Annotated[str, Field(description="The topic's ARN; empty where it was published to the target itself.")]
    subscription: str
    subject: str
    message: str


class Reindexed(Model):
    """How far the index has been told anew what is in the tenants."""

    done: int
    total: int
    left_out: Annotated[list[str], Field(description="Realms that have tenants here and are not known.")]
    next_token: Annotated[str | None, Field(description="Asks for what follows; null at the end.")] = None


class Finding(Model):
    """What is to be known of this Atoll."""

    level: Literal["ok", "note", "warning", "problem"]
    subject: str
    message: str
    advice: str = ""


class FaultScope(Model):
    """Whose calls: all that fit."""

    realm: str = Field("", pattern=f"^$|{NAME}", max_length=63)
    account: str = Field("", description="Its account id; its name too, where a realm is given.", max_length=63)
    region: str = Field("", pattern=f"^$|{REGION}", max_length=32)


class FaultsSpec(FaultScope):
    faults: list[dict[str, Any]] = Field(description="As spec.faults of a Region; none ends them.")


class SnapshotView(Model):
    name: str
    realm: str
    account: str
    created: str
    regions: list[str]


class SnapshotSpec(Model):
    account: str = Field(description="Whose: its name, or its account id.")


class ResetSpec(FaultScope):
    """What is to be erased: all that fits."""

    service: str = ""
    everything: bool = Field(False, description="Says that no realm, account, region or service is meant to be given.")


class Missing(Model):
    name: str = Field(description="SERVICE or SERVICE.OPERATION.")
    calls: int
