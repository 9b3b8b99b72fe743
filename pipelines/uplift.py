"""An uplift model of the customers whose arms were drawn, and what it says of tonight's."""

from dataclasses import dataclass
from pathlib import Path

import lightgbm as lgb
import polars as pl

from configs.errors import ModelError
from configs.settings import Settings
from features.matrix import KEYS
from features.time import Cutoff
from models.effect import TREAT
from models.uplift import EACH_ARM_AT_LEAST, Uplift, out_of_fold, qini
from pipelines.progress import Log
from pipelines.score import FEATURES_FILE
from pipelines.storage import MANIFEST, read_json, sha256_of

MODEL_FILES = ("uplift_treated.txt", "uplift_control.txt")
UPLIFT, RISK, AT_RISK = "uplift model", "chance of leaving", "value at risk"


@dataclass(frozen=True)
class Ordering:
    """How well customers are ordered by what acting on them brings, in net value and out of fold.

    `curves`: share of the customers, random, and the curve of each order. `qini`: order, qini, low, high (95 %).
    `model`: learned from everybody.
    """

    curves: pl.DataFrame
    qini: pl.DataFrame
    model: Uplift

    @property
    def of_model(self) -> dict[str, float]:
        return self.qini.filter(order=UPLIFT).row(0, named=True)

    @property
    def serves(self) -> bool:
        """Whether the model orders better than chance beyond noise; only then are lists ordered by it."""
        return self.of_model["low"] > 0

    def lines(self) -> list[str]:
        """The verdict for people to read."""
        found = self.of_model
        told = "lists are ordered by it" if self.serves else "no better than chance, so lists stay as they are"
        return [f"uplift model: Qini {found['qini']:+.2f} ({found['low']:+.2f} to {found['high']:+.2f}): {told}"]

    def figures(self) -> dict[str, float]:
        """The figures for tracking."""
        return {f"uplift_{name}": self.of_model[name] for name in ("qini", "low", "high")}


def ordering(settings: Settings, rows: pl.DataFrame) -> Ordering | None:
    """Learn from `rows` (of `pipelines.effect.happened`) and the features they were scored with.

    Returns None where an arm has fewer than `EACH_ARM_AT_LEAST` customers whose features are kept.
    """
    found = _with_features(settings, rows)
    treated = (found["arm"] == TREAT).to_numpy()
    if min(treated.sum(), (~treated).sum()) < EACH_ARM_AT_LEAST:
        return None
    features = found.drop(rows.columns)
    outcome, training = found["value"], settings.training
    orders = {
        UPLIFT: out_of_fold(features, outcome, treated, found["customer_id"], training),
        RISK: found["churn_probability"].to_numpy(),
        AT_RISK: found["value_at_risk"].to_numpy(),
    }
    curves, coefficients = qini(outcome.to_numpy(), treated, orders, training.seed, against=[RISK, AT_RISK])
    return Ordering(curves, coefficients, Uplift.train(features, outcome, treated, training))


def _with_features(settings: Settings, rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the features of their day, as far as they are kept and all days have them."""
    parts = []
    for (day,), part in rows.group_by("cutoff", maintain_order=True):
        file = settings.folder_of("scored", day) / FEATURES_FILE
        if file.exists():
            parts.append(part.join(pl.read_parquet(file), on=KEYS, how="inner", maintain_order="left"))
    if not parts:
        return rows.clear()
    shared = [name for name in parts[0].columns if all(name in part.columns for part in parts)]
    return pl.concat(part.select(shared) for part in parts)


def save_model(found: Ordering, folder: Path) -> None:
    """Write the model to `folder` as text, where it serves."""
    if found.serves:
        for file, booster in zip(MODEL_FILES, (found.model.treated, found.model.control), strict=True):
            booster.save_model(folder / file)


def gain_tonight(settings: Settings, cutoff: Cutoff, matrix: Path, log: Log) -> pl.DataFrame | None:
    """What acting on each customer of the file `matrix`, with tonight's features, is expected to bring: customer_id,
    expected_gain (currency units, the cost of acting taken off).

    By the newest effect measured by the day of `cutoff`. Returns None where it holds no model, since none serves, or
    one of other features; says so in that case. Raises ModelError where a file is not the one that was written.
    """
    measured = sorted(f for f in (settings.root / "effect").glob("????-??-??") if f.name <= cutoff.day.isoformat())
    files = [measured[-1] / file for file in MODEL_FILES] if measured else []
    if not files or not all(file.exists() for file in files):
        return None
    written = read_json(measured[-1] / MANIFEST)["files"]
    for file in files:
        if sha256_of(file) != written[file.name]:  # a truncated one would kill the interpreter
            raise ModelError(f"{file}: not the file that was written. Run `holdfast effect` again.")
    model = Uplift(*(lgb.Booster(model_file=file) for file in files), binary=False)
    names = model.treated.feature_name()
    features = pl.scan_parquet(matrix)
    if missing := [name for name in names if name not in features.collect_schema()]:
        log(f"warning: uplift model left out: no feature {', '.join(missing[:3])}. Run `holdfast effect` again.")
        return None
    rows = features.select("customer_id", *names).collect()
    gain = model.predict(rows.select(names)) - settings.outreach.action_cost
    return rows.select("customer_id").with_columns(expected_gain=gain)
