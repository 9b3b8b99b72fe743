"""Which play suits whom, on which channel, and what it says."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from configs.errors import ConfigError
from configs.playbook import Play, load_playbook
from configs.settings import Settings
from features.registry import FAMILIES
from features.time import Cutoff
from pipelines.nightly import nightly
from pipelines.outreach.playbook import advice, condition, refuse_unreadable

OPEN_DAYS, OVERDUE = "complaints__open_age_max_lifetime", "promises__overdue_sum_90d"


def play(name: str, **changed: Any) -> Play:
    return Play(**{"name": name, "action": f"Do {name}", "channel": "phone", "draft": f"About {name}", **changed})


PLAYS = [
    play("complaint", when=f"{OPEN_DAYS} > 7"),
    play("promise", when=f"{OVERDUE} > 0"),
    play("prices", reason="price", channel="email"),
    play("second_visit", reason="contact", when="ties__two_way_days > 100"),
    play("contact", reason="contact", draft="Dear {name}, {account_manager} of {company}"),
    play("gone_abroad", reason="profile"),
    play("thanks"),
]
NOBODY: dict[str, Any] = {
    "account_manager": "Anna",
    "display_name": None,
    "preferred_channel": None,
    "answers_by": None,
}


def told(*weakest: float | None) -> pl.Series:
    return pl.Series(weakest, dtype=pl.Float64)


def advised(
    figures: dict[str, float | None], grouped: dict[str, float], weakest: float | None = None, **customer: Any
) -> dict[str, Any]:
    listed = pl.DataFrame([{**NOBODY, **customer}], schema=dict.fromkeys(NOBODY, pl.String))
    features = pl.DataFrame([{OPEN_DAYS: None, OVERDUE: 0.0, "ties__two_way_days": 9.0, **figures}])
    features = features.cast(pl.Float64)
    return advice(listed, features, pl.DataFrame([grouped]), told(weakest), PLAYS, "Mill & Co").row(0, named=True)


@pytest.mark.parametrize(
    ("figures", "grouped", "chosen"),
    [
        ({OPEN_DAYS: 7.1, OVERDUE: 2}, {"price": 9.0}, "complaint"),  # the first whose condition holds
        ({OPEN_DAYS: 7.0, OVERDUE: 2}, {"price": 9.0}, "promise"),
        ({}, {"price": 0.1, "contact": 3.0}, "prices"),  # a reason is enough, not the strongest
        ({}, {"price": 0.09, "contact": 0.3}, "contact"),
        ({"ties__two_way_days": 101}, {"price": 0.0, "contact": 0.3}, "second_visit"),
        ({}, {"price": -0.2, "contact": 0.0}, "thanks"),  # nothing with a play raises the risk
        ({}, {"silence": 2.0}, "thanks"),
    ],
)
def test_the_first_that_suits_is_chosen(figures: dict, grouped: dict, chosen: str) -> None:
    found = advised(figures, grouped)
    assert (found["play"], found["action"]) == (chosen, f"Do {chosen}")


def test_a_play_answers_a_reason_that_is_told() -> None:
    # Prices are the fourth reason, then the third.
    assert advised({}, {"price": 0.29, "contact": 0.3}, weakest=0.3)["play"] == "contact"
    assert advised({}, {"price": 0.3, "contact": 0.5}, weakest=0.3)["play"] == "prices"
    assert advised({}, {"price": 0.09, "contact": 0.05}, weakest=0.05)["play"] == "thanks"  # told, but hardly a reason


def test_the_customers_own_channel_goes_before_that_of_the_play() -> None:
    assert advised({}, {"price": 1.0})["action_channel"] == "email"
    assert advised({}, {"price": 1.0}, answers_by="chat")["action_channel"] == "chat"
    assert advised({}, {"price": 1.0}, answers_by="chat", preferred_channel="visit")["action_channel"] == "visit"


def test_drafts_name_the_customer_and_who_writes() -> None:
    grouped = {"contact": 1.0}
    assert advised({}, grouped, display_name="{company}")["draft"] == "Dear {company}, Anna of Mill & Co"
    found = advised({}, grouped, account_manager=None)["draft"]
    assert found == "Dear customer, Your customer service of Mill & Co"


def test_every_row_gets_its_own() -> None:
    listed = pl.DataFrame([NOBODY] * 2, schema=dict.fromkeys(NOBODY, pl.String))
    features = pl.DataFrame({OPEN_DAYS: [None, 8.0], OVERDUE: [1.0, 0.0]})
    found = advice(listed, features, pl.DataFrame({"price": [1.0, 1.0]}), told(None, None), PLAYS, "M")
    assert found["play"].to_list() == ["promise", "complaint"]
    nobody = advice(listed.clear(), features.clear(), pl.DataFrame({"price": [1.0]}).clear(), told(), PLAYS, "M")
    assert (nobody.height, nobody.columns) == (0, found.columns)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"when": "complaints__opened > 0"}, "no feature complaints__opened; did you mean complaints__"),
        ({"when": f"{OVERDUE} >"}, "cannot be read"),
        ({"when": f"{OVERDUE} + 1"}, "neither true nor false"),
        ({"reason": "prices"}, "no reason 'prices'. Write one of basket"),
    ],
)
def test_a_condition_that_means_nothing_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=f"play mine, key {next(iter(changed))}: ") as caught:
        condition(play("mine", **changed), pl.DataFrame({OVERDUE: [1.0]}))
    assert said in str(caught.value)


def test_a_night_with_such_a_play_ends_before_it_begins(tmp_path: Path) -> None:
    last = '[[plays]]\nname = "{}"\naction = "Say thank you"\nchannel = "phone"\ndraft = "Dear {{name}}"\n'
    file = tmp_path / "plays.toml"
    file.write_text(f'{last.format("big")}when = "profile__size_last_lifetime > 9"\n{last.format("thanks")}')
    shop = {"name": "shop", "root": str(tmp_path), "outreach": {"playbook": str(file)}}
    shop["sources"] = {name: {"path": "none.csv"} for name in ("transactions", "customers")}
    known = Settings.model_validate(shop | {"features": {"profile": {"size": {"kind": "number"}}}})

    refuse_unreadable(known)
    with pytest.raises(
        ConfigError, match=r"plays\.toml: play big, key when: .* no feature profile__size_last_lifetime"
    ):
        nightly(Settings.model_validate(shop), Cutoff(date(2026, 6, 15), known.zone), print)


def test_a_play_on_features_of_tables_that_are_not_there_never_holds() -> None:
    assert condition(PLAYS[0], pl.DataFrame({"rfm__recency_days": [1.0]})) is None


def test_every_condition_of_the_shipped_playbook_can_be_read() -> None:
    columns = [column for family in FAMILIES for column in family.feature_columns()]
    features = pl.DataFrame({column: [0.0] for column in columns})
    assert all(condition(each, features) is not None for each in load_playbook().plays)
