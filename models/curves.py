"""The tables behind the charts of a model report: scores of one cutoff beside what happened, group by group.

All arrays are one-dimensional and of the same customers. Nothing in a table belongs to a single customer.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import polars as pl

from models.metrics import Floats

SHARES = np.linspace(0, 1, 21)  # of the customers, at which curves are read off
SURE = 1.959964  # standard errors on each side of a 95 % interval
MEMBERS_AT_LEAST = 30  # of a segment, to be shown


def wilson(happened: int, among: int) -> tuple[float, float]:
    """95 % interval of the share `happened` of `among` (above 0); Wilson (1927), sound for few and for rare too."""
    share, spread = happened / among, SURE**2 / among
    middle = share + spread / 2
    reach = SURE * np.sqrt(share * (1 - share) / among + spread / (4 * among))
    low, high = (middle - reach) / (1 + spread), (middle + reach) / (1 + spread)
    return max(0.0, float(low)), min(1.0, float(high))  # beyond by rounding only


def reliability(churned: Floats, probability: Floats, bins: int = 10) -> pl.DataFrame:
    """A row for each of `bins` equal-count bins of the probability, the lowest first.

    Columns: bin, customers, predicted and happened (mean probability and share that left), low and high (95 % interval
    of the share). The mean of |predicted - happened| over the bins is the calibration error.
    """
    parts = np.array_split(np.argsort(probability, kind="stable"), min(bins, len(probability)))
    rows = [{"bin": place, **_shares(churned[part], probability[part])} for place, part in enumerate(parts, 1)]
    return pl.DataFrame(rows)


def deciles(churned: Floats, probability: Floats, value: Floats, predicted: Floats) -> pl.DataFrame:
    """A row for each tenth of the customers, the likeliest to leave first.

    Columns: decile, customers, predicted, happened, leavers, of_all_leavers (share found so far), lift (leavers found
    so far over what as many by chance would hold), predicted_value and value (sums, in currency units).
    """
    rows, found, among = [], 0.0, 0
    for place, part in enumerate(np.array_split(np.argsort(-probability, kind="stable"), min(10, len(churned))), 1):
        found, among = found + churned[part].sum(), among + len(part)
        rows.append(
            {
                "decile": place,
                "customers": len(part),
                "predicted": float(probability[part].mean()),
                "happened": float(churned[part].mean()),
                "leavers": int(churned[part].sum()),
                "of_all_leavers": float(found / churned.sum()),
                "lift": float(found / among / churned.mean()),
                "predicted_value": float(predicted[part].sum()),
                "value": float(value[part].sum()),
            }
        )
    return pl.DataFrame(rows)


def gains(churned: Floats, scores: Mapping[str, Floats]) -> pl.DataFrame:
    """Share of all leavers among the customers with the highest scores: share (0, 0.05 .. 1), a column a score.

    "ideal" is the curve of who knew it all, "by chance" that of who knew nothing.
    """
    held = {name: _held(churned, score) / churned.sum() for name, score in {**scores, "ideal": churned}.items()}
    return pl.DataFrame({"share": SHARES, **held, "by chance": SHARES})


def lift(gained: pl.DataFrame) -> pl.DataFrame:
    """Leavers found among the customers with the highest scores, over what as many by chance would hold.

    `gained`: see `gains`; the same columns, without its first row and "by chance".
    """
    return gained[1:].select("share", pl.exclude("share", "by chance") / pl.col("share"))


def value_captured(value: Floats, scores: Mapping[str, Floats]) -> pl.DataFrame:
    """Value held by the customers scored highest, over that of the truly most valuable: share (0.05 .. 1), a column a
    score. Empty where the truly most valuable hold nothing."""
    best = _held(value, value)[1:]
    if not (best > 0).all():
        return pl.DataFrame()
    return pl.DataFrame(
        {"share": SHARES[1:], **{name: _held(value, score)[1:] / best for name, score in scores.items()}}
    )


def value_deciles(value: Floats, predicted: Floats, low: Floats, high: Floats) -> pl.DataFrame:
    """A row for each tenth of the customers, those predicted most valuable first.

    Columns: decile, customers, predicted and actual (means, in currency units), ratio (predicted over actual; null
    where nothing was earned), within (share whose value lies in low..high, to a cent).
    """
    rows = []
    for place, part in enumerate(np.array_split(np.argsort(-predicted, kind="stable"), min(10, len(value))), 1):
        actual = float(value[part].mean())
        inside = (value[part] >= low[part] - 0.005) & (value[part] <= high[part] + 0.005)
        rows.append(
            {
                "decile": place,
                "customers": len(part),
                "predicted": float(predicted[part].mean()),
                "actual": actual,
                "ratio": float(predicted[part].mean()) / actual if actual > 0 else None,
                "within": float(inside.mean()),
            }
        )
    return pl.DataFrame(rows, schema_overrides={"ratio": pl.Float64})


def by_segment(churned: Floats, probability: Floats, segments: Iterable[tuple[str, pl.Series]]) -> pl.DataFrame:
    """A row for each value of each segment: segment, of, customers, predicted, happened, low, high.

    `segments`: name and text of each row, null counting as unknown; an Enum keeps its order, others go by size.
    Values of fewer than 30 customers are left out: a share of so few says nothing, and might point at somebody.
    """
    rows = []
    for name, texts in segments:
        known = texts.cast(pl.String).fill_null("unknown").to_numpy()
        for text in _in_order(texts):
            members = known == text
            if members.sum() >= MEMBERS_AT_LEAST:
                rows.append({"segment": name, "of": text, **_shares(churned[members], probability[members])})
    shares = dict.fromkeys(("predicted", "happened", "low", "high"), pl.Float64())
    return pl.DataFrame(rows, schema={"segment": pl.String(), "of": pl.String(), "customers": pl.Int64(), **shares})


def fifths(values: pl.Series) -> pl.Series:
    """The band of each number (Enum, lowest first), of five with about as many customers each, named by its ends.

    The ends are whole numbers, the upper one included; nulls stay null. Fewer bands where many share one number.
    """
    known = values.drop_nulls()
    quantiles = np.quantile(known, [0.2, 0.4, 0.6, 0.8], method="lower") if len(known) else []
    ends = sorted({round(end) for end in quantiles if (known > round(end)).any()})
    names = [f"{low:,} to {high:,}" for low, high in pairwise(ends)]
    names = [f"up to {ends[0]:,}", *names, f"above {ends[-1]:,}"] if ends else ["any number"]
    places = np.searchsorted(ends, values.fill_null(0.0).to_numpy(), side="left")
    bands = pl.Series(names, dtype=pl.Enum(names)).gather(places)
    return pl.select(pl.when(values.is_not_null()).then(bands)).to_series()


def _in_order(texts: pl.Series) -> Sequence[str]:
    if isinstance(texts.dtype, pl.Enum):
        return [*texts.dtype.categories, "unknown"]
    counted = texts.cast(pl.String).fill_null("unknown").alias("of").value_counts()
    return counted.sort("count", "of", descending=[True, False])["of"].to_list()


def _shares(churned: Floats, probability: Floats) -> dict[str, float]:
    """How many, what was predicted, what happened, and the 95 % interval of that."""
    low, high = wilson(int(churned.sum()), len(churned))
    predicted, happened = float(probability.mean()), float(churned.mean())
    return {"customers": len(churned), "predicted": predicted, "happened": happened, "low": low, "high": high}


def _held(amount: Floats, score: Floats) -> Floats:
    """What the customers with the highest scores hold of `amount`, at each of `SHARES`."""
    so_far = np.append(0.0, np.cumsum(amount[np.argsort(-score, kind="stable")]))
    return so_far[np.round(SHARES * len(amount)).astype(int)]
