"""Publications of a few nights: the counts add up, controls stay out of sight, items go on, and time runs one way."""

import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.errors import PublishError
from configs.outreach import Lists, Outreach
from pipelines import publish
from pipelines.outreach import decide, listing
from pipelines.outreach.control import ASSIGNMENTS, CONTROL, with_arms
from pipelines.outreach.policy import places
from pipelines.storage import MANIFEST, hashes_below, read_json
from tests.pipelines.outreach.nights import FIRST_NIGHT, MadeUp, Nights, on
from tests.pipelines.outreach.policy_cases import candidates

OUTCOMES = "customer_id | list_date | arm | status | at | snooze_until\n"


@pytest.fixture
def nights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for module in (listing, publish):
        monkeypatch.setattr(module, "explainer", lambda *_: MadeUp())
    return lambda figures, **given: Nights(tmp_path, figures, **given)


def alike(customers: int) -> dict[str, tuple[float, float]]:
    return {f"C{i:02d}": (0.5, 100.0 + i) for i in range(customers)}


def names(decisions: dict[str, dict[str, Any]], decision: str) -> set[str]:
    return {name for name, row in decisions.items() if row["decision"] == decision}


def content(path: Path) -> str:
    """All text of a file, an Excel file unpacked."""
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as packed:
            return "\n".join(packed.read(name).decode(errors="replace") for name in packed.namelist())
    return path.read_bytes().decode(errors="replace")


def in_lists(folder: Path) -> dict[str, str]:
    """All text of every file that account managers are given."""
    lists = folder / "lists"
    return {str(path.relative_to(lists)): content(path) for path in lists.rglob("*") if path.is_file()}


def test_everybody_is_listed_withheld_or_left_alone_and_the_counts_add_up(nights) -> None:
    company = nights(
        {**alike(20), "LOYAL": (0.1, 500.0), "COSTLY": (0.9, 0.0), "QUIET": (0.9, 300.0)},
        lists={"customers_per_manager": 12},
        outreach={"control_share": 0.25, "action_cost": 1.0, "minimum_probability": 0.4},
        tables={"objections": f"customer_id | kind | effective_at\nQUIET | no_contact | {on(-3)}"},
    )

    folder = company.publish(0)

    decisions, counts = company.decisions(0), read_json(folder / MANIFEST)["counts"]
    listed, withheld = names(decisions, "listed"), names(decisions, "control")
    assert len(listed) + len(withheld) == 12 and len(withheld) == 3
    assert {name: decisions[name]["code"] for name in ("LOYAL", "COSTLY", "QUIET")} == {
        "LOYAL": "unlikely_to_leave",
        "COSTLY": "deselected",
        "QUIET": "no_contact",
    }
    alone = {"deselected": 1, "no_contact": 1, "over_capacity": 8, "unlikely_to_leave": 1}
    expected = {"scored": 23, "listed": 9, "control": 3, "left_alone": alone}
    assert {name: counts[name] for name in expected} == expected
    assert company.lines[-2] == (
        "23 scored = 9 listed + 3 withheld as controls + 11 left alone "
        "(deselected 1, no_contact 1, over_capacity 8, unlikely_to_leave 1)"
    )
    assert {name for name, row in decisions.items() if row["would_list"]} == listed | withheld
    assert {row["arm"] for row in decisions.values()} == {"treat", "control", None}
    assert {row["season"] for row in decisions.values()} == {"2026-Q3"}
    assert set(company.listed(0)) == listed
    # Expected gain: a fifth of half of the value, less the cost.
    assert decisions["C19"]["expected_gain"] == pytest.approx(0.2 * 0.5 * 119 - 1)


def test_the_manifest_says_what_the_gain_rests_on(nights) -> None:
    manifest = read_json(nights(alike(3)).publish(0) / MANIFEST)

    assert manifest["save_rate"] == {"share": 0.2, "source": "assumed"}
    assert manifest["season"] == "2026-Q3"


