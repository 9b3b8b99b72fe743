"""The shape of the code: who may import whom, and where a clock may be read."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

LAYERS = ("configs", "features", "models", "pipelines")  # each may import itself and those before it
ONLY_IN = {
    "prefect": ("pipelines/",),
    "mlflow": ("models/tracking.py",),
    "shap": ("models/explain.py",),
    "distributed": ("pipelines/engine.py",),
}
FAMILY_IMPORTS = {
    "polars",
    "numpy",
    "math",
    "functools",
    "collections.abc",
    "dataclasses",
    "typing",
    "features.family",
    "features.time",
    "features.btyd",
}
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}
CLOCK_READER = "pipelines/commands/options.py"
FILES = sorted(path.as_posix() for layer in LAYERS for path in Path(layer).rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module imported anywhere in the file; `from a.b import c` counts as a.b and as a.b.c."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide their layer"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def clocks_read(tree: ast.AST) -> Iterator[str]:
    """Calls such as `datetime.now` or `datetime.datetime.now`, and names imported from `time`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if (owner, node.attr) in CLOCKS:
                yield f"{owner}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield "time"


def violations(path: str, source: str) -> list[str]:
    """What breaks the rules in a file, in words."""
    tree = ast.parse(source)
    layer = LAYERS.index(path.split("/")[0])
    modules = set(imported(tree))
    found = [f"imports {module}, a layer above" for module in modules if module.split(".")[0] in LAYERS[layer + 1 :]]
    found += [f"imports tests: {module}" for module in modules if module.split(".")[0] == "tests"]
    for package, places in ONLY_IN.items():
        if package in {module.split(".")[0] for module in modules} and not path.startswith(places):
            found.append(f"imports {package}, which belongs to {', '.join(places)}")
    if path.startswith("features/families/"):
        named = {module for module in modules if module.rpartition(".")[0] not in FAMILY_IMPORTS} - FAMILY_IMPORTS
        found += [f"imports {module}, which is no business of a family" for module in named]
    if path == "pipelines/score.py" and any("labels" in module for module in modules):
        found.append("imports labels")
    if path != CLOCK_READER:
        found += [f"reads a clock: {clock}" for clock in clocks_read(tree)]
    return found


@pytest.mark.parametrize("path", FILES)
def test_the_rules_hold(path: str) -> None:
    assert violations(path, Path(path).read_text(encoding="utf-8")) == []


def test_the_files_are_found() -> None:
    assert {"configs/load.py", "features/families/rfm.py", "models/tracking.py", "pipelines/cli.py"} <= set(FILES)


@pytest.mark.parametrize(
    ("path", "source", "violation"),
    [
        ("features/asof.py", "from models.churn import train", "imports models.churn, a layer above"),
        ("configs/load.py", "def f():\n    import features.time", "imports features.time, a layer above"),
        ("models/churn.py", "import pipelines", "imports pipelines, a layer above"),
        ("models/churn.py", "from tests.reference import x", "imports tests: tests.reference"),
        ("models/churn.py", "def f():\n    from mlflow import log_metric", "imports mlflow, which belongs to models/t"),
        ("models/pair.py", "import shap", "imports shap, which belongs to models/explain.py"),
        ("features/asof.py", "from prefect import flow", "imports prefect, which belongs to pipelines/"),
        ("features/families/rfm.py", "from features.families import rhythm", "imports features.families, which is no"),
        ("features/families/rfm.py", "from features import labels", "imports features.labels, which is no business"),
        ("features/families/rfm.py", "import datetime", "imports datetime, which is no business"),
        ("pipelines/score.py", "from features import labels", "imports labels"),
        ("pipelines/score.py", "from features.labels import labels", "imports labels"),
        ("pipelines/build.py", "from datetime import datetime\nnow = datetime.now()", "reads a clock: datetime.now"),
        ("pipelines/build.py", "import datetime as d\nday = d.date.today()", "reads a clock: date.today"),
        ("features/time.py", "import time\nnow = time.time()", "reads a clock: time.time"),
        ("features/time.py", "from time import time", "reads a clock: time"),
    ],
)
def test_a_planted_violation_is_found(path: str, source: str, violation: str) -> None:
    assert any(found.startswith(violation) for found in violations(path, source))


def test_what_is_allowed_passes() -> None:
    assert violations("pipelines/flows.py", "from prefect import flow\nfrom models.pair import ModelPair") == []
    assert violations("models/tracking.py", "import mlflow\nfrom features.time import Cutoff") == []
    assert violations("features/families/rfm.py", "import math\nfrom features.family import Family") == []
    assert violations(CLOCK_READER, "from datetime import datetime\nnow = datetime.now()") == []
