"""Which of botocore's services somebody means by a name: that of a credential's scope, of a host, of a target.

Many services share a name (`lambda`, `es`, `rds`), and many are signed or addressed by another name than their folder's
(`monitoring`, `states`, `email`). Services that Atoll has come first; the other models' first lines are looked through
only when none of these is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from atoll.wire.summary import Summary, summaries, summary

_BY_PATH: dict[str, tuple[tuple[str, str], ...]] = {
    "apigateway": (("/v2/", "apigatewayv2"),),
    "es": (("/2021-01-01/", "opensearch"),),
    "greengrass": (("/greengrass/v2/", "greengrassv2"),),
    "execute-api": (("/@connections/", "apigatewaymanagementapi"), ("/participant/", "connectparticipant")),
    "s3": (("/v20180820/", "s3control"),),
    "email": (("/v1/", "pinpoint-email"), ("/v2/", "sesv2")),
    "ses": (("/v1/", "pinpoint-email"), ("/v2/", "sesv2")),
}
"""Of services that share a name, those that are told by how their paths begin."""

_ELSEWHERE: dict[str, tuple[str, ...]] = {
    "elasticfilesystem": ("efs",),
    "elasticloadbalancing": ("elb", "elbv2"),
    "elasticmapreduce": ("emr",),
    "email": ("ses",),
    "monitoring": ("cloudwatch",),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
}
"""The folders of services that are often called by another name, to be found without a look at all of them."""

_SSO_TOKEN = "x-amz-sso_bearer_token"
_WITH_BEARER = ("bedrock-runtime", "bedrock", "codecatalyst", "account-access-runtime")
_OPEN: dict[str, tuple[str, ...]] = {
    "/client/register": ("sso-oidc",),
    "/device_authorization": ("sso-oidc",),
    "/token": ("sso-oidc",),
    "/v1/token": ("signin",),
}
"""Paths at which AWS gives out tokens, so that calls come with nothing yet."""

Wanted = Callable[[Summary], bool]


def told_by_path(name: str, path: str) -> str | None:
    """The service that a path under a shared name is of, where that can be told from the path alone."""
    for start, service in _BY_PATH.get(name, ()):
        if path.startswith(start):
            return service
    return None


def told_without_signature(path: str, headers: Mapping[str, str]) -> tuple[str, ...]:
    """The services that an unsigned call may be of, by the token that it bears or asks for; S3's have neither."""
    if _SSO_TOKEN in headers:
        return ("sso",)
    if headers.get("authorization", "").startswith("Bearer "):
        return _WITH_BEARER
    return _OPEN.get(path, ())


class Names:
    """`present` are the services that Atoll has."""

    def __init__(self, present: Iterable[str]) -> None:
        self._present = present

    def called(self, name: str, wanted: Wanted) -> list[Summary]:
        """The services that go by a name, of those that are `wanted`, the likeliest first.

        Of a host's name of several labels the first may be a label of the caller's own (`ID.execute-api`).
        """
        while name:
            found = self._called(name, wanted)
            if found:
                return found
            name = name.partition(".")[2]
        return []

    def _called(self, name: str, wanted: Wanted) -> list[Summary]:
        def answers(found: Summary) -> bool:
            return found.answers_to(name) and wanted(found)

        def rank(found: Summary) -> tuple[bool, bool, int]:
            return found.name != name, found.endpoint_prefix != name, len(found.name)

        own = sorted(filter(answers, self._own()), key=rank)
        if own:
            return own
        return list(filter(answers, _likely(name))) or sorted(filter(answers, summaries()), key=rank)

    def alike(self, found: list[Summary]) -> Iterator[Summary]:
        """Further services that sign by the same name as the first of those found, and are told by routes."""
        for each in summaries():
            if each.signing_name == found[0].signing_name and each.rest_protocol is not None and each not in found:
                yield each

    def with_target(self, prefix: str, name: str) -> list[Summary]:
        """Those whose X-Amz-Target begins so; `name` is what the scope calls them."""

        def begin(services: Iterable[Summary]) -> list[Summary]:
            return [found for found in services if found.target_prefix == prefix]

        return (begin(self._own()) or begin(_likely(name)) or begin(summaries())) if prefix else []

    def with_version(self, version: str) -> list[Summary]:
        """Those that speak query or ec2 in that version."""

        def speaks(found: Summary) -> bool:
            return found.api_version == version and found.speaks("query", "ec2")

        return list(filter(speaks, self._own())) or list(filter(speaks, summaries()))

    def _own(self) -> Iterator[Summary]:
        return (found for name in self._present if (found := summary(name)) is not None)


def _likely(name: str) -> Iterable[Summary]:
    """Those whose folder has the name, or is known to go by it."""
    return [found for folder in (name, *_ELSEWHERE.get(name, ())) if (found := summary(folder)) is not None]
