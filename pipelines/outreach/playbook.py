"""What to do about each listed customer: the play that suits, on the customer's own channel, with a message to edit."""

import difflib
from collections.abc import Sequence

import polars as pl
from polars.exceptions import PolarsError

from configs.errors import ConfigError
from configs.playbook import PLACEHOLDER, Play, load_playbook
from configs.settings import PLAYBOOK, Settings
from features.families.profile import profile
from features.registry import FAMILIES

GROUPS = {group for family in FAMILIES for group in family.reason_groups().values()} | {"profile"}
ADVICE = ("play", "action", "action_channel", "draft")
RAISES = 0.1  # log-odds: a reason that adds less is hardly one
NAMELESS, NOBODY = "customer", "Your customer service"


def refuse_unreadable(settings: Settings) -> None:
    """Raise ConfigError for the first play that asks for a feature or reason there is none of: before a night's work,
    not at its end."""
    kinds = {name: column.kind for name, column in settings.features.profile.items()}
    families = (*FAMILIES, profile(kinds, [], {}))
    columns = [column for family in families for column in family.feature_columns()]
    everything = pl.DataFrame(schema=dict.fromkeys(columns, pl.Float64()))
    file = settings.outreach.playbook or PLAYBOOK
    for play in load_playbook(file).plays:
        try:
            condition(play, everything)
        except ConfigError as error:
            raise ConfigError(f"{file}: {error}") from None


def advice(
    listed: pl.DataFrame,
    features: pl.DataFrame,
    grouped: pl.DataFrame,
    weakest: pl.Series,
    plays: Sequence[Play],
    company: str,
) -> pl.DataFrame:
    """The columns `ADVICE` (texts) for each row of `listed`, in order.

    `listed`: account_manager (null: nobody's), display_name, preferred_channel, and answers_by, the channel on which
    the customer was last in touch. `features`, and `grouped`, what each group of reasons adds to the estimate
    (log-odds), are of the same rows, as is `weakest`, what the last of three reasons that are told adds (null: fewer
    are told). The first play is chosen whose condition holds and whose reason, where it has one, adds at least `RAISES`
    and no less than those told, so that nobody is given something to do for a reason they are not told. A play whose
    features or reason this company does not have never holds. Raises ConfigError for a condition that cannot be read.
    """
    conditions = {play.name: found for play in plays if (found := condition(play, features)) is not None}
    enough = weakest.fill_null(RAISES).clip(RAISES)
    raised = {group: grouped[group] >= enough for group in grouped.columns}
    never = pl.repeat(False, features.height, dtype=pl.Boolean, eager=True)
    suits = [
        pl.when(conditions[play.name] & (raised.get(play.reason, never) if play.reason else True)).then(
            pl.lit(play.name)
        )
        for play in plays
        if play.name in conditions
    ]
    chosen = features.select(play=pl.coalesce(suits))

    def by_play(texts: dict[str, pl.Expr]) -> pl.Expr:
        return pl.coalesce(pl.when(pl.col("play") == name).then(text) for name, text in texts.items())

    names = {
        "name": pl.col("display_name").fill_null(NAMELESS),
        "company": pl.lit(company),
        "account_manager": pl.col("account_manager").fill_null(NOBODY),
    }
    return listed.with_columns(chosen["play"]).select(
        "play",
        action=by_play({play.name: pl.lit(play.action) for play in plays}),
        action_channel=pl.coalesce(
            "preferred_channel", "answers_by", by_play({play.name: pl.lit(play.channel) for play in plays})
        ),
        draft=by_play({play.name: _filled(play.draft, names) for play in plays}),
    )


def condition(play: Play, features: pl.DataFrame) -> pl.Expr | None:
    """The condition of a play as an expression; None where it asks for features that this company does not have.

    Raises ConfigError where it is no condition, or names a feature that no company has.
    """
    if play.reason and play.reason not in GROUPS:
        raise ConfigError(
            f"play {play.name}, key reason: no reason {play.reason!r}. Write one of {', '.join(sorted(GROUPS))}."
        )
    if play.when is None:
        return pl.repeat(True, pl.len(), dtype=pl.Boolean)
    try:
        expression = pl.sql_expr(play.when)
        read = expression.meta.root_names()
    except PolarsError as error:
        raise _refused(play, f"it cannot be read ({str(error).splitlines()[0]})") from None
    known = {column for family in FAMILIES for column in family.feature_columns()} | set(features.columns)
    for name in read:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            raise _refused(play, f"no feature {name}" + (f"; did you mean {close[0]}?" if close else ""))
    if not set(read) <= set(features.columns):
        return None
    if features.select(expression).dtypes != [pl.Boolean()]:
        raise _refused(play, "it is neither true nor false")
    return expression


def _refused(play: Play, why: str) -> ConfigError:
    return ConfigError(f"play {play.name}, key when: {play.when!r}: {why}. Mend it; see features/DICTIONARY.md.")


def _filled(draft: str, names: dict[str, pl.Expr]) -> pl.Expr:
    places = PLACEHOLDER.findall(draft)
    return pl.format(PLACEHOLDER.sub("{}", draft), *(names[place] for place in places)) if places else pl.lit(draft)