def test_controls_are_in_no_file_that_account_managers_see(nights) -> None:
    company = nights({f"SHOP-{i:02d}-X": (0.5, 100.0) for i in range(20)}, outreach={"control_share": 0.5}, managers={})
    for night in (0, 1):
        folder = company.publish(night)
        withheld, listed = (names(company.decisions(night), which) for which in ("control", "listed"))
        assert len(withheld) == len(listed) == 10
        seen = in_lists(folder)
        assert {name.rpartition(".")[2] for name in seen} == {"csv", "html", "xlsx", "txt"} and len(seen) == 7
        for name, text in seen.items():
            assert not any(customer in text for customer in withheld), name
            assert "control" not in text.lower(), name
        assert all(customer in seen[next(n for n in seen if n.endswith(".xlsx"))] for customer in listed)
        risk_list = pl.read_parquet(folder / "risk_list.parquet")
        assert not {"arm", "season", "stratum", "would_list", "code"} & set(risk_list.columns)
        assert risk_list["rank"].to_list() == list(range(1, 11))  # no gap tells of somebody withheld
        why = pl.read_parquet(folder / "why.parquet")
        assert set(why["customer_id"]) == set(risk_list["customer_id"]) == listed


def test_lists_are_ordered_by_expected_gain(nights) -> None:
    company = nights(
        {"A": (0.5, 10.0), "B": (0.9, 100.0), "C": (0.5, 50.0)},
        outreach={"control_share": 0.0, "minimum_probability": 0.0},
    )

    company.publish(0)

    # A: 0.2 x 5. B: 0.0476 x 90, since nine of ten leave whatever is done. C: 0.2 x 25.
    assert [(name, row["rank"]) for name, row in company.listed(0).items()] == [("C", 1), ("B", 2), ("A", 3)]
    assert (
        company.listed(0)["B"]["gain_basis"]
        == "at a 50% chance of leaving, acting keeps 20% of who would leave (assumed); above, fewer"
    )


def test_running_again_gives_the_same_bytes_and_arms(nights) -> None:
    company = nights(alike(20), outreach={"control_share": 0.3})
    company.publish(0)
    first = company.publish(1)

    assert company.publish(1) == first
    assert read_json(first / MANIFEST)["files"] == hashes_below(first)


def test_another_run_of_the_day_with_other_data_keeps_the_arms_already_drawn(nights) -> None:
    company = nights(alike(30), lists={"customers_per_manager": 60}, outreach={"control_share": 0.5})
    company.publish(0)
    before = company.decisions(0)
    # Other strata, and others to fill them.
    company.figures = {name: (0.5, 100.0 + 37 * i % 30) for i, name in enumerate(company.figures) if i > 5}
    company.figures |= {f"B{i:02d}": (0.5, 100.0 + i) for i in range(20)}

    company.publish(0)

    after = company.decisions(0)
    both = before.keys() & after.keys()
    assert len(both) == 24 and len(after) == 44
    assert {name: after[name]["arm"] for name in both} == {name: before[name]["arm"] for name in both}


def test_arms_stay_over_the_nights_of_a_season(nights) -> None:
    company = nights(alike(30), lists={"customers_per_manager": 10}, outreach={"control_share": 0.2})
    arms: dict[str, set[str]] = {}
    for night in (0, 1, 3, 9, 20):
        company.figures = {name: (0.5, 100.0 + (i * 7 + night * 13) % 30) for i, name in enumerate(company.figures)}
        company.publish(night)
        decisions = company.decisions(night)
        for name, row in decisions.items():
            if row["would_list"]:
                arms.setdefault(name, set()).add(row["arm"])

    assert all(len(found) == 1 for found in arms.values())
    drawn = pl.read_parquet(company.published(20) / "assignments.parquet")
    assert dict(drawn.select("customer_id", "arm").rows()) == {name: found.copy().pop() for name, found in arms.items()}
    assert abs((drawn["arm"] == CONTROL).sum() - 0.2 * drawn.height) < 1


