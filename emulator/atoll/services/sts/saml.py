"""What a SAML assertion says. It is read, not verified: neither its signature nor that the provider exists.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from hashlib import sha1
from typing import TYPE_CHECKING, NamedTuple

from atoll.services.sts.errors import expired_token, invalid_identity_token
from atoll.services.sts.tags import RESERVED, SessionTags, is_reserved

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
_AWS = "https://aws.amazon.com/SAML/Attributes/"
_FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_INVALID = "Your request included an invalid SAML response. To logout, click here."


class Assertion(NamedTuple):
    """`ends` is when the identity provider's own session ends, in seconds since the epoch; None where it does not
    say."""

    subject: str
    subject_type: str
    issuer: str
    audience: str
    session_name: str
    tags: SessionTags
    source_identity: str
    ends: float | None

    def name_qualifier(self, account: str, provider: str) -> str:
        text = f"{self.issuer}{account}/{provider}"
        return b64encode(sha1(text.encode(), usedforsecurity=False).digest()).decode("ascii")


def read_assertion(text: str, now: float) -> Assertion:
    """Raises InvalidIdentityToken, ExpiredToken."""
    root = _parse(text)
    assertion = root if root.tag == _SAML + "Assertion" else root.find(f".//{_SAML}Assertion")
    if assertion is None:
        raise invalid_identity_token(_INVALID)
    name_id = assertion.find(f"{_SAML}Subject/{_SAML}NameID")
    confirmation = assertion.find(f"{_SAML}Subject/{_SAML}SubjectConfirmation/{_SAML}SubjectConfirmationData")
    if name_id is None or confirmation is None:
        raise invalid_identity_token(_INVALID)
    for limit in (confirmation, assertion.find(_SAML + "Conditions")):
        ends = _moment(limit, "NotOnOrAfter")
        if ends is not None and ends <= now:
            raise expired_token("Token must be redeemed within 5 minutes of issuance")
    attributes = _attributes(assertion)
    return Assertion(
        subject=_text(name_id),
        subject_type=name_id.get("Format", _FORMAT + "unspecified").removeprefix(_FORMAT),
        issuer=_text(assertion.find(_SAML + "Issuer")),
        audience=confirmation.get("Recipient", ""),
        session_name=_session_name(attributes),
        tags=_tags(attributes),
        source_identity=_source_identity(attributes),
        ends=_moment(assertion.find(_SAML + "AuthnStatement"), "SessionNotOnOrAfter"),
    )


def _parse(text: str) -> Element:
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(b64decode("".join(text.split()), validate=True), forbid_dtd=True)
    except (binascii.Error, ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise invalid_identity_token(_INVALID) from error
    return root


def _text(element: Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def _moment(element: Element | None, name: str) -> float | None:
    value = element.get(name) if element is not None else None
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise invalid_identity_token(_INVALID) from error
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def _attributes(assertion: Element) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for attribute in assertion.iter(_SAML + "Attribute"):
        values = found.setdefault(attribute.get("Name", ""), [])
        values.extend(_text(value) for value in attribute.iter(_SAML + "AttributeValue"))
    return found


def _session_name(attributes: dict[str, list[str]]) -> str:
    names = attributes.get(_AWS + "RoleSessionName")
    if not names or not names[0]:
        raise invalid_identity_token("RoleSessionName is required in AuthnResponse")
    if _SESSION_NAME.fullmatch(names[0]) is None:
        raise invalid_identity_token("RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}")
    return names[0]


def _tags(attributes: dict[str, list[str]]) -> SessionTags:
    prefix = _AWS + "PrincipalTag:"
    tags = {
        name.removeprefix(prefix): values[0]
        for name, values in attributes.items()
        if name.startswith(prefix) and values
    }
    if len(tags) > 50 or any(not 0 < len(key) <= 128 or len(value) > 256 for key, value in tags.items()):
        raise invalid_identity_token(_INVALID)
    if any(is_reserved(key, value) for key, value in tags.items()):
        raise invalid_identity_token(RESERVED)
    transitive = attributes.get(_AWS + "TransitiveTagKeys", [])
    return SessionTags(tags, tuple(key for key in tags if key in transitive))


def _source_identity(attributes: dict[str, list[str]]) -> str:
    values = attributes.get(_AWS + "SourceIdentity")
    if not values:
        return ""
    if _SESSION_NAME.fullmatch(values[0]) is None or values[0].startswith("aws:"):
        raise invalid_identity_token(
            "Source Identity in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with aws:"
        )
    return values[0]
