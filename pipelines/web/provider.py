"""Signing in through the company's own sign-in: OpenID Connect by authorization code, with PKCE, state and nonce."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Any
from urllib.parse import urlencode

from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.claims import ClaimsOption
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from requests import RequestException

from configs.errors import DependencyError
from configs.load import expand_environment
from configs.operations import Oidc
from pipelines.web.schema import DATA, LEAD, MANAGER

BACK, SIGN_IN = "/sign-in/back", "/sign-in"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
USERINFO, END_SESSION = "userinfo_endpoint", "end_session_endpoint"  # not every provider has them
TIMEOUT_SECONDS = 10
LEEWAY_SECONDS = 60  # by which clocks may differ
# Signed by the provider's private key. Not HS256, whose key the provider shares, and not "none".
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


class NotSignedIn(Exception):
    """What came back does not prove who it is; the message names what is wrong, and nobody."""


@dataclass(frozen=True)
class Pending:
    """What the browser that began must bring back, until when."""

    state: str
    nonce: str
    verifier: str
    until: str


@dataclass(frozen=True)
class Proven:
    """Who the provider says it is. `subject` stays whatever they are called; `role` is None where none is allowed."""

    subject: str
    name: str
    role: str | None
    account_manager: str | None


class Provider:
    """The configured provider; `address` is where people reach the app."""

    def __init__(self, oidc: Oidc, address: str) -> None:
        self.oidc, self.back, self.after = oidc, address + BACK, address + SIGN_IN
        self._secret = expand_environment(oidc.client_secret)
        self._metadata: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._lock = threading.Lock()

    def begin(self, until: datetime) -> tuple[str, Pending]:
        """The address at the provider where somebody signs in, and what their browser must bring back by `until`.

        Raises DependencyError where the provider does not answer.
        """
        pending = Pending(generate_token(32), generate_token(32), generate_token(48), until.isoformat())
        with self._session() as session:
            address, _ = session.create_authorization_url(
                self._known(session)["authorization_endpoint"],
                state=pending.state,
                code_verifier=pending.verifier,
                nonce=pending.nonce,
            )
        return address, pending

    def finish(self, pending: Pending, returned: Mapping[str, str], now: datetime) -> Proven:
        """Who signed in, by the parameters that the browser came back with.

        Raises NotSignedIn where they prove nobody, DependencyError where the provider does not answer.
        """
        if not compare_digest(pending.state.encode(), returned.get("state", "").encode()):
            raise NotSignedIn("state")
        if "code" not in returned:
            raise NotSignedIn("no code")  # they changed their mind, or the provider refused them
        try:
            with self._session() as session:
                found = session.fetch_token(
                    self._known(session)["token_endpoint"],
                    grant_type="authorization_code",
                    code=returned["code"],
                    code_verifier=pending.verifier,
                )
                claims = self._completed(session, self._claims(session, found, pending.nonce, now))
        except (OAuthError, JoseError, KeyError, ValueError, TypeError) as error:
            raise NotSignedIn(type(error).__name__) from None
        except RequestException as error:
            raise _away(error) from None
        return self._proven(claims)

    def end(self) -> str | None:
        """The address where somebody ends their session at the provider, and comes back; None where it has none."""
        try:
            with self._session() as session:
                place = self._known(session).get(END_SESSION)
        except DependencyError:
            return None  # whoever leaves must not be kept waiting by a provider that is away
        asked = urlencode({"client_id": self.oidc.client_id, "post_logout_redirect_uri": self.after})
        return f"{place}{'&' if '?' in place else '?'}{asked}" if place else None

    def _completed(self, session: OAuth2Session, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        """The claims, with those that the ID token lacks as the provider tells them of the same person when asked."""
        wanted = {self.oidc.name_claim, self.oidc.manager_claim, self.oidc.roles_claim}
        place = self._known(session).get(USERINFO)
        if wanted <= claims.keys() or not place:
            return claims
        told = _json(session, place, withhold_token=False)
        if not isinstance(told, dict) or told.get("sub") != claims["sub"]:
            raise NotSignedIn("userinfo of another")
        return {**told, **claims}

    def _proven(self, claims: Mapping[str, Any]) -> Proven:
        name = claims.get(self.oidc.name_claim)
        if not isinstance(name, str) or not name.strip():
            raise NotSignedIn("no name")
        if self.oidc.name_claim == "email" and claims.get("email_verified") is False:
            raise NotSignedIn("e-mail address not verified")
        given = claims.get(self.oidc.roles_claim)
        words = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        allowed = {self.oidc.roles.get(word) for word in words if isinstance(word, str)}
        role = next((role for role in (DATA, LEAD, MANAGER) if role in allowed), None)
        manager = claims.get(self.oidc.manager_claim)
        whose = manager if role == MANAGER and isinstance(manager, str) and manager else None
        return Proven(f"{self.oidc.issuer} {claims['sub']}", name.strip(), role, whose)

    def _claims(self, session: OAuth2Session, found: Mapping[str, Any], nonce: str, now: datetime) -> Mapping[str, Any]:
        """The claims of the ID token, once its signature, issuer, audience, time and nonce are as they must be."""
        try:
            token = jwt.decode(found["id_token"], self._signers(session), algorithms=ALGORITHMS)
        except InvalidKeyIdError:  # the provider has changed its keys
            token = jwt.decode(found["id_token"], self._signers(session, anew=True), algorithms=ALGORITHMS)
        must: dict[str, ClaimsOption] = {
            "iss": {"essential": True, "value": self.oidc.issuer},
            "aud": {"essential": True, "value": self.oidc.client_id},
        }
        asked = {"nonce": nonce, "client_id": self.oidc.client_id, "access_token": found.get("access_token")}
        claims = CodeIDToken(token.claims, token.header, must, asked)
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY_SECONDS)
        return claims

    def _signers(self, session: OAuth2Session, anew: bool = False) -> KeySet:
        if self._keys is None or anew:
            self._keys = KeySet.import_key_set(_json(session, self._known(session)["jwks_uri"]))
        return self._keys

    def _known(self, session: OAuth2Session) -> dict[str, Any]:
        """What the provider says of itself, asked once."""
        with self._lock:
            if not self._metadata:
                issuer = self.oidc.issuer
                try:
                    found = _json(session, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
                except (RequestException, ValueError) as error:
                    raise _away(error) from None
                if found.get("issuer") != issuer:
                    raise DependencyError(
                        "web.oidc.issuer: the provider calls itself otherwise. Copy `issuer` from its "
                        "/.well-known/openid-configuration."
                    )
                secure = ("https://",) if issuer.startswith("https://") else ("https://", "http://")
                named = [*ENDPOINTS, *(name for name in (USERINFO, END_SESSION) if found.get(name))]
                if bad := [name for name in named if not str(found.get(name, "")).startswith(secure)]:
                    raise DependencyError(f"web.oidc: the provider names no safe {', '.join(bad)}. Ask who runs it.")
                self._metadata = found
            return self._metadata

    def _session(self) -> OAuth2Session:
        return OAuth2Session(
            self.oidc.client_id,
            self._secret,
            scope=" ".join(self.oidc.scopes),
            redirect_uri=self.back,
            code_challenge_method="S256",
            default_timeout=TIMEOUT_SECONDS,
        )


def _json(session: OAuth2Session, address: str, withhold_token: bool = True) -> Any:
    answer = session.get(address, withhold_token=withhold_token)
    answer.raise_for_status()
    return answer.json()


def _away(error: Exception) -> DependencyError:
    return DependencyError(
        f"web.oidc: the provider does not answer ({type(error).__name__}). Check that it runs and `issuer` is right."
    )