def test_an_open_item_is_updated_and_takes_a_place(nights) -> None:
    company = nights(
        {"A": (0.5, 100.0), "B": (0.5, 90.0), "C": (0.5, 80.0)},
        lists={"customers_per_manager": 2},
        outreach={"control_share": 0.0},
    )
    company.publish(0)
    # C is worth more now, but A and B are being worked on.
    company.figures = {"A": (0.6, 100.0), "B": (0.6, 90.0), "C": (0.6, 500.0)}
    company.complaints = {"A": 0.9}
    company.publish(1)

    listed = company.listed(1)
    assert company.codes(1) == {"A": "open_item", "B": "open_item", "C": "over_capacity"}
    assert {name: row["item_opened"] for name, row in listed.items()} == {"A": FIRST_NIGHT, "B": FIRST_NIGHT}
    assert listed["A"]["change"] == "still"
    said = "Chance of leaving up from 50% to 60% since 1 Jul 2026"
    assert listed["A"]["change_why"] == f"{said}, mostly because of complaints"
    assert listed["B"]["change_why"] == said
    assert listed["A"]["act_by"] == date(2026, 7, 8)  # a week from the first night, not from this one
    assert [p["churn_probability"] for p in listed["A"]["probability_history"]] == [0.5, 0.6]

    company.publish(7)  # nobody closed the items in a week: they compete
    assert company.codes(7) == {"A": "open_item", "B": "over_capacity", "C": "new_item"}
    assert (company.published(7) / "team" / "left.csv").read_text("utf-8-sig").splitlines()[1:] == [
        '"B","Shop B","Anna","others come first",0.6,0.6,"2026-06-01"'
    ]


def test_an_outcome_closes_the_item_and_the_customer_rests(nights) -> None:
    company = nights(alike(3), outreach={"control_share": 0.0, "cool_down_days": 10})
    company.publish(0)
    company.tables["outcomes"] = OUTCOMES + (
        f"C00 | {on(0)} | treat | contacted | {on(0)} 10:00 | -\nC01 | {on(0)} | treat | no_answer | {on(0)} 10:00 | -"
    )
    company.publish(1)
    company.publish(10)

    assert company.codes(1) == {"C00": "cool_down", "C01": "open_item", "C02": "open_item"}
    left = (company.published(1) / "team" / "left.csv").read_text("utf-8-sig").splitlines()
    assert left[1:] == ['"C00","Shop C00","Anna","contacted",0.5,0.5,"2026-06-01"']
    # After the rest it is a new item.
    assert company.codes(10)["C00"] == "new_item"
    assert company.listed(10)["C00"]["item_opened"] == FIRST_NIGHT + timedelta(days=10)
    assert company.listed(10)["C00"]["change_why"] == (
        "Back after the contact on 1 Jul 2026; chance of leaving unchanged"
    )


def test_a_snoozed_customer_comes_back_on_the_day(nights) -> None:
    company = nights(alike(4), outreach={"control_share": 0.5, "season": "month"})
    company.publish(0)
    treated = sorted(names(company.decisions(0), "listed"))[0]
    company.tables["outcomes"] = OUTCOMES + f"{treated} | {on(0)} | treat | snooze | {on(0)} 10:00 | 2026-08-03"
    company.publish(1)
    company.publish(32)  # 2 August
    company.publish(33)

    assert company.codes(1)[treated] == company.codes(32)[treated] == "snoozed"
    found = company.decisions(33)[treated]
    # The new month draws anew, but an account manager waits for this one.
    assert (found["decision"], found["code"], found["season"]) == ("listed", "new_item", "2026-07")
    assert company.listed(33)[treated]["change_why"].startswith("Back after the pause that was asked for")


def test_a_control_keeps_its_place_for_a_week_then_rests(nights) -> None:
    company = nights(alike(4), outreach={"control_share": 0.5, "cool_down_days": 5})
    company.publish(0)
    withheld = names(company.decisions(0), "control")
    codes = []
    for night in (1, 6, 7, 11, 12):
        company.publish(night)
        codes.append({company.codes(night)[name] for name in withheld})

    assert len(withheld) == 2
    assert codes == [{"control"}, {"control"}, {"cool_down"}, {"cool_down"}, {"control"}]


