"""Passwords come from the environment, and none is taken that everybody knows."""

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

ENVIRONMENT_REFERENCE = re.compile(r"\$\{(\w+)\}")
PASSWORD_IN_ADDRESS = re.compile(
    r"://[^/@\s:]*:(?!\$\{)[^@\s]+@|\b(ssl)?(password|passwd|pwd)\s*=\s*(?!\$\{)[^&\s]", re.IGNORECASE
)
# What images, packages and manuals come with; a user's own name is another.
KNOWN_TO_ALL = {"123456", "admin", "changeme", "example", "mlflow", "mysecretpassword", "pass", "password"}
KNOWN_TO_ALL |= {"password1234", "postgres", "prefect", "root", "secret", "test"}
# Read by MLflow and Prefect themselves: addresses, and "user:password" or the password alone.
ADDRESSES = ("MLFLOW_TRACKING_URI", "PREFECT_API_URL", "PREFECT_API_DATABASE_CONNECTION_URL")
ADDRESSES += ("PREFECT_SERVER_DATABASE_CONNECTION_URL",)
PASSWORDS = ("MLFLOW_TRACKING_PASSWORD", "PREFECT_API_AUTH_STRING", "PREFECT_SERVER_API_AUTH_STRING")
RIGHT = "right: give the server one of its own"


def mistakes_of_addresses(addresses: Mapping[str, Any]) -> list[str]:
    """What is wrong with the secrets of addresses, by the keys of a configuration: a password written out, a variable
    that is not set, a password that everybody knows."""
    mistakes = []
    for key, address in addresses.items():
        if not isinstance(address, str):
            continue
        if PASSWORD_IN_ADDRESS.search(address):
            mistakes.append(f'{key} = (hidden): holds a password; right: take it from the environment, "${{NAME}}"')
            continue
        names = ENVIRONMENT_REFERENCE.findall(address)
        absent = [name for name in names if name not in os.environ]
        mistakes += [f"{key}: environment variable {name} is not set; right: set it before the run" for name in absent]
        if not absent and known_to_all(ENVIRONMENT_REFERENCE.sub(lambda match: os.environ[match[1]], address)):
            mistakes.append(f"{key}: {', '.join(names)} holds a password that everybody knows; {RIGHT}")
    return mistakes


def mistakes_of_the_environment(environment: Mapping[str, str]) -> list[str]:
    """The variables of MLflow and Prefect that hold a password that everybody knows."""
    weak = [name for name in ADDRESSES if known_to_all(environment.get(name, ""))]
    for name in PASSWORDS:
        user, _, password = environment.get(name, "").rpartition(":")
        weak += [name] if _weak(user, password) else []
    return [f"environment variable {name} holds a password that everybody knows; {RIGHT}" for name in weak]


def known_to_all(address: str) -> bool:
    """Whether an address holds a password that servers come with, or that is its user's name."""
    parts = urlsplit(address)
    asked = parse_qs(parts.query)
    passwords = [unquote(parts.password or ""), *asked.get("password", []), *asked.get("pwd", [])]
    user = unquote(parts.username or "") or asked.get("user", [""])[0]
    return any(_weak(user, password) for password in passwords)


def _weak(user: str, password: str) -> bool:
    """An empty password is none: the server then knows whom it trusts, or has the wrong idea of it by itself."""
    return bool(password) and password.lower() in {*KNOWN_TO_ALL, user.lower()}
