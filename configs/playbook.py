"""The playbook: what to do about a customer, on which channel, in which words, for each reason to leave.

A company may write its own (`outreach.playbook`); the one beside this file is used otherwise.
"""

import re
import tomllib
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from configs.errors import ConfigError
from configs.section import Section
from configs.settings import PLAYBOOK

PLACEHOLDERS = frozenset({"name", "company", "account_manager"})
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class Play(Section):
    """One thing to do, and whom it suits: those of whom `when` holds and, with `reason`, whose risk it clearly raises.

    `when` is an SQL condition on features by name (features/DICTIONARY.md).
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="short lower-case name")
    reason: str | None = Field(None, description='group of reasons that it answers, e.g. "complaints"')
    when: str | None = Field(None, min_length=1, description="SQL condition on features; default: always")
    action: str = Field(min_length=1, max_length=200, description="what to do, as a sentence without a full stop")
    channel: Literal["phone", "email", "letter", "visit"] = Field(
        description="how, where nothing is known of the customer's own ways"
    )
    draft: str = Field(min_length=1, max_length=2000, description="message to begin from")

    @model_validator(mode="after")
    def _known_placeholders(self) -> Self:
        unknown = sorted(set(PLACEHOLDER.findall(self.draft)) - PLACEHOLDERS)
        if unknown:
            known = ", ".join(f"{{{name}}}" for name in sorted(PLACEHOLDERS))
            raise ValueError(f"`draft` names {{{'}, {'.join(unknown)}}}; right: {known}")
        return self


class Playbook(Section):
    """Plays in the order of the file, the first that suits is chosen; the last one suits everybody."""

    plays: list[Play] = Field(min_length=1, description="at least one [[plays]]")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        names = [play.name for play in self.plays]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)}: more than one play of that name")
        last = self.plays[-1]
        if last.reason or last.when:
            raise ValueError(f"{last.name}: the last play must suit everybody: no `reason` and no `when`")
        return self


def load_playbook(path: Path | None = None) -> Playbook:
    """The playbook in the TOML file at `path`, or the shipped one.

    Raises ConfigError listing every mistake found: file, play, key, and what would be right.
    """
    path = path or PLAYBOOK
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file. Mend `outreach.playbook`, or leave it out.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as TOML: {error}. Mend the file.") from None
    try:
        return Playbook.model_validate(raw)
    except ValidationError as error:
        mistakes = []
        for detail in error.errors():
            where = ".".join(str(part + 1) if isinstance(part, int) else str(part) for part in detail["loc"])
            mistakes.append(f"  - {where or 'plays'}: {detail['msg'].removeprefix('Value error, ')}")
        raise ConfigError(f"{path}: {len(mistakes)} to mend\n" + "\n".join(mistakes)) from None
