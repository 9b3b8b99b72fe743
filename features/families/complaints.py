"""Complaints: how many and about what, what is open, how long customers waited, and whether they were kept informed.

`resolved_at` is the first resolution, so a complaint that was reopened counts as reopened, not as open again.
Service standards: a first response within 24 hours, a resolution within 7 days. A complaint is repeated where one
before it, opened at most 180 days earlier, has the same cause. News of a complaint are its opening, first response and
updates; a silence is the time between two of them, or from the last one to the resolution or, while open, the cutoff.
"""

from functools import partial

import polars as pl

from features.family import Derived, Events, Family, Feature, Op, Reason, ago, lasting, number, plural, previous
from features.time import LIFETIME, MICROSECONDS_PER_DAY, Window, days_between, windows

RESPONSE_STANDARD_HOURS = 24
RESOLUTION_STANDARD_DAYS = 7
REPEATED_WITHIN_DAYS = 180
LONG_SILENCE_DAYS = 7
CAUSES = {
    "support": "support",
    "delay": "delays",
    "quality": "quality",
    "service": "service",
    "price": "prices",
    "other": "something else",
}

OPENED, OPEN = pl.col("opened_at"), pl.col("resolved_at").is_null()
END = pl.coalesce("resolved_at", "cutoff_at")
# An unanswered complaint has waited up to the cutoff.
RESPONSE_HOURS = 24 * days_between(OPENED, pl.coalesce("first_response_at", "resolved_at", "cutoff_at"))
RESOLUTION_DAYS = days_between(OPENED, END)
ANSWERED_LATE = RESPONSE_HOURS > RESPONSE_STANDARD_HOURS
RESOLVED_LATE = RESOLUTION_DAYS > RESOLUTION_STANDARD_DAYS

SINCE_SAME_CAUSE = days_between(OPENED.shift(1).over("customer_id", "cause"), OPENED)
SINCE_ANY = days_between(previous(OPENED), OPENED)

# Microseconds, in whole numbers so that they are exact: news lie from -LENGTH (the opening) to 0 (the end), and those
# from outside of it are moved to its edges, where they make no gap.
LENGTH = END.to_physical() - OPENED.to_physical()
UPDATES = pl.col("complaint_updates").fill_null([]).cast(pl.List(pl.Int64))
UPDATES_FROM_OPENING, UPDATES_FROM_END = UPDATES - OPENED.to_physical(), UPDATES - END.to_physical()
UPDATES_WHILE_OPEN = (
    UPDATES_FROM_OPENING.list.eval(pl.element() >= 0).list.sum()
    - UPDATES_FROM_END.list.eval(pl.element() > 0).list.sum()
)
NEWS = pl.concat_list(
    -LENGTH,
    (pl.coalesce("first_response_at", "opened_at").to_physical() - END.to_physical()).clip(upper_bound=0),
    (UPDATES_FROM_OPENING.list.eval(pl.element().clip(lower_bound=0)) - LENGTH).list.eval(
        pl.element().clip(upper_bound=0)
    ),
    pl.lit(0, pl.Int64),
).list.sort()
LONGEST_SILENCE = NEWS.list.diff(null_behavior="drop").list.max() / MICROSECONDS_PER_DAY
LATEST_NEWS = pl.max_horizontal(OPENED, "first_response_at", pl.col("complaint_updates").list.max())


def _measure(name: str, op: Op, description: str, unit: str, seen: tuple[Window, ...] = (LIFETIME,)) -> Feature:
    return Feature(name, pl.col(name), op, description, unit, "complaints", seen)


RECENT, YEARLY, ALWAYS = windows(30, 90), windows(90, 365), (*windows(30, 90, 365), LIFETIME)
AVERAGED, BREACHES = (*windows(90), LIFETIME), (*windows(30, 90), LIFETIME)
LATE_ANSWER = f"that waited more than {RESPONSE_STANDARD_HOURS} hours for a first response"
LATE_RESOLUTION = f"that were open for more than {RESOLUTION_STANDARD_DAYS} days"

