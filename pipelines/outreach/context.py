"""What a risk list says about itself: whose data, how fresh, and how far to trust it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

GRADE_IN_WORDS = {
    "A": "in past data the model picked out leaving customers better than simple rules of thumb, by more than chance",
    "B": "in past data the model did about as well as simple rules of thumb, not better",
    "C": "in past data the model did worse than simple rules of thumb, so trust what you know of the customer first",
}


def list_name(as_of: date, company: str) -> str:
    """The name of the lists of a day and a company, e.g. "2026-06-15 Northlight"."""
    return f"{as_of.isoformat()} {company}"


@dataclass(frozen=True)
class ListContext:
    """The facts printed beside every list.

    `as_of` is the day the list is for, `data_until` the latest event seen (UTC; naive means UTC). `horizon_days` is
    the time in which a customer may leave, `soon_days` the first of its further horizons (None: it has none),
    `clv_horizon_days` the time over which values are counted. `model_grade` is "A" (better than the textbook opponents
    beyond noise), "B" (level with them) or "C" (behind them). `gain_basis` says what an expected gain rests on.

    Raises ValueError for any other grade.
    """

    company: str
    as_of: date
    horizon_days: int
    soon_days: int | None
    clv_horizon_days: int
    currency: str
    model_version: str
    model_grade: str
    scored_customers: int
    data_until: datetime
    gain_basis: str

    def __post_init__(self) -> None:
        if self.model_grade not in GRADE_IN_WORDS:
            raise ValueError(f"model_grade is {self.model_grade!r}: use one of {', '.join(GRADE_IN_WORDS)}")

    @classmethod
    def restored(cls, kept: Mapping[str, Any]) -> Self:
        """From the manifest of a publication, where times are texts."""
        facts: dict[str, Any] = dict(kept)
        facts["as_of"] = date.fromisoformat(kept["as_of"])
        facts["data_until"] = datetime.fromisoformat(kept["data_until"])
        return cls(**facts)

    @property
    def list_name(self) -> str:
        """What tells this list from that of another day or company; no spreadsheet takes it for a date."""
        return list_name(self.as_of, self.company)

    @property
    def grade_in_words(self) -> str:
        return GRADE_IN_WORDS[self.model_grade]
