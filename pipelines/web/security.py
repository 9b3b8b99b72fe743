"""Signed cookies, tokens of forms, and the headers of every answer."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hmac import compare_digest, digest
from pathlib import Path
from typing import TypeVar

from itsdangerous import BadData, URLSafeSerializer

from pipelines.web.provider import Pending

KEY_FILE = "web.key"
COOKIE, PENDING_COOKIE = "holdfast_session", "holdfast_sign_in"
Clock = Callable[[], datetime]

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex",
}


@dataclass(frozen=True)
class Visit:
    """What a cookie says: who (None: not signed in yet), of which of their sessions, until when, and a nonce."""

    person: str | None
    sessions: int
    until: str
    nonce: str


Held = TypeVar("Held", Visit, Pending)


class Seal:
    """Signs cookies and forms by a key that only the app's owner can read."""

    def __init__(self, root: Path) -> None:
        key = _key(root / KEY_FILE)
        salts = {Visit: "visit", Pending: "sign-in"}
        self._cookies: dict[type, URLSafeSerializer] = {
            kind: URLSafeSerializer(key, salt=salt) for kind, salt in salts.items()
        }
        self._forms = URLSafeSerializer(key, salt="form")
        self._key = key.encode()

    def begin(self, person: str | None, sessions: int, until: datetime) -> Visit:
        """A new visit that ends at `until`."""
        return Visit(person, sessions, until.astimezone(UTC).isoformat(), secrets.token_hex(16))

    def cookie(self, held: Held) -> str:
        """The value of the cookie that says this."""
        return str(self._cookies[type(held)].dumps(asdict(held)))

    def read(self, kind: type[Held], cookie: str | None, now: datetime) -> Held | None:
        """What a cookie says; None where it is absent, forged, of another kind or over."""
        try:
            held = kind(**self._cookies[kind].loads(cookie or ""))
            return held if datetime.fromisoformat(held.until) > now else None
        except (BadData, TypeError, ValueError):
            return None

    def masked(self, address: str) -> str:
        """A network address as it is kept: it can be told from others, but not read back without the key."""
        return digest(self._key, address.encode(), "sha256").hex()

    def form(self, visit: Visit) -> str:
        """The token that every form of this visit carries."""
        return str(self._forms.dumps(visit.nonce))

    def is_of(self, visit: Visit, token: str) -> bool:
        """Whether a form's token is that of this visit."""
        return compare_digest(self.form(visit).encode(), token.encode())


def _key(file: Path) -> str:
    """The key in `file`, drawn at random the first time; of two processes that begin at once, both get the same."""
    new = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    if not file.exists():
        with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as opened:
            opened.write(secrets.token_hex(32))
        with suppress(FileExistsError):
            os.link(new, file)  # whole or not at all
        new.unlink()
    return file.read_text()
