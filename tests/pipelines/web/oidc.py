"""A small OpenID Connect provider on this machine: it holds to PKCE and the client's secret, and lies when told to."""

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from configs.operations import Oidc

CLIENT, SECRET = "holdfast", "hush"


def new_key(name: str) -> ECKey:
    """A key pair of this name."""
    return ECKey.generate_key("P-256", parameters={"kid": name, "use": "sig"})


@dataclass
class Account:
    """Who is signed in there, as claims, and what is wrong with the tokens of today."""

    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "ES256", "kid": "1"})
    lies: dict[str, Any] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=dict)
    signed_by: Any = None


class OidcProvider:
    """Serves on a port of its own until `close`; `account` is who signs in."""

    def __init__(self, now: Callable[[], datetime], host: str = "127.0.0.1") -> None:
        self.now, self.account, self.key = now, Account(), new_key("1")
        self.codes: dict[str, dict[str, str]] = {}
        self.further: dict[str, str] = {}  # endpoints that not every provider has
        self.asked: list[str] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(urlsplit(self.path).path)
                provider.answer(self, {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider.token(self, {k: v[0] for k, v in parse_qs(body).items()})

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://{host}:{self.server.server_port}/realms/shop"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        """Stop answering."""
        if self.thread.is_alive():
            self.server.shutdown()
            self.thread.join()
        self.server.server_close()

    def answer(self, request: BaseHTTPRequestHandler, given: dict[str, str]) -> None:
        """The pages that are looked at: what the provider is, its keys, and the page to sign in on."""
        place = request.path.partition("?")[0].removeprefix("/realms/shop")
        if place == "/.well-known/openid-configuration":
            names = {"authorization_endpoint": "/auth", "token_endpoint": "/token", "jwks_uri": "/keys"}
            told = {name: self.issuer + path for name, path in (names | self.further).items()}
            _json(request, 200, {"issuer": self.issuer, **told})
        elif place == "/keys":
            _json(request, 200, {"keys": [self.key.as_dict(private=False)]})
        elif place == "/userinfo":
            known = request.headers["Authorization"] == "Bearer at"
            _json(request, 200 if known else 401, self.account.info if known else {})
        else:
            code = f"code{len(self.codes)}"
            self.codes[code] = given
            request.send_response(302)
            request.send_header(
                "Location", given["redirect_uri"] + "?" + urlencode({"code": code, "state": given["state"]})
            )
            request.end_headers()

    def token(self, request: BaseHTTPRequestHandler, given: dict[str, str]) -> None:
        """The token for a code, once, for the client that knows its secret and what the challenge was made of."""
        asked = self.codes.pop(given["code"], None)
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        made = base64.urlsafe_b64encode(hashlib.sha256(given.get("code_verifier", "").encode()).digest()).decode()
        if (
            asked is None
            or request.headers["Authorization"] != basic
            or (asked["code_challenge"], asked["code_challenge_method"]) != (made.rstrip("="), "S256")
            or asked["redirect_uri"] != given["redirect_uri"]
        ):
            _json(request, 400, {"error": "invalid_grant"})
            return
        issued = int(self.now().timestamp())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": issued, "exp": issued + 300, "nonce": asked["nonce"]}
        claims |= self.account.claims | self.account.lies
        token = jwt.encode(
            self.account.header, claims, self.account.signed_by or self.key, algorithms=["ES256", "HS256"]
        )
        _json(request, 200, {"access_token": "at", "token_type": "Bearer", "id_token": token})


def settings_of(provider: OidcProvider) -> Oidc:
    """The app's settings for this provider; `SMALL_OIDC_SECRET` in the environment holds the secret."""
    return Oidc(
        issuer=provider.issuer,
        client_id=CLIENT,
        client_secret="${SMALL_OIDC_SECRET}",
        roles={"sales": "manager", "leads": "lead", "analysts": "data"},
    )


def shared_key() -> OctKey:
    """A key that the client knows as well: its own secret."""
    return OctKey.import_key(SECRET.ljust(32, "-"))


def _json(request: BaseHTTPRequestHandler, status: int, content: dict[str, Any]) -> None:
    body = json.dumps(content).encode()
    request.send_response(status)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
