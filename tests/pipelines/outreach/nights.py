"""A small company that publishes night after night, with scores that a test sets; reasons are made up, no model is."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from configs.settings import Settings
from features.time import Cutoff
from pipelines.ingest import ingest
from pipelines.outreach.explain import Explained
from pipelines.outreach.explanations import Explain
from pipelines.publish import publish_lists
from pipelines.score import FEATURES_FILE, SCORES_FILE
from pipelines.storage import MANIFEST, read_json, write_json
from tests.features.drawn_tables import table

FIRST_NIGHT = date(2026, 7, 1)  # a Wednesday, and the first day of a quarter
NAMES, SAID, WEIGHTS = ["reason_1", "reason_2", "reason_3"], ["A complaint is open", None, None], [1.0, None, None]


class MadeUp:
    """Takes the place of the explainer: complaints weigh as a feature says, and one sentence for all."""

    def explain(self, features: pl.DataFrame) -> Explained:
        texts = [pl.lit(text, dtype=pl.String).alias(name) for name, text in zip(NAMES, SAID, strict=True)]
        weights = [
            pl.lit(weight, dtype=pl.Float64).alias(f"{name}_shap") for name, weight in zip(NAMES, WEIGHTS, strict=True)
        ]
        reasons = features.with_columns(*texts, *weights).select(*NAMES, *(f"{name}_shap" for name in NAMES))
        nothing = features.select(expected=pl.col("complaints") * 0).to_series()
        return Explained(features.select("complaints", silence=nothing), nothing, reasons)


@dataclass
class Nights:
    """Publishes by night (0: `FIRST_NIGHT`). `figures`: customer_id -> (churn probability, value if retained).

    `brought`: customer_id -> (margin, cost to serve) of the last year, where it is not (100, 0).
    """

    folder: Path
    figures: dict[str, tuple[float, float]]
    outreach: dict[str, Any] = field(default_factory=dict)
    lists: dict[str, Any] = field(default_factory=dict)
    managers: Mapping[str, str] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    complaints: dict[str, float] = field(default_factory=dict)
    bought: dict[str, date] = field(default_factory=dict)
    brought: dict[str, tuple[float, float]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        sources = ("customers", "transactions", *self.tables)
        return Settings.model_validate(
            {
                "name": "nights",
                "root": str(self.folder / "data"),
                "sources": {name: {"path": str(self.folder / f"{name}.parquet")} for name in sources},
                "ingest": {"buckets": 2},
                "outreach": self.outreach,
                "lists": self.lists,
            }
        )

    def score(self, night: int, without: tuple[str, ...] = ()) -> tuple[Cutoff, Path]:
        """Ingest, and write the figures as if a model had made them; `without` these customers."""
        cutoff = Cutoff(FIRST_NIGHT + timedelta(days=night), self.settings.zone)
        people = "customer_id | account_manager | display_name | valid_from\n" + "\n".join(
            f"{name} | {self.managers.get(name, 'Anna')} | Shop {name} | -" for name in self.figures
        )
        sales = "customer_id | occurred_at | amount\n" + "\n".join(
            f"{name} | {self.bought.get(name, date(2026, 6, 1))} | 10" for name in self.figures
        )
        for name, drawn in {"customers": people, "transactions": sales, **self.tables}.items():
            frame = table(name, drawn)
            money = [column for column in ("amount",) if column in frame.columns]
            frame.with_columns(pl.col(money) / 10_000).write_parquet(self.folder / f"{name}.parquet")
        store = ingest(self.settings, cutoff, self.lines.append)
        scored = self.settings.folder_of("scored", cutoff.day)
        shutil.rmtree(scored, ignore_errors=True)
        scored.mkdir(parents=True)
        rows = [
            {
                "customer_id": name,
                "churn_probability": risk,
                "value_if_retained": value,
                "predicted_clv": (1 - risk) * value,
                "value_at_risk": risk * value,
                "complaints": self.complaints.get(name, 0.2),
                "rfm__recency_days": float((cutoff.day - self.bought.get(name, date(2026, 6, 1))).days),
            }
            for name, (risk, value) in sorted(self.figures.items())
            if name not in without
        ]
        frame = pl.DataFrame(rows).with_columns(cutoff=pl.lit(cutoff.day))
        money = pl.DataFrame([self.brought.get(name, (100.0, 0.0)) for name in frame["customer_id"]], orient="row")
        margin, serving = pl.Series(money[:, 0]), pl.Series(money[:, 1])
        features = frame.select("customer_id", "cutoff", "complaints", "rfm__recency_days").with_columns(
            margin.alias("profitability__margin_sum_365d"),
            serving.alias("profitability__to_serve_sum_365d"),
            (margin - serving).alias("profitability__net_value_365d"),
        )
        frame.drop("complaints", "rfm__recency_days").write_parquet(scored / SCORES_FILE)
        features.write_parquet(scored / FEATURES_FILE)
        data_hash = read_json(store / MANIFEST)["data_hash"]
        facts = {"as_of": cutoff.day.isoformat(), "data_hash": data_hash, "model_version": "1", "grade": "A"}
        write_json(scored / MANIFEST, facts)
        return cutoff, scored

    def publish(self, night: int, without: tuple[str, ...] = (), explain: Explain = "listed") -> Path:
        """The publication's folder."""
        cutoff, scored = self.score(night, without)
        return publish_lists(self.settings, cutoff, scored, self.lines.append, explain)

    def decisions(self, night: int) -> dict[str, dict[str, Any]]:
        """What was decided that night, by customer."""
        rows = pl.read_parquet(self.published(night) / "decisions.parquet").iter_rows(named=True)
        return {row.pop("customer_id"): row for row in rows}

    def codes(self, night: int) -> dict[str, str]:
        return {name: row["code"] for name, row in self.decisions(night).items()}

    def listed(self, night: int) -> dict[str, dict[str, Any]]:
        """The risk list of that night, by customer."""
        rows = pl.read_parquet(self.published(night) / "risk_list.parquet").iter_rows(named=True)
        return {row.pop("customer_id"): row for row in rows}

    def published(self, night: int) -> Path:
        return self.settings.folder_of("published", FIRST_NIGHT + timedelta(days=night))


def on(night: int) -> str:
    """The day of a night, as a test draws it in a table."""
    return (FIRST_NIGHT + timedelta(days=night)).isoformat()
