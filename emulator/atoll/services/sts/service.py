"""The service object that the operations register with. STS keeps nothing: sessions are in their tokens."""

from __future__ import annotations

from atoll.core.service import Service
from atoll.services.sts.access import ACCESS

LONGEST_BODY = 512 * 1024
"""Bytes. A SAML assertion has up to 100,000 characters, of which each may take three bytes of a form."""

sts = Service("sts", access=ACCESS, longest_body=LONGEST_BODY)
