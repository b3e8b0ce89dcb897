"""Who makes a request: realm, account, region and principal.

Issued keys are always verified. A realm that is open takes everybody else at their word; a closed one refuses them,
but for accounts that open themselves to their own bare id as access key.
"""

from __future__ import annotations

import re
from copy import copy
from typing import Any

from atoll.core.access_keys import account_of, is_account_id, is_issued_form
from atoll.core.arn import partition_of
from atoll.core.bounded import Lookups, keep
from atoll.core.caller import Caller
from atoll.core.clock import Clock
from atoll.core.links import realm_of_link
from atoll.core.sealing import NotSealedHere, looks_sealed, sealer_of, sealing_realm
from atoll.core.session_tokens import TemporaryKey, open_session
from atoll.core.tenant_id import DEFAULT_REALM
from atoll.gateway.claims import SIGNATURE_LENGTH, Claim, read_claim
from atoll.gateway.hosts import HostName, read_host
from atoll.gateway.payload import checked, whole
from atoll.gateway.refusals import NotAuthenticated, Reason
from atoll.gateway.sigv4 import check, is_region, signing_key, verify, wrong_region
from atoll.index import AccessKey, Account, Directory, Realm
from atoll.wire.http import Request

DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"
ANONYMOUS = "anonymous"

_PARITY = ("LKIA", "LSIA", "AKIA", "ASIA")
_QUEUE_PATH = re.compile(r"/queue/([^/]+)/")
_MOST_HOSTS = 256
_MOST_CALLERS = 4096
_LONGEST_KEPT = 256
"""Characters of what a cache is keyed by, so that its size is bounded too."""


class Identity:
    """Who makes a request. `signing_name` is the service in the credential's scope, empty where there is none.

    `claim` is set where a signature was verified, and `signing_key` where the body's chunks are signed one by one, each
    on from the signature before it, the first on from the claim's.
    """

    __slots__ = ("caller", "claim", "signing_key", "signing_name")

    def __init__(self, caller: Caller, signing_name: str = "", claim: Claim | None = None) -> None:
        self.caller = caller
        self.signing_name = signing_name
        self.claim = claim
        self.signing_key = b""


class _View:
    """What a Host leads to, and whom an open realm has seen there. `realm` is the realm as it was then."""

    __slots__ = ("host", "realm", "seen")

    def __init__(self, host: HostName) -> None:
        self.host = host
        self.realm: Realm | None = None
        self.seen: dict[str, Identity] = {}


class _Opened:
    """A token that was opened by `realm`'s key, and its callers by region."""

    __slots__ = ("callers", "key", "realm")

    def __init__(self, realm: Realm, key: TemporaryKey) -> None:
        self.realm = realm
        self.key = key
        self.callers: dict[str, Caller] = {}


class _Signer:
    """Who has signed with this key, scope and choice of headers before. All that the next of its signatures changes in
    the claim are time and signature."""

    __slots__ = ("claim", "host", "identity", "key")

    def __init__(self, key: AccessKey, host: str, identity: Identity, claim: Claim) -> None:
        self.key = key
        self.host = host
        self.identity = identity
        self.claim = claim


class _NotInMemory(Exception):
    """The index has to be asked, or the body read."""

    def __init__(self, *question: str) -> None:
        super().__init__(question)
        self.question = question


_Answers = dict[tuple[str, ...], Any]


