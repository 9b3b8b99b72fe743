"""Progress for people: bars on a terminal, plain lines elsewhere, so that a log file stays readable."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import track as with_bar

Item = TypeVar("Item")
Log = Callable[[str], None]


def track(items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
    """Pass `items` on, with a bar on standard error where that is a terminal."""
    console = Console(stderr=True)
    if console.is_terminal:
        yield from with_bar(items, description=label, total=total, console=console, transient=True)
    else:
        yield from items
