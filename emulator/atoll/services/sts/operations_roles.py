"""Roles assumed by principals of AWS: AssumeRole and AssumeRoot."""

from __future__ import annotations

from atoll.core.access_keys import is_account_id
from atoll.core.arn import parse_arn, partition_of
from atoll.core.call import Call, Params
from atoll.core.caller import Caller, Session
from atoll.services.sts.callers import demand_role_or_long_term
from atoll.services.sts.credentials import has_mfa, issue
from atoll.services.sts.errors import access_denied, validation_error
from atoll.services.sts.policies import read_policies
from atoll.services.sts.roles import is_role_session, read_role
from atoll.services.sts.service import sts
from atoll.services.sts.tags import join_tags, read_tags
from atoll.tenants import Tenant

DEFAULT_DURATION = 3600
_LONGEST_CHAINED = 3600
_LONGEST_ROOT = 900
_ROOT_TASKS = frozenset(
    f"policy/root-task/{name}"
    for name in (
        "IAMAuditRootUserCredentials",
        "IAMCreateRootUserPassword",
        "IAMDeleteRootUserCredentials",
        "S3UnlockBucketPolicy",
        "SQSUnlockQueuePolicy",
    )
)


@sts.operation("AssumeRole", readonly=True)
def assume_role(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""
    caller = call.caller
    demand_role_or_long_term(caller, "AssumeRole")
    role = read_role(call["RoleArn"])
    duration = call.get("DurationSeconds", DEFAULT_DURATION)
    if duration > _LONGEST_CHAINED and is_role_session(caller):
        raise validation_error(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        )
    source_identity = _source_identity(call)
    passed = read_tags(call.get("Tags", ()))
    tags = join_tags(passed, call.get("TransitiveTagKeys", ()), caller.session)
    policies = read_policies(call.get("Policy"), call.get("PolicyArns"), passed)
    name = call["RoleSessionName"]
    now = int(tenant.now())
    session = Session(
        name=name,
        issued=now,
        expires=now + duration,
        tags=tags.tags,
        transitive_tags=tags.transitive,
        policy=policies.policy,
        policy_arns=policies.arns,
        source_identity=source_identity,
        mfa=has_mfa(call),
        chain=(*_chain(caller), caller.principal),
        context=_context(call, role.arn),
    )
    issued = issue(call, tenant, role.account, role.session_arn(name), role.session_id(name), session)
    return {
        "Credentials": issued.credentials,
        "AssumedRoleUser": {"AssumedRoleId": role.session_id(name), "Arn": role.session_arn(name)},
        "PackedPolicySize": policies.packed,
        "SourceIdentity": source_identity or None,
        **issued.size,
    }


def _source_identity(call: Call) -> str:
    """Once set it stays along the whole chain.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    """
    wanted: str = call.get("SourceIdentity", "")
    session = call.caller.session
    kept = session.source_identity if session is not None else ""
    if wanted.startswith("aws:"):
        raise validation_error("Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with aws:")
    if kept and wanted and kept != wanted:
        raise access_denied("The source identity is already set for this assume role session")
    return wanted or kept


def _chain(caller: Caller) -> tuple[str, ...]:
    return caller.session.chain if caller.session is not None else ()


def _context(call: Call, role: str) -> dict[str, str]:
    context = {"role": role}
    if external_id := call.get("ExternalId"):
        context["sts:ExternalId"] = external_id
    if contexts := call.get("ProvidedContexts"):
        context["sts:RequestContextProviders"] = ",".join(given.get("ProviderArn", "") for given in contexts)
    return context


@sts.operation("AssumeRoot", readonly=True)
def assume_root(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html"""
    caller = call.caller
    demand_role_or_long_term(caller, "AssumeRoot")
    account = _target_account(call["TargetPrincipal"])
    task = call["TaskPolicyArn"].get("arn", "")
    parts = parse_arn(task)
    if parts is None or (parts.service, parts.account) != ("iam", "aws") or parts.resource not in _ROOT_TASKS:
        raise validation_error(f"ARN {task} is not valid.")
    source_identity = caller.session.source_identity if caller.session is not None else ""
    now = int(tenant.now())
    session = Session(
        name=account,
        issued=now,
        expires=now + call.get("DurationSeconds", _LONGEST_ROOT),
        policy_arns=(task,),
        source_identity=source_identity,
        chain=(*_chain(caller), caller.principal),
        context={"assumedRoot": "true"},
    )
    principal = f"arn:{partition_of(caller.region)}:iam::{account}:root"
    issued = issue(call, tenant, account, principal, account, session)
    return {"Credentials": issued.credentials, "SourceIdentity": source_identity or None, **issued.size}


def _target_account(target: str) -> str:
    """A member account, by its id or its root's ARN. Raises ValidationError."""
    parts = parse_arn(target)
    account = parts.account if parts is not None and parts.resource == "root" and parts.service == "iam" else target
    if not is_account_id(account):
        raise validation_error(f"{target} is invalid")
    return account
