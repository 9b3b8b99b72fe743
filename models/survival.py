"""How long customers stay: the share that is still there after so many days, where many have not left yet."""

import warnings

import numpy as np
import polars as pl
from scipy.stats import CensoredData, ecdf


def survival(days: pl.Series, left: pl.Series, at: list[int]) -> pl.DataFrame:
    """The survival curve (Kaplan and Meier 1958): days, there, low, high, at_risk (customers not yet gone before).

    `days`: until each left, or, where `left` is false, for how long they have been seen. 95 % interval by the log-log
    transform, which keeps it within 0 and 1; null where it does not exist, as before the first one left. Days beyond
    the longest seen are left out.
    """
    longest = int(days.to_numpy().max(initial=0))
    seen = [day for day in at if day <= longest and len(days)]
    if not seen:
        schema = {"days": pl.Int64, "there": pl.Float64, "low": pl.Float64, "high": pl.Float64, "at_risk": pl.Int64}
        return pl.DataFrame(schema=schema)
    curve = ecdf(CensoredData.right_censored(days.to_numpy(), ~left.to_numpy())).sf
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The confidence interval is undefined")
        interval = curve.confidence_interval(0.95, method="log-log")
    low, high = (np.asarray(end.evaluate(seen), dtype=float) for end in (interval.low, interval.high))
    there = np.asarray(curve.evaluate(seen), dtype=float)
    certain = (there == 1) | np.isnan(low) | np.isnan(high)
    at_risk = len(days) - np.searchsorted(np.sort(days.to_numpy()), seen)
    table = pl.DataFrame({"days": seen, "there": there, "low": low, "high": high, "at_risk": at_risk})
    nothing = pl.Series(certain)
    return table.with_columns(pl.when(~nothing).then(name).alias(name) for name in ("low", "high"))
