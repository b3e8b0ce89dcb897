"""Who a request is taken for: in the open realm, in closed ones, with issued keys and with temporary ones."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Callable
from unittest import mock

import pytest
from atoll.core.access_keys import make_key_id
from atoll.core.caller import Session
from atoll.core.clock import ManualClock
from atoll.core.sealing import Sealer
from atoll.core.session_tokens import issue_session
from atoll.gateway.hosts import read_host
from atoll.gateway.identify import Identifier, Identity
from atoll.gateway.refusals import NotAuthenticated, Reason, in_words
from atoll.index import AccessKey, Account, KeyStatus, Realm
from atoll.wire.http import Request
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ONE, TWO = "111111111111", "222222222222"
NOW = 1_782_907_200.0
SERVICES = frozenset({"sqs", "sts", "s3"})


class Index:
    """A directory whose memory is what was asked for before."""

    def __init__(self) -> None:
        self.realms = {
            "default": Realm("default", True, b"d" * 32),
            "team-a": Realm("team-a", False, b"a" * 32),
            "team-b": Realm("team-b", False, b"b" * 32),
        }
        self.accounts = {("team-a", TWO): Account("team-a", TWO, "", True, 0.0)}
        self.ended: dict[tuple[str, str], float] = {}
        self.keys: dict[str, AccessKey] = {}
        self.memory: dict[tuple[str, ...], object] = {}
        self.asked: list[tuple[str, ...]] = []

    def issue(self, realm: str, account: str = ONE, status: KeyStatus = "Active") -> AccessKey:
        key_id = make_key_id("LKIA", account)
        key = AccessKey(key_id, "s" * 40, realm, account, f"arn:aws:iam::{account}:user/u", "AIDAU", status, 0.0)
        self.keys[key_id] = key
        return key

    def temporary(self, realm: str, *, expires: float = NOW + 900) -> Credentials:
        sealer = Sealer(realm, self.realms[realm].sealing_key)
        session = Session(name="s", issued=NOW, expires=expires, tags={"team": "a"})
        key, token = issue_session(sealer, ONE, f"arn:aws:sts::{ONE}:assumed-role/r/s", "AROAR:s", session)
        return Credentials(key.key_id, key.secret, token)

    async def _get(self, source: dict, question: tuple[str, ...], key: object) -> object:  # type: ignore[type-arg]
        self.asked.append(question)
        found = source.get(key)
        if found is not None:
            self.memory[question] = found
        return found

    def peek_realm(self, name: str) -> object:
        return self.memory.get(("realm", name))

    async def get_realm(self, name: str) -> object:
        return await self._get(self.realms, ("realm", name), name)

    def peek_account(self, realm: str, account: str) -> object:
        return self.memory.get(("account", realm, account))

    async def get_account(self, realm: str, account: str) -> object:
        return await self._get(self.accounts, ("account", realm, account), (realm, account))

    def peek_ended(self, realm: str, account: str) -> object:
        return self.memory.get(("ended", realm, account))

    async def get_ended(self, realm: str, account: str) -> object:
        return await self._get(self.ended, ("ended", realm, account), (realm, account)) or 0.0

    def peek_access_key(self, key_id: str) -> object:
        return self.memory.get(("key", key_id))

    async def get_access_key(self, key_id: str) -> object:
        return await self._get(self.keys, ("key", key_id), key_id)


@pytest.fixture
def index() -> Index:
    return Index()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def identifier(index: Index, clock: ManualClock) -> Identifier:
    return Identifier(index, clock, services=SERVICES)  # type: ignore[arg-type]


def who(identifier: Identifier, request: Request) -> Identity:
    """As the gateway asks: from memory first."""
    return identifier.identify(request) or asyncio.run(identifier.identify_slowly(request))


def refusal(identifier: Identifier, request: Request) -> NotAuthenticated:
    with pytest.raises(NotAuthenticated) as raised:
        who(identifier, request)
    return raised.value


def credential(key_id: str, region: str = "eu-west-1", service: str = "sqs") -> dict[str, str]:
    """The headers of a signature that nobody will verify."""
    return {
        "authorization": f"AWS4-HMAC-SHA256 Credential={key_id}/20260701/{region}/{service}/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}",
        "x-amz-date": "20260701T120000Z",
    }


def unsigned(host: str = "localhost:4566", path: str = "/", query: str = "", **headers: str) -> Request:
    return Request("POST", path, query, {"host": host} | headers)


def trusting(key_id: str, host: str = "localhost:4566", region: str = "eu-west-1") -> Request:
    return unsigned(host, **credential(key_id, region))


def signed(
    credentials: Credentials,
    host: str = "localhost:4566",
    body: bytes = b"body",
    signer: type[auth.SigV4Auth] = auth.SigV4Auth,
    service: str = "sqs",
) -> Request:
    aws = AWSRequest(method="POST", url=f"http://{host}/", data=body)
    now = datetime.datetime.fromtimestamp(NOW, datetime.UTC).replace(tzinfo=None)
    with mock.patch.object(auth, "get_current_datetime", return_value=now):
        signer(credentials, service, "eu-west-1").add_auth(aws)
    prepared = aws.prepare()
    headers = {name.lower(): str(value) for name, value in prepared.headers.items()} | {"host": host}
    return Request("POST", "/", prepared.url.partition("?")[2], headers, body)


def issued(key: AccessKey, secret: str | None = None) -> Credentials:
    return Credentials(key.key_id, secret or key.secret)


# ---- the open realm


@pytest.mark.parametrize(
    ("key_id", "account"),
    [
        (ONE, ONE),
        ("012345678901", "012345678901"),
        ("11111111111", "000000000000"),
        ("1111111111111", "000000000000"),
        ("test", "000000000000"),
        ("LKIAQAAAAAAAQAAAAAAA", "000000000001"),
        ("LSIAQAAAAAAAQAAAAAAA", "000000000001"),
        ("LKIAQAAAAAAAQAAAAAAAAAAAAA", "000000000001"),
        ("LKIAQAAAAAAAQAA", "000000000000"),
        ("AKIAQAAAAAAAQAAAAAAA", "000000000000"),
        ("ASIAQAAAAAAAQAAAAAAA", "000000000000"),
        ("AKIAIOSFODNN7EXAMPLE", "000000000000"),
    ],
)
def test_an_open_realm_takes_a_key_at_its_word(identifier: Identifier, key_id: str, account: str) -> None:
    for _ in range(2):
        identity = who(identifier, trusting(key_id))
        assert identity.signing_name == "sqs"
        caller = identity.caller
        assert (caller.realm, caller.account, caller.region) == ("default", account, "eu-west-1")
        assert (caller.principal, caller.user_id) == (f"arn:aws:iam::{account}:root", account)
        assert caller.access_key == key_id


def test_parity_access_keys(index: Index, clock: ManualClock) -> None:
    identifier = Identifier(index, clock, parity_access_keys=True)  # type: ignore[arg-type]
    assert who(identifier, trusting("AKIAQAAAAAAAQAAAAAAA")).caller.account == "000000000001"
    assert who(identifier, trusting("ASIAQAAAAAAAQAAAAAAA")).caller.account == "000000000001"


def test_default_account(index: Index, clock: ManualClock) -> None:
    identifier = Identifier(index, clock, default_account=TWO)  # type: ignore[arg-type]
    assert who(identifier, trusting("test")).caller.account == TWO
    assert who(identifier, unsigned()).caller.account == TWO


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "nonsense",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=test",
        "AWS4-HMAC-SHA256 SignedHeaders=host",
        "AWS4-HMAC-SHA256 Credential=, SignedHeaders=host, Signature=0",
        "Basic dGVzdDp0ZXN0",
        "Bearer token",
        ",",
    ],
)
def test_a_malformed_signature_is_the_default_account(identifier: Identifier, authorization: str) -> None:
    caller = who(identifier, unsigned(authorization=authorization)).caller
    assert (caller.account, caller.region) == ("000000000000", "us-east-1")


def test_signatures_of_other_kinds_name_their_account(identifier: Identifier) -> None:
    asymmetric = f"AWS4-ECDSA-P256-SHA256 Credential={ONE}/20260701/s3/aws4_request, SignedHeaders=host, Signature=0"
    headers = {"authorization": asymmetric, "x-amz-date": "20260701T120000Z", "x-amz-region-set": "eu-west-1"}
    for request in (
        unsigned(**headers),
        unsigned(authorization=f"AWS {ONE}:c2lnbmF0dXJl"),
        unsigned(query=f"AWSAccessKeyId={ONE}&Signature=x&Expires=1"),
        unsigned(
            query=f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={ONE}%2F20260701%2Feu-west-1%2Fs3%2Faws4_request"
        ),
    ):
        assert who(identifier, request).caller.account == ONE


def test_a_caller_who_was_seen_before_is_the_same_object(identifier: Identifier, index: Index) -> None:
    first = who(identifier, trusting(ONE))
    index.asked.clear()
    assert identifier.identify(trusting(ONE)) is first
    assert identifier.identify(trusting(ONE, region="us-west-2")) is not first
    assert index.asked == []


def test_a_realm_that_closes_forgets_whom_it_took_at_their_word(identifier: Identifier, index: Index) -> None:
    who(identifier, trusting(ONE))
    index.memory[("realm", "default")] = index.realms["default"] = Realm("default", False, b"d" * 32)
    assert refusal(identifier, trusting(ONE)).reason is Reason.UNKNOWN_KEY


@pytest.mark.parametrize("region", ["EU", "..", "a" * 33, "aws-global", "eu_west_1"])
def test_a_region_that_cannot_be_is_refused(identifier: Identifier, region: str) -> None:
    error = in_words(refusal(identifier, trusting(ONE, region=region)), "sts", "query")
    assert error.message == f"Credential should be scoped to a valid region, not '{region}'."


@pytest.mark.parametrize(
    ("host", "path", "region"),
    [
        ("localhost:4566", "/", "us-east-1"),
        ("sqs.eu-central-1.localhost:4566", "/", "eu-central-1"),
        ("eu-central-1.queue.localhost", "/", "eu-central-1"),
        ("localhost:4566", "/queue/ap-south-1/111111111111/q", "ap-south-1"),
        ("localhost:4566", "/queue/NO/111111111111/q", "us-east-1"),
        ("sqs.eu-central-1.localhost:4566", "/queue/ap-south-1/111111111111/q", "eu-central-1"),
    ],
)
def test_the_region_of_a_call_that_is_not_signed(identifier: Identifier, host: str, path: str, region: str) -> None:
    identity = who(identifier, unsigned(host, path))
    assert (identity.caller.region, identity.signing_name) == (region, "")
    assert who(identifier, unsigned(host, path, **credential(ONE, "sa-east-1"))).caller.region == "sa-east-1"
    assert who(identifier, unsigned(host, path, **credential(ONE, ""))).caller.region == region


# ---- issued keys


def test_an_issued_key_is_verified_and_says_who_calls(identifier: Identifier, index: Index) -> None:
    key = index.issue("team-a")
    for _ in range(2):
        caller = who(identifier, signed(issued(key))).caller
        assert (caller.realm, caller.account, caller.region) == ("team-a", ONE, "eu-west-1")
        assert (caller.principal, caller.user_id, caller.access_key) == (key.principal, "AIDAU", key.key_id)
    assert identifier.identify(signed(issued(key))) is not None


@pytest.mark.parametrize("realm", ["default", "team-a"])
def test_an_issued_key_is_never_taken_at_its_word(identifier: Identifier, index: Index, realm: str) -> None:
    key = index.issue(realm)
    assert refusal(identifier, trusting(key.key_id)).reason is Reason.MISMATCH
    assert refusal(identifier, signed(issued(key, "another"))).reason is Reason.MISMATCH
    incomplete = unsigned(authorization=f"AWS4-HMAC-SHA256 Credential={key.key_id}/20260701/eu-west-1/sqs/aws4_request")
    assert refusal(identifier, incomplete).reason is Reason.HEADER_INCOMPLETE


@pytest.mark.parametrize("status", ["Inactive", "Revoked"])
def test_a_key_that_is_no_longer_active_is_refused(identifier: Identifier, index: Index, status: KeyStatus) -> None:
    key = index.issue("default", status=status)
    refused = refusal(identifier, signed(issued(key)))
    assert refused.reason is Reason.UNKNOWN_KEY
    error = in_words(refused, "sqs", "query")
    assert (error.code, error.message) == (
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    )


def test_a_long_term_key_has_no_token(identifier: Identifier, index: Index) -> None:
    key = index.issue("default")
    for token in ("IQoJb3JpZ2luX2VjEXAMPLE", str(index.temporary("default").token)):
        refused = refusal(identifier, signed(Credentials(key.key_id, key.secret, token)))
        assert refused.reason is Reason.UNKNOWN_TOKEN
        for protocol, code in (("query", "InvalidClientTokenId"), ("json", "UnrecognizedClientException")):
            error = in_words(refused, "kms", protocol)
            assert (error.code, error.message) == (code, "The security token included in the request is invalid.")
    assert who(identifier, signed(issued(key))).caller.access_key == key.key_id


def test_a_key_that_is_revoked_meanwhile_is_refused(identifier: Identifier, index: Index) -> None:
    key = index.issue("default")
    who(identifier, signed(issued(key)))
    index.memory[("key", key.key_id)] = AccessKey(
        key.key_id, key.secret, key.realm, key.account, key.principal, key.user_id, "Revoked", 0.0
    )
    assert refusal(identifier, signed(issued(key))).reason is Reason.UNKNOWN_KEY


def test_who_has_signed_before_is_verified_each_time(identifier: Identifier, index: Index, clock: ManualClock) -> None:
    key = index.issue("default")
    first = who(identifier, signed(issued(key)))
    again = who(identifier, signed(issued(key), body=b"another"))
    assert again.caller is first.caller
    assert again.claim is not None
    assert identifier._signers
    changed = signed(issued(key))
    changed.body = b"changed"
    assert refusal(identifier, changed).reason is Reason.MISMATCH
    more = signed(issued(key))
    more.headers["x-amz-more"] = "not signed"
    assert refusal(identifier, more).reason is Reason.HEADERS_UNSIGNED
    late = signed(issued(key))
    clock.advance(901)
    assert refusal(identifier, late).reason is Reason.TOO_OLD
    clock.advance(-901)
    twice = signed(issued(key))
    twice.query = "X-Amz-Credential=x"
    assert refusal(identifier, twice).reason is Reason.TWO_SIGNATURES
    tokened = signed(issued(key))
    tokened.headers["x-amz-security-token"] = "t"
    assert refusal(identifier, tokened).reason is Reason.HEADERS_UNSIGNED
    elsewhere = signed(issued(key), host="aws.team-b.svc:4566")
    assert refusal(identifier, elsewhere).reason is Reason.REALM
    # None of these has spoilt what is remembered.
    assert who(identifier, signed(issued(key))).caller is first.caller


def test_a_host_that_names_another_realm_is_refused(identifier: Identifier, index: Index) -> None:
    key = index.issue("team-a")
    assert who(identifier, signed(issued(key), "aws.team-a.svc:4566")).caller.realm == "team-a"
    assert refusal(identifier, signed(issued(key), "aws.team-b.svc:4566")).reason is Reason.REALM
    assert refusal(identifier, signed(index.temporary("team-a"), "aws.team-b.svc")).reason is Reason.REALM


def test_a_realm_that_there_is_not_is_refused(identifier: Identifier) -> None:
    for request in (trusting(ONE, "aws.nowhere.svc"), unsigned("sqs.eu-west-1.aws.nowhere.svc")):
        refused = refusal(identifier, request)
        assert refused.reason is Reason.REALM
        assert in_words(refused, "sqs", "json").message == "There is no realm 'nowhere' here."


def test_a_clock_that_is_off_is_refused(identifier: Identifier, index: Index, clock: ManualClock) -> None:
    key = index.issue("default")
    clock.advance(901)
    assert refusal(identifier, signed(issued(key))).reason is Reason.TOO_OLD


# ---- temporary keys


def test_a_temporary_key_carries_its_session(identifier: Identifier, index: Index) -> None:
    credentials = index.temporary("team-a")
    for _ in range(2):
        caller = who(identifier, signed(credentials)).caller
        assert (caller.realm, caller.account) == ("team-a", ONE)
        assert caller.principal == f"arn:aws:sts::{ONE}:assumed-role/r/s"
        assert caller.session is not None
        assert caller.session.tags == {"team": "a"}
    assert who(identifier, signed(credentials, body=b"", signer=auth.SigV4QueryAuth)).caller.account == ONE


def test_in_a_closed_realm_a_session_ends_with_its_account(identifier: Identifier, index: Index) -> None:
    credentials = index.temporary("team-a")
    who(identifier, signed(credentials))
    index.ended["team-a", ONE] = NOW
    for _ in range(2):
        assert refusal(identifier, signed(credentials)).reason is Reason.UNKNOWN_TOKEN
    # One of the account that has the id now.
    index.ended["team-a", ONE] = index.memory["ended", "team-a", ONE] = NOW - 1
    assert who(identifier, signed(credentials)).caller.account == ONE


def test_a_session_expires(identifier: Identifier, index: Index) -> None:
    credentials = index.temporary("default", expires=NOW)
    for _ in range(2):
        refused = refusal(identifier, signed(credentials))
        assert refused.reason is Reason.EXPIRED_TOKEN
        for service, protocol, code in (
            ("sqs", "query", "ExpiredToken"),
            ("kms", "json", "ExpiredTokenException"),
            ("ec2", "ec2", "RequestExpired"),
            ("s3", "rest-xml", "ExpiredToken"),
        ):
            assert in_words(refused, service, protocol).code == code


def test_a_temporary_key_without_its_token_is_one_that_nobody_issued(identifier: Identifier, index: Index) -> None:
    credentials = index.temporary("default")
    assert who(identifier, trusting(credentials.access_key)).caller.principal == f"arn:aws:iam::{ONE}:root"
    assert refusal(identifier, trusting(credentials.access_key, "aws.team-a")).reason is Reason.UNKNOWN_KEY


def test_somebody_elses_token_is_none_of_ours(identifier: Identifier, index: Index) -> None:
    credentials = index.temporary("default")
    request = trusting(credentials.access_key)
    request.headers["x-amz-security-token"] = "IQoJb3JpZ2luX2VjEXAMPLE"
    assert who(identifier, request).caller.principal == f"arn:aws:iam::{ONE}:root"


@pytest.mark.parametrize("damage", [lambda token: token[:9], lambda token: token[:-3], lambda token: token + "!"])
def test_a_token_of_ours_that_was_damaged_is_refused(
    identifier: Identifier, index: Index, damage: Callable[[str], str]
) -> None:
    credentials = index.temporary("default")
    damaged = Credentials(credentials.access_key, credentials.secret_key, damage(str(credentials.token)))
    assert refusal(identifier, signed(damaged)).reason is Reason.UNKNOWN_TOKEN


def test_a_token_opens_only_with_its_own_key_and_realm(identifier: Identifier, index: Index) -> None:
    one, other = index.temporary("default"), index.temporary("default")
    mixed = Credentials(one.access_key, one.secret_key, other.token)
    assert refusal(identifier, signed(mixed)).reason is Reason.UNKNOWN_TOKEN
    index.memory[("realm", "default")] = Realm("default", True, b"e" * 32)
    assert refusal(identifier, signed(one)).reason is Reason.UNKNOWN_TOKEN
    del index.realms["team-b"]
    index.realms["gone"] = Realm("gone", False, b"g" * 32)
    gone = index.temporary("gone")
    del index.realms["gone"]
    assert refusal(identifier, signed(gone)).reason is Reason.UNKNOWN_TOKEN


def test_a_token_that_was_opened_is_opened_anew_when_the_realms_key_changes(
    identifier: Identifier, index: Index
) -> None:
    credentials = index.temporary("default")
    who(identifier, signed(credentials))
    index.memory[("realm", "default")] = Realm("default", True, b"e" * 32)
    assert refusal(identifier, signed(credentials)).reason is Reason.UNKNOWN_TOKEN


def test_a_token_that_is_not_signed_is_refused(identifier: Identifier, index: Index) -> None:
    request = signed(index.temporary("default"))
    request.headers["authorization"] = request.headers["authorization"].replace(";x-amz-security-token", "")
    assert refusal(identifier, request).reason is Reason.HEADERS_UNSIGNED


# ---- closed realms


def test_a_closed_realm_refuses_who_is_not_known(identifier: Identifier) -> None:
    for key_id in (ONE, "test", "LKIAQAAAAAAAQAAAAAAA", "AKIAQAAAAAAAQAAAAAAA"):
        assert refusal(identifier, trusting(key_id, "aws.team-a.svc")).reason is Reason.UNKNOWN_KEY
    assert refusal(identifier, unsigned("aws.team-a.svc", authorization="AWS4-HMAC-SHA256")).reason is (
        Reason.HEADER_INCOMPLETE
    )


def test_an_account_may_open_itself_to_its_bare_id(identifier: Identifier, index: Index) -> None:
    caller = who(identifier, trusting(TWO, "aws.team-a.svc")).caller
    assert (caller.realm, caller.account) == ("team-a", TWO)
    assert who(identifier, trusting(TWO)).caller.realm == "default"
    assert refusal(identifier, trusting(TWO, "aws.team-b.svc")).reason is Reason.UNKNOWN_KEY
    assert refusal(identifier, trusting(TWO, "aws.team-a.svc", "NO")).reason is Reason.SCOPE
    index.memory[("account", "team-a", TWO)] = Account("team-a", TWO, "", False, 0.0)
    assert refusal(identifier, trusting(TWO, "aws.team-a.svc")).reason is Reason.UNKNOWN_KEY


def test_who_signs_nothing_is_anonymous_to_operations_that_ask_for_no_signature(identifier: Identifier) -> None:
    refused = refusal(identifier, unsigned("aws.team-a.svc"))
    assert refused.reason is Reason.NO_CREDENTIALS
    assert refused.unsigned is not None
    assert refused.unsigned.caller.realm == "team-a"
    assert refused.unsigned.caller.principal == "anonymous"
    assert refusal(identifier, trusting(ONE, "aws.team-a.svc")).unsigned is None


# ---- bodies that are streamed


async def _stream(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def _read(request: Request) -> bytes:
    assert not isinstance(request.body, bytes)
    return b"".join([piece async for piece in request.body])


def test_a_streamed_body_is_checked_against_its_hash_as_it_is_read(identifier: Identifier, index: Index) -> None:
    key = index.issue("default")
    for pieces, right in (((b"bo", b"dy"), True), ((b"bo", b"od"), False)):
        request = signed(issued(key), signer=auth.S3SigV4Auth, service="s3")
        request.body = _stream(*pieces)
        who(identifier, request)
        if right:
            assert asyncio.run(_read(request)) == b"body"
        else:
            with pytest.raises(NotAuthenticated) as raised:
                asyncio.run(_read(request))
            assert in_words(raised.value, "s3", "rest-xml").code == "XAmzContentSHA256Mismatch"


def test_a_streamed_body_without_a_hash_is_read_first(identifier: Identifier, index: Index) -> None:
    key = index.issue("default")
    request = signed(issued(key))
    request.body = _stream(b"bo", b"dy")
    assert identifier.identify(request) is None
    assert who(identifier, request).caller.account == ONE
    assert request.body == b"body"


def test_signed_chunks_are_left_to_the_service_with_their_key(identifier: Identifier, index: Index) -> None:
    key = index.issue("default")
    aws_headers = {"X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}
    aws = AWSRequest(method="PUT", url="http://localhost:4566/b/k", headers=aws_headers)
    now = datetime.datetime.fromtimestamp(NOW, datetime.UTC).replace(tzinfo=None)
    with mock.patch.object(auth, "get_current_datetime", return_value=now):
        auth.SigV4Auth(issued(key), "s3", "eu-west-1").add_auth(aws)
    headers = {name.lower(): str(value) for name, value in aws.prepare().headers.items()}
    request = Request("PUT", "/b/k", "", headers | {"host": "localhost:4566"}, _stream(b"chunks"))
    identity = who(identifier, request)
    assert len(identity.signing_key) == 32
    assert identity.claim is not None
    assert asyncio.run(_read(request)) == b"chunks"


# ---- what a Host says


@pytest.mark.parametrize(
    ("host", "realm", "region"),
    [
        ("localhost:4566", "", ""),
        ("127.0.0.1", "", ""),
        ("[::1]:4566", "", ""),
        ("aws.team-a", "team-a", ""),
        ("aws.team-a.svc.cluster.local:4566", "team-a", ""),
        ("AWS.Team-A.svc", "team-a", ""),
        ("sqs.eu-central-1.aws.team-a.svc", "team-a", "eu-central-1"),
        ("eu-central-1.queue.aws.team-a.svc", "team-a", "eu-central-1"),
        ("queue.aws.team-a.svc", "team-a", ""),
        ("bucket.name.s3.aws.team-a.svc", "team-a", ""),
        ("b.s3.eu-west-1.aws.team-a.svc", "team-a", "eu-west-1"),
        ("sqs.aws.team-a.svc", "team-a", ""),
        ("atoll.aws.example.com", "", ""),
        ("sqs.us-east-1.amazonaws.com", "", "us-east-1"),
        ("sqs.us-gov-west-1.amazonaws.com", "", "us-gov-west-1"),
        ("sqs.eusc-de-east-1.amazonaws.eu", "", "eusc-de-east-1"),
        ("us-east-1.s3.eu-west-1.localhost", "", "eu-west-1"),
        ("my-atoll-0.my-atoll.svc", "", ""),
        ("aws", "", ""),
        ("aws.", "", ""),
        ("aws.-x.svc", "", ""),
        ("", "", ""),
    ],
)
def test_hosts(host: str, realm: str, region: str) -> None:
    assert read_host(host, SERVICES)[:2] == (realm, region)


def test_what_is_remembered_is_bounded(identifier: Identifier) -> None:
    for number in range(5000):
        who(identifier, trusting(f"{number:012d}"))
    kept = sum(len(view.seen) for view in identifier._views.values())
    assert 0 < kept <= 4096
    for number in range(600):
        who(identifier, trusting(ONE, f"host-{number}"))
    assert len(identifier._views) <= 256
