"""Identities from elsewhere, read from tokens and assertions; and this realm's own, told to others."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import orjson
import pytest
from atoll.core.call import Origin
from atoll.core.errors import AwsError
from atoll.core.sealing import Sealer
from atoll.services.sts.oidc import DISCOVERY_PATH, KEYS_PATH, discovery, jwks
from atoll.services.sts.roles import read_role
from atoll.services.sts.saml import read_assertion
from atoll.services.sts.web_identity import read_web_identity
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from hypothesis import given, settings
from hypothesis import strategies as st

TWO = "222222222222"
ROLE = f"arn:aws:iam::{TWO}:role/reader"
PROVIDER = f"arn:aws:iam::{TWO}:saml-provider/corp"


def refused(sts: Any, operation: str, **params: Any) -> AwsError:
    with pytest.raises(AwsError) as raised:
        sts(operation, **params)
    return raised.value


# ---- web identities


def jwt(*, header: Any = None, **claims: Any) -> str:
    parts = (header or {"alg": "RS256"}, claims)
    return ".".join([*(base64.urlsafe_b64encode(orjson.dumps(part)).decode().rstrip("=") for part in parts), "c2ln"])


def claims(sts: Any, **more: Any) -> dict[str, Any]:
    given = {"iss": "https://oidc.example/id/1", "sub": "system:serviceaccount:a:b", "aud": "sts.amazonaws.com"}
    return {**given, "exp": sts.now + 60} | more


def with_token(sts: Any, token: str, **more: Any) -> Any:
    return sts("AssumeRoleWithWebIdentity", RoleArn=ROLE, RoleSessionName="pod", WebIdentityToken=token, **more)


def test_a_web_identity_is_read(sts: Any) -> None:
    tags = {"principal_tags": {"Team": ["a"], "Env": "test"}, "transitive_tag_keys": ["Team"]}
    token = jwt(
        **claims(sts),
        **{"https://aws.amazon.com/tags": tags, "https://aws.amazon.com/source_identity": "alice"},
    )
    answer = with_token(sts, token, DurationSeconds=900)
    assert answer["SubjectFromWebIdentityToken"] == "system:serviceaccount:a:b"
    assert answer["Audience"] == "sts.amazonaws.com"
    assert answer["Provider"] == f"arn:aws:iam::{TWO}:oidc-provider/oidc.example/id/1"
    assert answer["SourceIdentity"] == "alice"
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{TWO}:assumed-role/reader/pod"
    session = sts.become(answer).session
    assert (session.tags, session.transitive_tags) == ({"Team": "a", "Env": "test"}, ("Team",))
    assert (session.source_identity, session.expires) == ("alice", sts.now + 900)


def test_google_is_named_without_an_arn(sts: Any) -> None:
    token = jwt(**claims(sts, iss="https://accounts.google.com"))
    assert with_token(sts, token)["Provider"] == "accounts.google.com"


@pytest.mark.parametrize(("more", "audience"), [({"aud": ["a", "b"]}, "a"), ({"azp": "c", "aud": "a"}, "c")])
def test_audiences(sts: Any, more: dict[str, Any], audience: str) -> None:
    assert with_token(sts, jwt(**claims(sts, **more)))["Audience"] == audience


def test_an_expired_token(sts: Any) -> None:
    error = refused(
        sts,
        "AssumeRoleWithWebIdentity",
        RoleArn=ROLE,
        RoleSessionName="pod",
        WebIdentityToken=jwt(**claims(sts, exp=sts.now - 1)),
    )
    assert error.code == "ExpiredTokenException"
    assert error.message == (
        f"Token expired: current date/time {sts.now} must be before the expiration date/time {sts.now - 1}"
    )


@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "exp"])
def test_a_claim_that_is_missing(sts: Any, claim: str) -> None:
    given = {name: value for name, value in claims(sts).items() if name != claim}
    for token in (jwt(**given), jwt(**given, **{claim: True})):
        with pytest.raises(AwsError) as raised:
            with_token(sts, token)
        assert raised.value.code == "InvalidIdentityTokenException"
        assert raised.value.message == f"Missing a required claim: {claim}"


@given(st.one_of(st.text(max_size=60), st.lists(st.binary(max_size=9), min_size=3, max_size=3)))
@settings(max_examples=80)
def test_what_is_no_token(token: str | list[bytes]) -> None:
    text = token if isinstance(token, str) else ".".join(base64.urlsafe_b64encode(part).decode() for part in token)
    with pytest.raises(AwsError) as raised:
        read_web_identity(text, "", read_role(ROLE), 0.0)
    assert raised.value.code == "InvalidIdentityTokenException"


def test_an_oauth_providers_token_says_nothing_itself(sts: Any) -> None:
    answer = with_token(sts, "opaque access token", ProviderId="www.amazon.com")
    assert answer["Provider"] == "www.amazon.com"
    assert "Audience" not in answer
    assert answer["SubjectFromWebIdentityToken"]


@pytest.mark.parametrize(
    "tags",
    [
        {"principal_tags": []},
        {"principal_tags": {"a": ["b", "c"]}},
        {"principal_tags": {"aws:a": "b"}},
        {"transitive_tag_keys": "a"},
    ],
)
def test_tags_that_cannot_be(sts: Any, tags: Any) -> None:
    with pytest.raises(AwsError) as raised:
        with_token(sts, jwt(**claims(sts), **{"https://aws.amazon.com/tags": tags}))
    assert raised.value.code == "InvalidIdentityTokenException"


# ---- SAML

ATTRIBUTE = '<Attribute Name="https://aws.amazon.com/SAML/Attributes/{name}"><AttributeValue>{value}</AttributeValue></Attribute>'
ASSERTION = """<?xml version="1.0"?>
<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol"><Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion">
<Issuer>https://idp.example/saml</Issuer>
<Subject><NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">alice</NameID>
<SubjectConfirmation><SubjectConfirmationData NotOnOrAfter="{ends}" Recipient="https://signin.aws.amazon.com/saml"/>
</SubjectConfirmation></Subject>
<AuthnStatement SessionNotOnOrAfter="{session_ends}"/>
<AttributeStatement>{attributes}</AttributeStatement></Assertion></p:Response>"""


def assertion(
    ends: str = "2026-07-01T12:05:00Z", session_ends: str = "2026-07-01T12:30:00.000Z", **attributes: str
) -> str:
    named = {"RoleSessionName": "alice@example.com"} | {
        name.replace("PrincipalTag_", "PrincipalTag:"): value for name, value in attributes.items()
    }
    rows = "".join(ATTRIBUTE.format(name=name, value=value) for name, value in named.items() if value)
    return ASSERTION.format(ends=ends, session_ends=session_ends, attributes=rows)


def encoded(xml: str) -> str:
    return base64.b64encode(xml.encode()).decode()


def with_saml(sts: Any, text: str, **more: Any) -> Any:
    return sts("AssumeRoleWithSAML", RoleArn=ROLE, PrincipalArn=PROVIDER, SAMLAssertion=text, **more)


def test_an_assertion_is_read(sts: Any) -> None:
    xml = assertion(PrincipalTag_Team="a", TransitiveTagKeys="Team", SourceIdentity="alice")
    answer = with_saml(sts, encoded(xml))
    digest = hashlib.sha1(f"https://idp.example/saml{TWO}/corp".encode(), usedforsecurity=False).digest()
    assert {name: answer[name] for name in ("Subject", "SubjectType", "Issuer", "Audience", "NameQualifier")} == {
        "Subject": "alice",
        "SubjectType": "transient",
        "Issuer": "https://idp.example/saml",
        "Audience": "https://signin.aws.amazon.com/saml",
        "NameQualifier": base64.b64encode(digest).decode(),
    }
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{TWO}:assumed-role/reader/alice@example.com"
    session = sts.become(answer).session
    assert (session.tags, session.transitive_tags, session.source_identity) == ({"Team": "a"}, ("Team",), "alice")
    assert session.expires == sts.now + 1800


@pytest.mark.parametrize(
    ("xml", "code", "message"),
    [
        (
            assertion(ends="2026-07-01T12:00:00Z"),
            "ExpiredTokenException",
            "Token must be redeemed within 5 minutes of issuance",
        ),
        (
            assertion(RoleSessionName=""),
            "InvalidIdentityTokenException",
            "RoleSessionName is required in AuthnResponse",
        ),
        (
            assertion(RoleSessionName="a b"),
            "InvalidIdentityTokenException",
            "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}",
        ),
        (assertion(SourceIdentity="aws:x"), "InvalidIdentityTokenException", None),
        (assertion(ends="tomorrow"), "InvalidIdentityTokenException", None),
        ("<a/>", "InvalidIdentityTokenException", None),
        ("not xml", "InvalidIdentityTokenException", None),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "InvalidIdentityTokenException", None),
        (
            assertion().replace("<Subject>", "<Sub>").replace("</Subject>", "</Sub>"),
            "InvalidIdentityTokenException",
            None,
        ),
    ],
)
def test_what_is_no_assertion(sts: Any, xml: str, code: str, message: str | None) -> None:
    with pytest.raises(AwsError) as raised:
        with_saml(sts, encoded(xml))
    assert raised.value.code == code
    if message is not None:
        assert raised.value.message == message


@given(st.one_of(st.text(min_size=4, max_size=40), st.binary(max_size=60).map(lambda b: base64.b64encode(b).decode())))
@settings(max_examples=80)
def test_any_text_is_answered(text: str) -> None:
    with pytest.raises(AwsError):
        read_assertion(text, 0.0)


def test_a_principal_that_is_no_saml_provider(sts: Any) -> None:
    error = refused(sts, "AssumeRoleWithSAML", RoleArn=ROLE, PrincipalArn=ROLE, SAMLAssertion=encoded(assertion()))
    assert (error.code, error.message) == ("ValidationError", f"{ROLE} is invalid")


# ---- web identity tokens of this realm


def number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def verified(token: str, keys: dict[str, Any]) -> dict[str, Any]:
    """The claims, verified as another party does that knows nothing but the published keys."""
    header, payload, signature = token.split(".")
    kid = orjson.loads(base64.urlsafe_b64decode(header + "=="))["kid"]
    [key] = [key for key in keys["keys"] if key["kid"] == kid]
    raw = base64.urlsafe_b64decode(signature + "==")
    content = f"{header}.{payload}".encode()
    if key["alg"] == "RS256":
        rsa.RSAPublicNumbers(number(key["e"]), number(key["n"])).public_key().verify(
            raw, content, padding.PKCS1v15(), SHA256()
        )
    else:
        der = utils.encode_dss_signature(int.from_bytes(raw[:48], "big"), int.from_bytes(raw[48:], "big"))
        ec.EllipticCurvePublicNumbers(number(key["x"]), number(key["y"]), ec.SECP384R1()).public_key().verify(
            der, content, ec.ECDSA(SHA384())
        )
    found: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(payload + "=="))
    return found


@pytest.mark.parametrize("algorithm", ["ES384", "RS256"])
def test_a_token_is_verified_by_the_published_keys(sts: Any, algorithm: str) -> None:
    answer = sts("GetWebIdentityToken", Audience=["https://api.example"], SigningAlgorithm=algorithm)
    told = verified(answer["WebIdentityToken"], jwks(sts.sealer))
    assert told.pop("jti")
    assert told == {
        "iss": "https://atoll.example:4566/_atoll/realms/team-a",
        "aud": "https://api.example",
        "sub": sts.caller.principal,
        "iat": sts.now,
        "exp": sts.now + 300,
        "https://sts.amazonaws.com/": {
            "aws_account": "111111111111",
            "source_region": "eu-west-1",
            "principal_id": sts.caller.principal,
        },
    }
    assert answer["Expiration"].timestamp() == sts.now + 300
    header, payload, signature = answer["WebIdentityToken"].split(".")
    changed = base64.urlsafe_b64encode(orjson.dumps(told | {"sub": "x"})).decode().rstrip("=")
    with pytest.raises(InvalidSignature):
        verified(f"{header}.{changed}.{signature}", jwks(sts.sealer))
    assert payload != changed


def test_a_roles_session_speaks_for_its_role(sts: Any) -> None:
    sts.become(sts("AssumeRole", RoleArn=ROLE, RoleSessionName="me", Tags=[{"Key": "Team", "Value": "a"}]))
    answer = sts(
        "GetWebIdentityToken",
        Audience=["a", "b"],
        SigningAlgorithm="ES384",
        DurationSeconds=60,
        Tags=[{"Key": "job", "Value": "1"}],
    )
    told = verified(answer["WebIdentityToken"], jwks(sts.sealer))
    assert (told["sub"], told["aud"], told["exp"]) == (ROLE, ["a", "b"], sts.now + 60)
    assert told["https://sts.amazonaws.com/"] == {
        "aws_account": TWO,
        "source_region": "eu-west-1",
        "principal_id": ROLE,
        "original_session_exp": "2026-07-01T13:00:00Z",
        "principal_tags": {"Team": "a"},
        "request_tags": {"job": "1"},
    }
    sts.clock.advance(3500)
    error = refused(sts, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm="ES384")
    assert error.code == "SessionDurationEscalationException"


def test_what_no_token_is_given_for(sts: Any) -> None:
    error = refused(sts, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm="HS256")
    assert error.message == (
        "1 validation error detected: Value 'HS256' at 'signingAlgorithm' failed to satisfy constraint: Member must "
        "satisfy enum value set: [RS256, ES384]"
    )
    tags = [{"Key": f"k{n}", "Value": "v" * 256} for n in range(50)]
    error = refused(sts, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm="ES384", Tags=tags)
    assert error.code == "JWTPayloadSizeExceededException"


def test_realms_have_keys_of_their_own_that_never_change() -> None:
    one, again = jwks(Sealer("a", b"1" * 32)), jwks(Sealer("a", b"1" * 32))
    assert one == again
    other = jwks(Sealer("a", b"2" * 32))
    assert not {key["kid"] for key in one["keys"]} & {key["kid"] for key in other["keys"]}
    assert {number(key["n"]) for key in one["keys"] if "n" in key} != {
        number(key["n"]) for key in other["keys"] if "n" in key
    }
    assert all(number(key["n"]).bit_length() == 2048 for key in one["keys"] if "n" in key)


def test_discovery() -> None:
    found = discovery("team-a", Origin("http", "localhost:4566"))
    assert found["issuer"] == "http://localhost:4566/_atoll/realms/team-a"
    assert found["jwks_uri"] == "http://localhost:4566" + KEYS_PATH.format(realm="team-a")
    assert found["issuer"] + "/.well-known/openid-configuration" == (
        "http://localhost:4566" + DISCOVERY_PATH.format(realm="team-a")
    )