OPENED_EVENTS = Events(
    "complaints",
    state=True,
    children="complaint_updates",
    columns=(
        OPENED.alias("complaints"),
        *(pl.when(pl.col("cause") == cause).then(OPENED).alias(f"about_{cause}") for cause in CAUSES),
        pl.col("age_days").alias("age"),
        OPEN.alias("open"),
        pl.when(OPEN).then("age_days").alias("open_age"),
        pl.when(OPEN).then(days_between(LATEST_NEWS, pl.col("cutoff_at"))).alias("open_silence"),
        RESPONSE_HOURS.alias("response_hours"),
        RESOLUTION_DAYS.alias("resolution_days"),
        ANSWERED_LATE.alias("answered_late"),
        RESOLVED_LATE.alias("resolved_late"),
        pl.when(ANSWERED_LATE).then(pl.col("age_days") - RESPONSE_STANDARD_HOURS / 24).alias("answered_late_age"),
        pl.when(RESOLVED_LATE).then(pl.col("age_days") - RESOLUTION_STANDARD_DAYS).alias("resolved_late_age"),
        ((SINCE_SAME_CAUSE <= REPEATED_WITHIN_DAYS) & pl.col("cause").is_not_null()).alias("repeated"),
        (SINCE_ANY <= REPEATED_WITHIN_DAYS).alias("soon_again"),
        LONGEST_SILENCE.alias("silence"),
        UPDATES_WHILE_OPEN.alias("updates"),
    ),
    measures=(
        _measure("complaints", "count", "complaints opened", "complaints", ALWAYS),
        *(_measure(f"about_{c}", "count", f"complaints about {CAUSES[c]}", "complaints", YEARLY) for c in CAUSES),
        _measure("age", "min", "days since the latest complaint", "days"),
        _measure("open", "sum", "complaints open now", "complaints"),
        _measure("open_age", "max", "age of the oldest open complaint", "days"),
        _measure("open_silence", "max", "days since the latest news of an open complaint, the longest", "days"),
        _measure("response_hours", "mean", "hours to the first response, or waited so far", "hours", AVERAGED),
        _measure("resolution_days", "mean", "days to the resolution, or open so far", "days", AVERAGED),
        _measure("answered_late", "sum", f"complaints {LATE_ANSWER}", "complaints", BREACHES),
        _measure("resolved_late", "sum", f"complaints {LATE_RESOLUTION}", "complaints", BREACHES),
        _measure("answered_late_age", "min", "days since a first response last became late", "days"),
        _measure("resolved_late_age", "min", "days since a resolution last became late", "days"),
        _measure(
            "repeated", "sum", "complaints opened within 180 days after one of the same cause", "complaints", YEARLY
        ),
        _measure("soon_again", "sum", "complaints opened within 180 days after the one before", "complaints", RECENT),
        _measure("silence", "max", "longest silence while a complaint was open", "days", AVERAGED),
        _measure("updates", "sum", "updates sent while a complaint was open", "updates", AVERAGED),
    ),
)

REOPENED_EVENTS = Events(
    "complaints",
    state=True,
    time="reopened_at",
    columns=(pl.col("reopened_at").alias("reopened"), pl.col("age_days").alias("reopened_age")),
    measures=(
        _measure("reopened", "count", "complaints reopened", "complaints", (*RECENT, *windows(365))),
        _measure("reopened_age", "min", "days since a complaint was last reopened", "days"),
    ),
)

RATED_EVENTS = Events(
    "complaints",
    state=True,
    time="satisfaction_at",
    where=pl.col("satisfaction").is_not_null(),
    columns=(pl.col("age_days").alias("satisfaction_age"),),
    measures=(
        _measure("satisfaction", "last", "latest rating afterwards", "points"),
        _measure("satisfaction", "min", "lowest rating afterwards", "points", AVERAGED),
        _measure("satisfaction", "mean", "mean rating afterwards", "points"),
        _measure("satisfaction_age", "min", "days since the latest rating afterwards", "days"),
    ),
)


