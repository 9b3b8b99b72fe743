"""Words that only the app's pages have."""

from datetime import date

from pipelines.outreach.wording import day
from pipelines.web.schema import Entry


def answered(entry: Entry) -> str:
    """An entry in words, e.g. "no answer" or "snoozed until 3 Jul 2026"."""
    if entry.status is None:
        return "nothing recorded"
    until = f"d until {day(entry.snooze_until)}" if entry.snooze_until else ""
    return entry.status.replace("_", " ") + until


def sentence(text: str) -> str:
    """The text with a capital in front; Jinja's `capitalize` would make the rest small: "3 jul 2026"."""
    return text[:1].upper() + text[1:]


def due(act_by: date, today: date) -> str:
    """How far a day is off, e.g. "today", "in 3 days" or "2 days overdue"."""
    days = (act_by - today).days
    if days in (0, 1):
        return ("today", "tomorrow")[days]
    count = f"{abs(days):,} day{'' if abs(days) == 1 else 's'}"
    return f"in {count}" if days > 0 else f"{count} overdue"
