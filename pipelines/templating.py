"""Pages made from templates: everything is escaped, and a misspelt name fails instead of printing nothing."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def environment(templates: Path) -> Environment:
    """Jinja for the folder `templates`. Escaping stays on whatever a template is called."""
    return Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