def test_without_a_cool_down_an_item_that_ended_begins_anew(nights) -> None:
    company = nights(alike(4), outreach={"control_share": 0.5, "cool_down_days": 0})
    company.publish(0)
    dealt_with, open_still = sorted(names(company.decisions(0), "listed"))
    company.tables["outcomes"] = OUTCOMES + f"{dealt_with} | {on(0)} | treat | saved | {on(0)} 10:00 | -"
    begun = {}
    for night in (1, 6, 7):
        company.publish(night)
        begun[night] = {name: (row["item_opened"] - FIRST_NIGHT).days for name, row in company.decisions(night).items()}

    withheld = names(company.decisions(7), "control")
    assert [begun[night][dealt_with] for night in begun] == [1, 1, 1]
    assert [begun[night][open_still] for night in begun] == [0, 0, 0]
    assert [{begun[night][name] for name in withheld} for night in begun] == [{0}, {0}, {7}]


def test_who_is_left_alone_as_too_costly_is_told_with_figures(nights) -> None:
    company = nights(
        {"A": (0.5, 100.0), "B": (0.5, 8.0), "C": (0.5, 60.0), "D": (0.5, 60.0)},
        outreach={"action_cost": 1.0, "control_share": 0.0},
        brought={"C": (15.0, 80.0)},
        managers={"B": "Bert"},
    )

    folder = company.publish(0)

    # B: 0.2 x 0.5 x 8 = 0.8, less the cost.
    assert company.codes(0) == {"A": "new_item", "B": "not_worth_acting", "C": "deselected", "D": "new_item"}
    told = pl.read_csv(folder / "team" / "leave_alone.csv")
    assert told.select("account_manager", "customer_id", "why", "net_value").rows() == [
        ("Anna", "C", "Lost us €65.00 in the last year: brought €15.00, and cost €80.00 to serve", -65.0),
        ("Bert", "B", "A call is expected to bring €0.80, and costs €1.00", 100.0),
    ]
    assert told["expected_gain"].to_list() == pytest.approx([0.2 * 0.5 * 60 - 1, -0.2])
    basis = "at a 50% chance of leaving, acting keeps 20% of who would leave (assumed); above, fewer; "
    basis += "€1.00 for acting taken off"
    assert set(told["gain_basis"]) == {basis}
    # Each account manager reads of their own, whether or not somebody is to be called.
    files = in_lists(folder)
    named = {name for name, text in files.items() if "Lost us €65.00" in text}
    assert named == {"anna.html", "anna.xlsx"}
    assert {name for name, text in files.items() if "A call is expected to bring" in text} == {"bert.html", "bert.xlsx"}


def test_who_refused_since_the_scoring_is_nowhere(nights) -> None:
    company = nights({**alike(4), "GONE-1": (0.9, 400.0), "GONE-2": (0.9, 300.0)}, outreach={"control_share": 0.0})
    company.publish(0)
    assert "GONE-1" in company.listed(0)
    company.tables["objections"] = (
        f"customer_id | kind | effective_at\nGONE-1 | no_profiling | {on(0)}\nGONE-2 | erased | {on(0)}"
    )

    folder = company.publish(1, explain="all")

    assert company.decisions(1).keys() == {"C00", "C01", "C02", "C03"}
    assert read_json(folder / MANIFEST)["counts"]["scored"] == 4
    assert "4 customers explained" in company.lines
    assert "2 customers refused profiling or were erased since the scoring: dropped" in company.lines
    for path in folder.rglob("*"):
        assert path.is_dir() or "GONE" not in content(path), path
        if path.suffix == ".parquet":
            assert "GONE" not in pl.read_parquet(path).write_json(), path