class Identifier:
    """One for each gateway. `services` are the names that may stand first in an endpoint's host name."""

    def __init__(
        self,
        directory: Directory,
        clock: Clock,
        *,
        services: frozenset[str] = frozenset(),
        default_account: str = DEFAULT_ACCOUNT,
        parity_access_keys: bool = False,
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._services = services
        self._default_account = default_account
        # Real credentials must not land in stray accounts unless asked to.
        self._carriers = _PARITY if parity_access_keys else _PARITY[:2]
        self._views: dict[str, _View] = {}
        self._seen = 0
        self._callers: dict[tuple[str, str], tuple[AccessKey, Caller]] = {}
        self._signers: dict[str, _Signer] = {}
        self._tokens: dict[str, _Opened] = {}
        self.lookups = Lookups()
        """How often a caller was known by the credential alone, and how often it was read anew."""

    def identify(self, request: Request) -> Identity | None:
        """Who makes the request; None where memory does not say: `identify_slowly`. Raises NotAuthenticated."""
        headers = request.headers
        authorization = headers.get("authorization")
        if authorization is not None:
            view = self._views.get(headers.get("host", ""))
            if view is not None and view.realm is not None:
                # Up to its comma it is "AWS4-HMAC-SHA256 Credential=…", all that an open realm asks of a caller.
                identity = view.seen.get(authorization[: authorization.find(",")])
                if identity is not None and view.realm is self._directory.peek_realm(view.realm.name):
                    self.lookups.hits += 1
                    return identity
            signer = self._signers.get(authorization[:-SIGNATURE_LENGTH])
            if signer is not None and self._may_have_signed(signer, request):
                signer.claim.signature = authorization[-SIGNATURE_LENGTH:]
                signer.claim.timestamp = headers["x-amz-date"]
                verify(request, signer.claim, signer.key.secret, self._clock.now())
                self.lookups.hits += 1
                return signer.identity
        self.lookups.misses += 1
        try:
            return self._identify(request, {})
        except _NotInMemory:
            return None

    async def identify_slowly(self, request: Request) -> Identity:
        """Who makes the request. A body that comes as a stream is replaced by one that is checked as it is read, or
        read whole where it must be at hand.

        Raises NotAuthenticated.
        """
        answers: _Answers = {}
        while True:
            try:
                return self._identify(request, answers)
            except _NotInMemory as missing:
                answers[missing.question] = await self._ask(missing.question, request)

    async def _ask(self, question: tuple[str, ...], request: Request) -> Any:
        match question:
            case "realm", name:
                return await self._directory.get_realm(name)
            case "account", realm, account:
                return await self._directory.get_account(realm, account)
            case "ended", realm, account:
                return await self._directory.get_ended(realm, account)
            case "key", key_id:
                return await self._directory.get_access_key(key_id)
        if not isinstance(request.body, bytes):
            request.body = await whole(request.body)
        return None

    def _identify(self, request: Request, answers: _Answers) -> Identity:
        view = self._view(request.headers.get("host", ""))
        claim = read_claim(request)
        if claim is not None and is_issued_form(claim.key_id):
            read = self._temporary if claim.key_id.startswith("LSIA") else self._long_term
            identity = read(request, claim, view.host, answers)
            if identity is not None:
                return identity
        name = view.host.realm or (claim is None and realm_of_link(request.query)) or DEFAULT_REALM
        realm = self._realm(name, answers)
        if realm is None:
            raise NotAuthenticated(Reason.REALM, message=f"There is no realm '{name}' here.")
        if realm.open:
            return self._trusted(request, claim, realm, view)
        return self._closed(request, claim, realm, view.host, answers)

    # ---- keys that Atoll issued; None where nobody did

    def _long_term(self, request: Request, claim: Claim, host: HostName, answers: _Answers) -> Identity | None:
        key = self._key(claim.key_id, answers)
        if key is None:
            return None
        if key.status != "Active":
            check(request, claim, self._clock.now())
            raise claim.refused(Reason.UNKNOWN_KEY, key_id=claim.key_id)
        if claim.token:
            # Only temporary keys have one.
            check(request, claim, self._clock.now())
            raise claim.refused(Reason.UNKNOWN_TOKEN, token=claim.token)
        identity = self._verified(request, claim, key.secret)
        _check_realm(claim, host, key.realm)
        kept = self._callers.get((claim.key_id, claim.region))
        if kept is None or kept[0] is not key:
            caller = Caller(key.realm, key.account, claim.region, key.principal, key.user_id, key.key_id)
            kept = (key, caller)
            keep(self._callers, (claim.key_id, claim.region), kept, _MOST_CALLERS)
        identity.caller = kept[1]
        if _is_usual(request, claim):
            # The claim's own, since it goes on to be that of others.
            known = Identity(kept[1], claim.service, copy(claim))
            signer = _Signer(key, request.headers.get("host", ""), known, copy(claim))
            keep(self._signers, request.headers["authorization"][:-SIGNATURE_LENGTH], signer, _MOST_CALLERS)
        return identity

    def _may_have_signed(self, signer: _Signer, request: Request) -> bool:
        """Whether the key is still what it was, and the request one in whose claim nothing else can be new."""
        return (
            self._directory.peek_access_key(signer.key.key_id) is signer.key
            and request.headers.get("host", "") == signer.host
            and _is_usual(request, signer.claim)
        )

    def _temporary(self, request: Request, claim: Claim, host: HostName, answers: _Answers) -> Identity | None:
        opened = self._opened(claim.token, answers)
        if opened is None and not looks_sealed(claim.token):
            return None
        if opened is None or opened.key.key_id != claim.key_id:
            check(request, claim, self._clock.now())
            raise claim.refused(Reason.UNKNOWN_TOKEN, token=claim.token)
        key = opened.key
        identity = self._verified(request, claim, key.secret)
        if key.session.expires <= self._clock.now():
            raise claim.refused(Reason.EXPIRED_TOKEN, token=claim.token)
        name = opened.realm.name
        if not opened.realm.open and key.session.issued <= self._ended(name, key.account, answers):
            # It was another account's, or of this one before it was ended and made anew.
            raise claim.refused(Reason.UNKNOWN_TOKEN, token=claim.token)
        _check_realm(claim, host, name)
        caller = opened.callers.get(claim.region)
        if caller is None:
            caller = Caller(name, key.account, claim.region, key.principal, key.user_id, key.key_id, key.session)
            keep(opened.callers, claim.region, caller, _MOST_CALLERS)
        identity.caller = caller
        return identity

    def _opened(self, token: str, answers: _Answers) -> _Opened | None:
        kept = self._tokens.get(token)
        name = kept.realm.name if kept is not None else sealing_realm(token)
        realm = self._realm(name, answers) if name else None
        if realm is None:
            return None
        if kept is not None and kept.realm.sealing_key == realm.sealing_key:
            kept.realm = realm
            return kept
        try:
            opened = _Opened(realm, open_session(sealer_of(realm.name, realm.sealing_key), token))
        except NotSealedHere:
            return None
        keep(self._tokens, token, opened, _MOST_CALLERS)
        return opened

    def _verified(self, request: Request, claim: Claim, secret: str) -> Identity:
        """An identity whose caller is still to be put in."""
        body = request.body
        declared = request.headers.get("x-amz-content-sha256", "")
        if not isinstance(body, bytes) and not declared and claim.service != "s3":
            raise _NotInMemory("body")
        verify(request, claim, secret, self._clock.now())
        identity = Identity(_NOBODY, claim.service, claim)
        if declared.startswith("STREAMING-AWS4-HMAC-SHA256"):
            identity.signing_key = signing_key(secret, claim.date, claim.region, claim.service)
        elif not isinstance(body, bytes) and len(declared) == 64:
            request.body = checked(body, declared, claim)
        return identity

    # ---- everybody else

    def _trusted(self, request: Request, claim: Claim | None, realm: Realm, view: _View) -> Identity:
        if claim is None:
            region = _region_elsewhere(request, view.host)
            return Identity(_root(realm.name, self._default_account, region, ""))
        region = _region(request, claim, view.host)
        caller = _root(realm.name, self._account_in(claim.key_id), region, claim.key_id)
        identity = Identity(caller, claim.service)
        self._remember(request, claim, realm, view, identity)
        return identity

    def _remember(self, request: Request, claim: Claim, realm: Realm, view: _View, identity: Identity) -> None:
        """Only what the credential decides alone: the index or a token may know more of a key in an issued form."""
        if claim.problem is not None or claim.presigned or not claim.region or is_issued_form(claim.key_id):
            return
        credential, comma, _ = request.headers["authorization"].partition(",")
        if not comma or len(credential) > _LONGEST_KEPT or not credential.endswith(f"={claim.full_credential}"):
            return
        if self._seen >= _MOST_CALLERS:
            self._views.clear()
            self._seen = 0
        if view.realm is not realm:
            view.realm = realm
            view.seen.clear()
        view.seen[credential] = identity
        self._seen += 1

    def _account_in(self, key_id: str) -> str:
        if is_account_id(key_id):
            return key_id
        carried = account_of(key_id) if key_id.startswith(self._carriers) else None
        return carried or self._default_account

    def _closed(
        self, request: Request, claim: Claim | None, realm: Realm, host: HostName, answers: _Answers
    ) -> Identity:
        if claim is None:
            region = _region_elsewhere(request, host)
            anonymous = Caller(realm.name, self._default_account, region, ANONYMOUS, ANONYMOUS)
            raise NotAuthenticated(Reason.NO_CREDENTIALS, unsigned=Identity(anonymous))
        if is_account_id(claim.key_id):
            account = self._account(realm.name, claim.key_id, answers)
            if account is not None and account.allow_account_id_keys:
                region = _region(request, claim, host)
                return Identity(_root(realm.name, claim.key_id, region, claim.key_id), claim.service)
        check(request, claim, self._clock.now())
        raise claim.refused(Reason.UNKNOWN_KEY, key_id=claim.key_id)

    # ---- what is known of the index

    def _realm(self, name: str, answers: _Answers) -> Realm | None:
        found = self._directory.peek_realm(name)
        if found is None:
            found = _answer(answers, "realm", name)
        return found

    def _account(self, realm: str, account: str, answers: _Answers) -> Account | None:
        found = self._directory.peek_account(realm, account)
        if found is None:
            found = _answer(answers, "account", realm, account)
        return found

    def _ended(self, realm: str, account: str, answers: _Answers) -> float:
        found = self._directory.peek_ended(realm, account)
        if found is None:
            found = _answer(answers, "ended", realm, account)
        return float(found)

    def _key(self, key_id: str, answers: _Answers) -> AccessKey | None:
        found = self._directory.peek_access_key(key_id)
        if found is None:
            found = _answer(answers, "key", key_id)
        return found

    def _view(self, host: str) -> _View:
        view = self._views.get(host)
        if view is None:
            view = _View(read_host(host, self._services))
            if len(host) <= _LONGEST_KEPT:
                if len(self._views) >= _MOST_HOSTS:
                    self._views.clear()
                    self._seen = 0
                self._views[host] = view
        return view


def _is_usual(request: Request, claim: Claim) -> bool:
    """Whether it is signed in its header, as SDKs write that, with its body at hand and without a hash of its own."""
    headers = request.headers
    return (
        not request.query
        and isinstance(request.body, bytes)
        and "x-amz-date" in headers
        and "x-amz-security-token" not in headers
        and "x-amz-content-sha256" not in headers
        and headers["authorization"][-SIGNATURE_LENGTH - 10 : -SIGNATURE_LENGTH] == "Signature="
        and claim.problem is None
    )


_NOBODY = Caller("", "", "", "", "")


def _answer(answers: _Answers, *question: str) -> Any:
    if question not in answers:
        raise _NotInMemory(*question)
    return answers[question]


def _check_realm(claim: Claim, host: HostName, realm: str) -> None:
    if host.realm and host.realm != realm:
        raise claim.refused(Reason.REALM, message=f"The access key is not one of the realm '{host.realm}'.")


def _region(request: Request, claim: Claim, host: HostName) -> str:
    """Raises NotAuthenticated: a region that there cannot be would make a tenant that nobody meant."""
    if not claim.region:
        return _region_elsewhere(request, host)
    if not is_region(claim.region):
        raise wrong_region(claim)
    return claim.region


def _region_elsewhere(request: Request, host: HostName) -> str:
    if host.region:
        return host.region
    match = _QUEUE_PATH.match(request.path)
    return match[1] if match is not None and is_region(match[1]) else DEFAULT_REGION


def _root(realm: str, account: str, region: str, key_id: str) -> Caller:
    """A bare account has no user or role behind it: it is the account itself, to AWS its root, whose user id is the
    account's."""
    return Caller(realm, account, region, f"arn:{partition_of(region)}:iam::{account}:root", account, key_id)
