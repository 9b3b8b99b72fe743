"""How good a past publication's scores turned out to be, once its horizon has passed, had nobody been acted on."""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models import metrics
from models.baselines import Opponents
from models.effect import TREAT
from models.learned_from import EVERYBODY
from models.metrics import Figure, Floats, bootstrap_interval
from models.treated import touched, without_treated

Positions = NDArray[np.int64]
TREATED_STAYED, TREATED_LEFT = "treated_stayed", "treated_left"
FALSE_ALARM, HIT, MISS, QUIET = "false_alarm", "hit", "miss", "quiet"
PASSED_OVER = "passed_over"
NOT_SEEN = "unlikely_to_leave"  # the code of who was left alone because the risk was not seen
SCHEMA = {"figure": pl.String(), "value": pl.Float64(), "low": pl.Float64(), "high": pl.Float64()}


def set_apart(rows: pl.DataFrame, listed: pl.DataFrame, observation_days: int, lasting_days: int) -> pl.DataFrame:
    """`rows` (one cutoff: customer_id, cutoff, churned, would_list, code) with `treated`, `copies` and `turned_out`.

    `listed`: rows of `effect.first_listed`. `treated` (Boolean): a listing in the arm "treat" touches the row (see
    `treated.touched`), so what happened to it may be due to that. `copies` (Int64): for how many customers the row
    stands among the untreated: 0 for the treated, more than 1 for controls (see `treated.without_treated`).
    `turned_out`: a treated customer stayed or left; of the others, false_alarm and hit would have been listed that day,
    and quiet stayed without. Who left without is a miss only where the risk was not seen (`NOT_SEEN`); whom policy or a
    full list left alone at a risk that was seen is passed_over, for the reason in `code` (null, of older publications:
    a miss).
    """
    counted = without_treated(rows, listed, observation_days, lasting_days).group_by("customer_id")
    acted = touched(rows, listed.filter(arm=TREAT), observation_days, lasting_days)["customer_id"]
    left, found = pl.col("churned") == 1, rows.join(counted.agg(copies=pl.len()), on="customer_id", how="left")
    found = found.with_columns(treated=pl.col("customer_id").is_in(acted.implode()))
    turned_out = (
        pl.when("treated")
        .then(pl.when(left).then(pl.lit(TREATED_LEFT)).otherwise(pl.lit(TREATED_STAYED)))
        .when("would_list")
        .then(pl.when(left).then(pl.lit(HIT)).otherwise(pl.lit(FALSE_ALARM)))
        .when(~left)
        .then(pl.lit(QUIET))
        .otherwise(
            pl.when((pl.col("code") != NOT_SEEN).fill_null(False)).then(pl.lit(PASSED_OVER)).otherwise(pl.lit(MISS))
        )
    )
    # Treated in a season without controls stay in training, where nobody stands for them; as truth they do not serve.
    copies = pl.when("treated").then(0).otherwise(pl.col("copies").fill_null(0)).cast(pl.Int64)
    return found.with_columns(turned_out.alias("turned_out"), copies=copies).sort("customer_id")


def realised(
    rows: pl.DataFrame, churn: Mapping[str, Floats], value: Mapping[str, Floats], listed_share: float, seed: int
) -> pl.DataFrame:
    """Figures of scores against what happened: figure, value, low, high (95 %, bootstrap over customers).

    `rows`: churned, value, churn_probability, predicted_clv with _low and _high, and `copies`, which count. `churn` and
    `value`: scores of the same rows by opponents. `listed_share`: share of the customers scored that lists had places
    for; the lift is that of as large a share. No AUC where everybody stayed or everybody left: it is NaN. No rows where
    no row counts.
    """
    copies = rows["copies"].to_numpy()
    standing = np.flatnonzero(copies)
    if not len(standing):
        return pl.DataFrame(schema=SCHEMA)
    churned, worth, probability, predicted = (
        rows[name].to_numpy().astype(np.float64) for name in ("churned", "value", "churn_probability", "predicted_clv")
    )
    figures = metrics.figures_of(churned, worth, rows)
    figures["lift_at_list_length"] = lambda at: metrics.lift_at(churned[at], probability[at], listed_share)
    for name, score in churn.items():
        figures |= _against(name, "auc", lambda at, by: metrics.auc(churned[at], by[at]), probability, score)
        figures[f"lift_at_list_length of {name}"] = lambda at, s=score: metrics.lift_at(
            churned[at], s[at], listed_share
        )
    for name, score in value.items():
        figures |= _against(
            name,
            "value_captured_20",
            lambda at, by: metrics.value_captured(worth[at], by[at]),
            predicted,
            score,
        )

    def estimated(figure: Figure) -> tuple[float, float, float]:
        # A draw is of customers; each brings along all that it stands for.
        def of_drawn(drawn: Positions) -> float:
            at = standing[drawn]
            return figure(np.repeat(at, copies[at]))

        return of_drawn(np.arange(len(standing))), *bootstrap_interval(of_drawn, len(standing), seed)

    found = [(name, *estimated(figure)) for name, figure in figures.items()]
    counts = {"customers": len(standing), "customers_stood_for": int(copies.sum())}
    exact = [(name, float(count), None, None) for name, count in counts.items()]
    return pl.DataFrame([*exact, *found], schema=SCHEMA, orient="row")


def _against(
    name: str, figure: str, of: Callable[[Positions, Floats], float], model: Floats, opponent: Floats
) -> dict[str, Figure]:
    """The opponent's figure and how far the model is ahead of it, both on the same draws."""
    return {
        f"{figure} of {name}": lambda at: of(at, opponent),
        f"{figure} ahead of {name}": lambda at: of(at, model) - of(at, opponent),
    }


def by_group(rows: pl.DataFrame, rivals: Opponents, fewest: int, seed: int) -> pl.DataFrame:
    """The figures (`SCHEMA`) of all `rows` together and of each account manager and segment (`of`), with `counts`.

    `rows`: as `set_apart` returns them. `rivals`: scores of the same rows. The lift is that of as large a share of each
    group as lists had places for among all. Groups with fewer than `fewest` rows that count are left out.
    """
    share = max(int(rows["would_list"].sum()), 1) / rows.height
    groups = [(EVERYBODY, pl.repeat(True, rows.height, eager=True))]
    for by in ("account_manager", "segment"):
        names = rows[by].drop_nulls().unique().sort() if by in rows.columns else []
        groups += [(f"{by}: {name}", (rows[by] == name).fill_null(False)) for name in names]
    parts = []
    for name, mask in groups:
        if name != EVERYBODY and (mask & (rows["copies"] > 0)).sum() < fewest:
            continue
        here, at = rows.filter(mask), mask.to_numpy()
        churn, value = ({key: scores[at] for key, scores in by.items()} for by in (rivals.churn, rivals.value))
        found = pl.concat([realised(here, churn, value, share, seed), counts(here)])
        parts.append(found.with_columns(of=pl.lit(name)))
    return pl.concat(parts)


def counts(rows: pl.DataFrame) -> pl.DataFrame:
    """How many of `rows` (see `set_apart`) turned out how, as figures; of those passed over, also by the code why."""
    why = rows.filter(turned_out=PASSED_OVER).select(pl.concat_str(pl.lit(f"{PASSED_OVER}: "), "code")).to_series()
    counted = pl.concat([rows["turned_out"], why.rename("turned_out")]).value_counts(name="value").sort("turned_out")
    return counted.select(figure="turned_out", value="value", low=None, high=None).cast(dict(SCHEMA))