def _share(name: str, description: str) -> Derived:
    late, all_of_them = pl.col(f"complaints__{name}_sum_lifetime"), pl.col("complaints__complaints_count_lifetime")
    return Derived(f"{name}_share", late / all_of_them, f"share of complaints {description}", "share", "complaints")


_reason = partial(Reason.of, "complaints")


def _complaints(value: pl.Expr, one: str = "", many: str = "") -> pl.Expr:
    return plural(value, f"complaint{one}", f"complaints{many}")


OPEN_NOW, OLDEST = pl.col("complaints__open_sum_lifetime"), pl.col("complaints__open_age_max_lifetime")
UNINFORMED = pl.col("complaints__open_silence_max_lifetime")
SILENCE = pl.col("complaints__silence_max_90d")
REOPENED, REPEATED = pl.col("complaints__reopened_count_90d"), pl.col("complaints__repeated_sum_90d")
SLOW, UNANSWERED = pl.col("complaints__resolved_late_sum_90d"), pl.col("complaints__answered_late_sum_90d")
YEAR, LATEST = pl.col("complaints__complaints_count_365d"), pl.col("complaints__age_min_lifetime")
ABOUT = {cause: pl.col(f"complaints__about_{cause}_count_365d") for cause in CAUSES if cause != "other"}
ONE_OPEN, RECENTLY = (OPEN_NOW == 1) & (OLDEST >= 1), "in the last 90 days"

FAMILY = Family(
    name="complaints",
    description="Complaints as they stood: counts and causes, open ones, waits against the standards, news, ratings.",
    events=(OPENED_EVENTS, REOPENED_EVENTS, RATED_EVENTS),
    derived=(_share("answered_late", LATE_ANSWER), _share("resolved_late", LATE_RESOLUTION)),
    reasons=(
        _reason(
            ONE_OPEN & (UNINFORMED >= 2) & (UNINFORMED.ceil() < OLDEST.ceil()),
            "A complaint has been open for {}, the last {} without news",
            lasting(OLDEST),
            number(UNINFORMED.ceil()),
        ),
        _reason(
            ONE_OPEN & (UNINFORMED >= 2) & (UNINFORMED >= OLDEST),
            "A complaint has been open for {} without any answer or news",
            lasting(OLDEST),
        ),
        _reason(ONE_OPEN, "A complaint has been open for {}", lasting(OLDEST)),
        _reason(OPEN_NOW == 1, "A complaint was opened yesterday and is not resolved"),
        _reason(
            (OPEN_NOW > 1) & (OLDEST >= 1),
            "{} complaints are open, the oldest for {}",
            number(OPEN_NOW),
            lasting(OLDEST),
        ),
        _reason(OPEN_NOW > 1, "{} complaints were opened yesterday and are not resolved", number(OPEN_NOW)),
        _reason(REOPENED > 0, f"{{}} reopened {RECENTLY}", _complaints(REOPENED, " was", " were")),
        *(
            _reason(
                (REPEATED > 0) & (found > 1), f"{{}} complaints about {CAUSES[cause]} in the last year", number(found)
            )
            for cause, found in ABOUT.items()
        ),
        _reason(SLOW > 0, f"{{}} {RECENTLY} took more than 7 days to resolve", _complaints(SLOW)),
        _reason(
            SILENCE >= LONG_SILENCE_DAYS,
            f"A complaint {RECENTLY} went {{}} without news",
            plural(SILENCE.floor(), "day", "days"),
        ),
        _reason(UNANSWERED > 0, f"{{}} {RECENTLY} waited more than a day for a first answer", _complaints(UNANSWERED)),
        _reason(YEAR > 0, "{} in the last year, the latest {}", _complaints(YEAR), ago(LATEST)),
    ),
)
