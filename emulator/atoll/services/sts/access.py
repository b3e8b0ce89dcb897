"""STS's access table: a role is its account's, and who assumes it may be anybody's."""

from __future__ import annotations

from atoll.core.access import Access, ByAccount, Crossing, First, Here, Home

_ROLE = Access(Home("RoleArn"), aws=Crossing.ACCOUNT)

ACCESS = {
    "AssumeRole": _ROLE,
    "AssumeRoleWithSAML": _ROLE,
    "AssumeRoleWithWebIdentity": _ROLE,
    "AssumeRoot": Access(First(Home("TargetPrincipal"), ByAccount("TargetPrincipal")), aws=Crossing.ACCOUNT),
    "DecodeAuthorizationMessage": Access(Here()),
    "GetAccessKeyInfo": Access(Here()),
    "GetCallerIdentity": Access(Here()),
    "GetDelegatedAccessToken": Access(Here()),
    "GetFederationToken": Access(Here()),
    "GetSessionToken": Access(Here()),
    "GetWebIdentityToken": Access(Here()),
}
