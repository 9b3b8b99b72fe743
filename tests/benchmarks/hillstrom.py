"""Whom does an e-mail bring to the shop? The uplift model on Hillstrom's randomised e-mails of 2008.

    python -m tests.benchmarks.hillstrom [--report FILE]

Out of fold, beside a random order and orders by risk: who is least likely to visit without a mail first, and who is
most likely first. Fails where the published visit rates do not come out, or where the model is behind random or risk
beyond noise, or does not beat both for the women's e-mail, whose effect is known to differ between customers.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from configs.modelling import Training
from models.boosting import fit, predict
from models.effect import Flags
from models.metrics import Floats
from models.uplift import out_of_fold, qini
from pipelines.reports.charts import curves
from pipelines.reports.page import Section, render

DATA = Path(__file__).parents[3] / "shared" / "data" / "hillstrom" / "customers.parquet"
NOBODY, WOMENS, MENS = "No E-Mail", "Womens E-Mail", "Mens E-Mail"
PUBLISHED = {NOBODY: 0.1062, WOMENS: 0.1514, MENS: 0.1828}  # visit rates
COMPARISONS = {"women's e-mail": [WOMENS], "men's e-mail": [MENS], "either e-mail": [WOMENS, MENS]}
UPLIFT, RISK, LIKELY = "uplift model", "by risk (least likely first)", "most likely first"
FEATURES = ["recency", "history", "mens", "womens", "newbie", "zip_code", "channel"]
TRAINING = Training()


def visit_rates(data: pl.DataFrame) -> dict[str, float]:
    """Share of each arm that visited within the two weeks after."""
    return dict(data.group_by("segment").agg(pl.col("visit").mean()).rows())


def orders_of(data: pl.DataFrame, treated: Flags) -> dict[str, Floats]:
    """Scores, highest first, by models that have not seen the customer."""
    coded = (pl.col(name) if data[name].dtype.is_numeric() else pl.col(name).rank("dense") for name in FEATURES)
    features = data.select(column.cast(pl.Float64) for column in coded)
    uplift = out_of_fold(features, data["visit"], treated, data["customer"], TRAINING)
    half = np.random.default_rng(TRAINING.seed).random(len(treated)) < 0.5
    visits = np.empty(len(treated))
    for here in (half, ~half):
        learned = ~here & ~treated
        booster = fit(features.filter(learned), data["visit"].filter(learned), TRAINING, objective="binary")
        visits[here] = predict(booster, features.filter(here))
    return {UPLIFT: uplift, RISK: -visits, LIKELY: visits}


def compared(data: pl.DataFrame, mails: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Curves and coefficients of every order, of those who got one of `mails` against those who got none."""
    here = data.filter(pl.col("segment").is_in([NOBODY, *mails]))
    treated = (here["segment"] != NOBODY).to_numpy()
    visits = here["visit"].cast(pl.Float64).to_numpy()
    return qini(visits, treated, orders_of(here, treated), TRAINING.seed, against=[RISK, LIKELY])


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.hillstrom", description=__doc__.splitlines()[0])
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the curves as a page")
    asked = parser.parse_args(arguments)
    data = pl.read_parquet(DATA).with_row_index("customer")
    rates = visit_rates(data)
    print("visit rates: " + ", ".join(f"{arm} {rates[arm]:.2%} (published {PUBLISHED[arm]:.2%})" for arm in PUBLISHED))
    failed = any(abs(rates[arm] - rate) > 0.00005 for arm, rate in PUBLISHED.items())
    sections = []
    for name, mails in COMPARISONS.items():
        shown, found = compared(data, mails)
        print(f"{name}: Qini coefficient, in visits per 1,000 customers mailed (95 % interval)")
        intervals = {order: (low, high) for order, _, low, high in found.rows()}
        for order, area, low, high in found.rows():
            print(f"  {order:<50} {1000 * area:+6.2f}  ({1000 * low:+.2f} to {1000 * high:+.2f})")
        judged = [intervals[UPLIFT], intervals[f"{UPLIFT} less {RISK}"]]
        failed |= any(high < 0 for _, high in judged) or (mails == [WOMENS] and any(low <= 0 for low, _ in judged))
        chart = curves(shown, "share of customers mailed", "visits gained per customer mailed", ".1%")
        sections.append(Section(name.capitalize(), ["Out of fold; the straight line is a random order."], chart, found))
    if asked.report:
        asked.report.write_text(render("Uplift on Hillstrom's e-mails", [], sections), encoding="utf-8")
        print(f"written to {asked.report}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
