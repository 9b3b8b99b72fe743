"""The sections of a training report, each with its chart and the table behind it."""

from collections.abc import Mapping

import polars as pl

from models.evaluate import MODEL, WHAT_IS_SEEN
from pipelines.reports.caveats import warnings_of
from pipelines.reports.charts import bars, curves, lines_by_day, pairs, predicted_against_happened
from pipelines.reports.page import Section
from pipelines.reports.tables import Figures, Trained

Sections = dict[str, Section]
Tables = Mapping[str, pl.DataFrame]
OF_CUSTOMERS = "share of the customers, highest scores first"
CONTRIBUTION = "contribution, log-odds"


def sections_of(trained: Trained, figures: Figures) -> Sections:
    """The sections of the page of figures by name, in order."""
    warnings = warnings_of(trained, figures)
    return {
        "warnings": Section("Warnings", warnings or ["None."], None, None),
        **_against_others(figures.tables),
        **_of_churn(figures.tables, trained.judged.evaluation.judgement.opponent),
        **_of_value(figures.tables, trained.settings.currency),
        **_of_reasons(figures),
        **_of_origin(trained, figures.tables),
    }


def _against_others(tables: Tables) -> Sections:
    in_words = {"by": "", "auc": "AUC", "value_captured_20": "value of the top 20 %"}
    opponents = [
        "What a spreadsheet, a textbook and a good statistician would say of the same customers: AUC of who leaves, "
        "and the value of the 20 % of customers predicted most valuable, as a share of that of the truly best 20 %."
    ]
    figures = [
        "With 95 % intervals over customers.",
        f"Within so many days: {WHAT_IS_SEEN}, how many of them were predicted so soon and how many came.",
    ]
    return {
        "opponents": Section("Opponents", opponents, None, tables["opponents"].rename(in_words), opened=True),
        "figures": Section("All figures", figures, None, tables["figures"], opened=True),
    }


def _of_churn(tables: Tables, opponent: str) -> Sections:
    reliability, gains, segments = tables["reliability"], tables["gains"], tables["segments"]
    labelled = segments.with_columns(label=pl.concat_str("segment", "of", separator=" "))
    return {
        "reliability": Section(
            "Reliability: do the chances keep their word?",
            [
                "Ten groups of as many customers each, by their chance of leaving: what was predicted, and the share "
                "that left, with its 95 % interval. On the broken line both agree."
            ],
            predicted_against_happened(reliability),
            reliability,
        ),
        "gains": Section(
            "Gains: leavers found, by length of the list",
            [f"Share of all leavers among the customers ranked highest; {opponent} was the best opponent."],
            curves(gains.select("share", MODEL, opponent, "ideal", "by chance"), OF_CUSTOMERS, "share of the leavers"),
            gains,
        ),
        "lift": Section(
            "Lift: against a list by chance",
            ["Leavers among the customers ranked highest, over what as many customers by chance would hold."],
            curves(tables["lift"].drop("ideal"), OF_CUSTOMERS, "lift", ".2f", from_zero=False),
            tables["lift"],
        ),
        "deciles": Section(
            "Tenth by tenth",
            [
                "The customers in tenths, the likeliest to leave first: predicted and happened share of leavers, how "
                "many leavers, the share of all leavers and the lift down to there, and predicted and actual value."
            ],
            None,
            tables["deciles"],
            opened=True,
        ),
        "segments": Section(
            "Calibration by segment",
            [
                "Predicted and happened share of leavers by days since the latest purchase, by what was spent in the "
                "year before, and by the profile where it is configured. The bar is the 95 % interval of what "
                "happened; groups below 30 customers are left out."
            ],
            pairs(labelled, "label", ("predicted", "happened"), "share that leaves"),
            segments,
        ),
    }


def _of_value(tables: Tables, currency: str) -> Sections:
    captured, by_decile = tables["value_captured"], tables["value_deciles"]
    return {
        "value_captured": Section(
            "Value captured",
            ["Value of the customers predicted most valuable, as a share of that of as many truly best ones."],
            curves(captured, OF_CUSTOMERS, "of the ideal", from_zero=False) if captured.width else None,
            captured if captured.width else None,
        ),
        "value_deciles": Section(
            "Value: predicted against actual",
            [
                f"Mean value in {currency} by tenth of the customers, those predicted most valuable first, on an axis "
                "of square roots. Ratio: predicted over actual. Within: the share inside their 80 % intervals."
            ],
            pairs(by_decile, "decile", ("predicted", "actual"), f"mean value, {currency}", ",.0f", "sqrt"),
            by_decile,
        ),
    }


def _of_reasons(figures: Figures) -> Sections:
    groups, features, families = (figures.tables[name] for name in ("reason_groups", "features", "families"))
    found = {
        "reason_groups": Section(
            "What moves the chances: groups of features",
            [
                "Mean absolute SHAP contribution to the log-odds of leaving, summed over the features that tell one "
                "story. Raises: the share of customers whose risk the group raises. What moves the model is not what "
                "makes customers leave.",
                f"Stability: trees of another seed share {figures.reason_overlap:.0%} of the three strongest groups "
                "that raise a customer's risk.",
            ],
            bars(groups, "group", "strength", CONTRIBUTION),
            groups,
        ),
        "features": Section(
            "What moves the chances: the strongest features",
            [
                f"The {features.height} features with the largest mean absolute contribution. Windows of one measure "
                "share an effect between them, so the groups above say more."
            ],
            bars(features, "feature", "strength", CONTRIBUTION),
            features,
        ),
        "families": Section(
            "What each family is worth: a stand-in",
            [
                "Summed absolute contributions by family: a cheap stand-in for an ablation, and no substitute. It says "
                "how much the model listens to a family, not what it would lose without it."
            ],
            bars(families, "family", "strength", "summed contributions, log-odds"),
            families,
        ),
    }
    if (ablation := figures.tables.get("ablation")) is not None:
        day = ablation["as_of"][0] if "as_of" in ablation.columns else "an unknown day"
        sentence = (
            f"As of {day}: AUC that a family adds to rhythm and calendar, and that all families lose without it, with "
            "95 % intervals over customers."
        )
        found["ablation"] = Section("What each family is worth: ablation", [sentence], None, ablation, opened=True)
    return found


def _of_origin(trained: Trained, tables: Tables) -> Sections:
    cutoffs, tags = tables["cutoffs"], trained.tags
    return {
        "cutoffs": Section(
            "Cutoffs, and how the base rate moved",
            [
                "The share of each cutoff's customers that left, and what is expected of the as-of day's.",
                f"{trained.level.capitalize()}.",
            ],
            lines_by_day(cutoffs.select("cutoff", "happened", "expected"), "share that leaves"),
            cutoffs,
        ),
        "data": Section(
            "Data",
            [f"Rows by table. SHA-256 of the data: {tags['data_hash']}; of the configuration: {tags['config_hash']}."],
            None,
            tables["data"],
            opened=True,
        ),
        "settings": Section("Settings", [f"Code: git commit {tags['git_commit']}."], None, tables["settings"]),
    }