def test_who_bought_again_or_is_not_scored_left_the_list(nights) -> None:
    company = nights(alike(4), outreach={"control_share": 0.0})
    company.publish(0)
    company.figures["C00"] = (0.05, 100.0)
    company.bought["C00"] = FIRST_NIGHT
    company.publish(1, without=("C01",))

    left = (company.published(1) / "team" / "left.csv").read_text("utf-8-sig").splitlines()
    assert left[1:] == [
        '"C00","Shop C00","Anna","bought again",0.5,0.05,"2026-07-01"',
        '"C01","Shop C01","Anna","no longer scored",0.5,,',
    ]
    assert read_json(company.published(1) / MANIFEST)["counts"]["left_the_list"] == 2


def test_a_night_before_others_does_not_look_ahead(nights) -> None:
    company = nights(alike(6), outreach={"control_share": 0.3})
    company.publish(5)
    company.publish(2)

    listed = company.listed(2)
    assert {row["change"] for row in listed.values()} == {"new"}
    assert {row["change_why"] for row in listed.values()} == {"On the first list"}
    assert {len(row["probability_history"]) for row in listed.values()} == {1}
    assert (company.settings.root / "published" / "current").resolve() == company.published(5).resolve()


def test_a_night_without_anybody_to_list(nights) -> None:
    company = nights(alike(4), outreach={"minimum_probability": 0.9})

    folder = company.publish(0)

    assert company.listed(0) == {}
    assert set(company.codes(0).values()) == {"unlikely_to_leave"}
    assert set(in_lists(folder)) == {"index.html", "digests/index.csv"}


def test_decisions_that_do_not_add_up_are_not_published(nights, monkeypatch: pytest.MonkeyPatch) -> None:
    company = nights(alike(4))
    whole = decide.places
    monkeypatch.setattr(decide, "places", lambda *given: whole(*given).head(3))

    with pytest.raises(PublishError, match="3 for 4 customers scored"):
        company.publish(0)
    assert not company.published(0).exists()


figures = st.floats(-20, 300, allow_nan=False)
customers = st.fixed_dictionaries(
    {
        "churn_probability": st.floats(0, 1),
        "value_if_retained": figures,
        "expected_gain": figures,
        "account_manager": st.sampled_from(["Anna", "Bert"]),
        "no_contact": st.booleans(),
        "last_contact_on": st.none() | st.just(FIRST_NIGHT - timedelta(days=3)),
        "snoozed_until": st.none() | st.just(FIRST_NIGHT + timedelta(days=3)),
        "item_opened": st.none() | st.just(FIRST_NIGHT - timedelta(days=3)),
    }
)


@given(rows=st.lists(customers, max_size=20), capacity=st.integers(1, 5), share=st.sampled_from([0.0, 0.1, 0.5]))
@settings(max_examples=30, deadline=None)
def test_every_customer_has_one_decision_and_one_code(rows, capacity, share) -> None:
    ranked = places(candidates(*rows), Outreach(), Lists(customers_per_manager=capacity), FIRST_NIGHT)
    armed = with_arms(ranked.filter("would_list"), pl.DataFrame(schema=ASSIGNMENTS), "2026-Q3", share)
    armed = armed.with_columns(act_by=pl.lit(FIRST_NIGHT), act_by_why=pl.lit("because"))
    decided = decide._decisions(ranked.with_columns(act_by=None, act_by_why=None), armed, "2026-Q3")

    assert decided["customer_id"].to_list() == sorted(chr(ord("A") + i) for i in range(len(rows)))
    assert decided["code"].null_count() == decided["decision"].null_count() == 0
    would_list, treated = pl.col("would_list"), pl.col("decision") == "listed"
    withheld = pl.col("decision") == "control"
    assert decided.filter(would_list != (treated | withheld)).is_empty()
    assert decided.filter(would_list != pl.col("code").is_in(["new_item", "open_item", "control"])).is_empty()
    assert decided.filter(treated != (pl.col("arm") == "treat").fill_null(False)).is_empty()
    on_lists = decided.filter(would_list).group_by("account_manager").len()
    assert on_lists["len"].max() is None or on_lists["len"].max() <= capacity
    assert abs(decided.select(withheld.sum()).item() - share * decided.select(would_list.sum()).item()) < 1
