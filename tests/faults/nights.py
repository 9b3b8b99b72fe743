"""Starts nights in processes of their own, one or several at the same instant, and says how they ended."""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from configs.settings import Settings
from tests.faults.conftest import PROJECT, TODAY


class Nights:
    """Tonight's night of a company, as the command line runs it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def run(self, settings: Settings, many: int = 1, **death: Any) -> list[int]:
        """Exit codes of so many nights that begin at the same instant; `death`: see `tests.faults.forking`."""
        root = str(settings.root)
        arguments = ["nightly", "--config", f"{root}/small.toml", "--output", root, "--as-of", TODAY.isoformat()]
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({"arguments": arguments, "many": many, **death}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextmanager
def starting_nights() -> Generator[Nights]:
    """What starts nights; it and they are gone at the end."""
    command = [sys.executable, "-m", "tests.faults.forking"]
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Nights(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
