"""The realm as an OpenID Connect issuer: what others need to verify its web identity tokens.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound_getting_started.html
https://openid.net/specs/openid-connect-discovery-1_0.html
"""

from __future__ import annotations

from typing import Any

from atoll.core.call import Origin
from atoll.core.sealing import Sealer
from atoll.services.sts.jwt import encode_base64url, encode_part
from atoll.services.sts.signing_keys import es384_key, key_id, rs256_key

DISCOVERY_PATH = "/_atoll/realms/{realm}/.well-known/openid-configuration"
KEYS_PATH = "/_atoll/realms/{realm}/.well-known/jwks.json"
_P384_BYTES = 48


def issuer(realm: str, origin: Origin) -> str:
    """The issuer's URL, at the endpoint by which it was asked for."""
    return f"{origin.scheme}://{origin.host}/_atoll/realms/{realm}"


def discovery(realm: str, origin: Origin) -> dict[str, Any]:
    """The discovery document, to be served at `DISCOVERY_PATH`."""
    at = issuer(realm, origin)
    return {
        "issuer": at,
        "jwks_uri": f"{at}/.well-known/jwks.json",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES384"],
        "claims_supported": ["sub", "aud", "exp", "iat", "iss", "jti"],
    }


def jwks(sealer: Sealer) -> dict[str, Any]:
    """The realm's verification keys, to be served at `KEYS_PATH`. The first call of a process takes up to a second."""
    rsa = rs256_key(sealer).public_key().public_numbers()
    curve = es384_key(sealer).public_key().public_numbers()
    return {
        "keys": [
            {
                "kty": "EC",
                "use": "sig",
                "alg": "ES384",
                "kid": key_id(sealer, "ES384"),
                "crv": "P-384",
                "x": encode_base64url(curve.x.to_bytes(_P384_BYTES, "big")),
                "y": encode_base64url(curve.y.to_bytes(_P384_BYTES, "big")),
            },
            {
                "kty": "RSA",
                "use": "sig",
                "alg": "RS256",
                "kid": key_id(sealer, "RS256"),
                "n": encode_base64url(rsa.n.to_bytes((rsa.n.bit_length() + 7) // 8, "big")),
                "e": encode_base64url(rsa.e.to_bytes(3, "big")),
            },
        ]
    }


def sign_jwt(sealer: Sealer, algorithm: str, claims: dict[str, Any]) -> str:
    """`algorithm` is RS256 or ES384."""
    from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384

    header = {"alg": algorithm, "kid": key_id(sealer, algorithm), "typ": "JWT"}
    content = f"{encode_part(header)}.{encode_part(claims)}"
    if algorithm == "RS256":
        signature = rs256_key(sealer).sign(content.encode(), padding.PKCS1v15(), SHA256())
    else:
        r, s = utils.decode_dss_signature(es384_key(sealer).sign(content.encode(), ec.ECDSA(SHA384())))
        signature = r.to_bytes(_P384_BYTES, "big") + s.to_bytes(_P384_BYTES, "big")
    return f"{content}.{encode_base64url(signature)}"
