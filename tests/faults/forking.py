"""Runs nights in processes of their own, hundreds of them, for what it costs to start one.

A program: it reads a request a line (JSON): the `arguments` of the command line, how `many` nights at the same instant,
the write `at` which they die (`when`: "before" or "after" it), or the `seconds` after which they are killed. It answers
with their exit codes, a signal as a negative number.

What others wrote is imported before the forks, which takes most of the time. Our own modules are not: some compute as
they are imported, and a child would wait for ever for the threads that polars then starts, which are not in it.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

OURS = ("configs", "features", "models", "pipelines", "tests")
OF_A_NIGHT = "import sys, pipelines.cli, pipelines.nightly, mlflow.lightgbm, mlflow.tracking, shap; print(*sys.modules)"


def main() -> None:
    """Answer requests until there are no more."""
    found = subprocess.run([sys.executable, "-c", OF_A_NIGHT], capture_output=True, text=True, check=True)
    for name in found.stdout.split():
        if name.split(".")[0] not in OURS:
            with suppress(Exception):  # not by itself, then
                importlib.import_module(name)
    for line in sys.stdin:
        request = json.loads(line)
        gate, opener = os.pipe()
        children = [_forked(request, gate, opener) for _ in range(request["many"])]
        os.close(gate)
        os.close(opener)  # now all of them begin
        if "seconds" in request:
            time.sleep(request["seconds"])
            for child in children:
                os.kill(child, signal.SIGKILL)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(json.dumps(codes), flush=True)


def _forked(request: dict[str, Any], gate: int, opener: int) -> int:
    """Process id of a night that begins once everybody has closed `opener`."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.close(opener)
        os.read(gate, 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the answers are the parent's
        from pipelines.cli import main as command_line
        from tests.faults.dying import dying_at, killed

        sys.argv = ["holdfast", *request["arguments"]]
        with dying_at(request.get("at"), killed, after=request.get("when") == "after"):
            command_line()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
