"""Reading a configuration file: every error at once, each with file, key, value and what would be right."""

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from configs.errors import ConfigError
from configs.playbook import load_playbook
from configs.secrets import (
    ENVIRONMENT_REFERENCE,
    PASSWORD_IN_ADDRESS,
    mistakes_of_addresses,
    mistakes_of_the_environment,
)
from configs.section import Section
from configs.settings import Settings
from configs.sources import needed_sources

SECRET_KEYS = {"uri", "database", "objects", "client_secret"}


def load_settings(path: Path, output: Path | None = None) -> Settings:
    """Settings of the TOML file at `path`; `output`, where given, replaces the configured root.

    Raises ConfigError listing every mistake found: file, key, value, and what would be right.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file. Name an existing one with --config.") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}). Name a readable TOML file.") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start}). Save the file as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}. Mend that line.") from None
    if output is not None:
        raw["root"] = str(output)
    mistakes = mistakes_of_addresses(_addresses(raw)) + mistakes_of_the_environment(os.environ)
    settings = None
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        mistakes += [_in_words(detail) for detail in error.errors()]
        if all(detail["loc"] for detail in error.errors()):  # else Settings has looked for them itself
            mistakes += _absent_sources(raw)
    if mistakes or settings is None:
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise ConfigError(f"{path}: {count}\n" + "\n".join(f"  - {mistake}" for mistake in mistakes))
    if settings.outreach.playbook:
        load_playbook(settings.outreach.playbook)
    return settings


def expand_environment(text: str) -> str:
    """`text` with each ${NAME} replaced by that environment variable; raises ConfigError where one is not set."""
    absent = [name for name in ENVIRONMENT_REFERENCE.findall(text) if name not in os.environ]
    if absent:
        raise ConfigError(f"environment variable {', '.join(absent)} is not set. Set it before the run.")
    return ENVIRONMENT_REFERENCE.sub(lambda match: os.environ[match[1]], text)


def _addresses(raw: dict[str, Any]) -> dict[str, Any]:
    """What may hold a secret, by its key."""
    sources = raw.get("sources")
    tables = sources if isinstance(sources, dict) else {}
    addresses = {
        f"sources.{name}.{key}": table.get(key)
        for name, table in tables.items()
        if isinstance(table, dict)
        for key in ("uri", "path")
    }
    for section, key in (
        ("tracking", "uri"),
        ("web", "database"),
        ("web.oidc", "client_secret"),
        ("publication", "database"),
        ("publication", "objects"),
    ):
        held: Any = raw
        for part in section.split("."):
            held = held.get(part) if isinstance(held, dict) else None
        addresses[f"{section}.{key}"] = held.get(key) if isinstance(held, dict) else None
    return addresses


def _absent_sources(raw: dict[str, Any]) -> list[str]:
    """Tables that must have a source and have none; Settings looks for them only where nothing else is wrong."""
    sources, churn = raw.get("sources"), raw.get("churn")
    if not isinstance(sources, dict):
        return []
    definition = churn.get("definition") if isinstance(churn, dict) else None
    return [f"[sources.{table}]: missing; right: {why}" for table, why in needed_sources(sources, definition).items()]


def _in_words(detail: Any) -> str:
    """One pydantic error as `key = value: what is wrong; right: what would be`."""
    location = [str(part) for part in detail["loc"] if part != "[key]"]
    key = ".".join(location) or "(whole file)"
    if detail["type"] == "extra_forbidden":
        return f"{key}: no such key; right: {_nearest(location[-1], list(_section_at(location[:-1]).model_fields))}"
    if detail["type"] == "literal_error" and len(location) > 1 and location[0] == "sources" and len(location) == 2:
        tables = re.findall(r"'(\w+)'", detail["ctx"]["expected"])
        return f"{key}: no such table; right: {_nearest(location[1], tables)}"
    description = _description(location)
    if detail["type"] == "missing":
        return f"{key}: missing; right: {description}"
    value = "(hidden)" if location and location[-1] in SECRET_KEYS else _short(detail["input"])
    wrong = detail["msg"].removeprefix("Value error, ")
    shown = "" if isinstance(detail["input"], dict) else f" = {value}"
    return f"{key}{shown}: {wrong}" + (f"; right: {description}" if description else "")


def _section_at(location: list[str]) -> type[BaseModel]:
    """The section class that a key path leads to."""
    section: type[BaseModel] = Settings
    for part in location:
        if part not in section.model_fields:
            continue  # the name of a table under `sources`
        annotation: Any = section.model_fields[part].annotation
        candidates = [annotation, *get_args(annotation)]
        section = next((c for c in candidates if isinstance(c, type) and issubclass(c, Section)), section)
    return section


def _description(location: list[str]) -> str:
    field = _section_at(location[:-1]).model_fields.get(location[-1]) if location else None
    return (field.description or "") if field else ""


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return (f"did you mean `{close[0]}`? " if close else "") + "known: " + ", ".join(known)


def _short(value: Any) -> str:
    text = repr(value)
    if PASSWORD_IN_ADDRESS.search(text):
        return "(hidden)"
    return text if len(text) <= 60 else text[:57] + "..."
