"""Configuration files, written where a test can see the whole of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from configs.errors import ConfigError
from configs.load import load_settings


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a configuration file and returns its path."""

    def write(text: str) -> Path:
        path = tmp_path / "company.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def mistakes_in(written: Callable[[str], Path]) -> Callable[[str], list[str]]:
    """Loads a configuration that must be refused; returns the mistakes reported, a line each."""

    def load(text: str) -> list[str]:
        with pytest.raises(ConfigError) as raised:
            load_settings(written(text))
        first, *mistakes = str(raised.value).splitlines()
        assert "company.toml: " in first
        return [mistake.removeprefix("  - ") for mistake in mistakes]

    return load
