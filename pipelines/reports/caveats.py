"""What is said beside the figures of a training, so that nobody trusts them further than they carry."""

from datetime import timedelta

from models.evaluate import Evaluation
from pipelines.reports.tables import Figures, Trained

# What a good model keeps within, out of time.
CALIBRATION_ERROR_LIMIT = 0.08
VALUE_RATIO = (0.85, 1.15)
COVERAGE = (0.75, 0.85)
OVERLAP_AT_LEAST = 0.7
LEVEL_MOVED_LIMIT = 0.05
CUSTOMERS_AT_LEAST = 500


def warnings_of(trained: Trained, figures: Figures) -> list[str]:
    """Sentences, the gravest first; none where all is well."""
    evaluation, prepared, training = trained.judged.evaluation, trained.prepared, trained.settings.training
    short = prepared.split.warnings(training.lookback_days, training.cutoff_every_days)
    found = [f"{line[0].upper()}{line[1:]}." for line in short]
    found += [f"Left out of the features: {reason}." for reason in prepared.fitted.missing]
    if without_a_season(trained):
        found.append(
            "The season was not seen a year ago: no labelled cutoff lies near it, so the level of the probabilities, "
            "and the total value, cannot follow it yet. Trust the order of the customers more than the level."
        )
    found += _of_figures(evaluation)
    happened, expected = figures.tables["cutoffs"]["happened"].drop_nulls(), figures.tables["cutoffs"]["expected"]
    if abs(moved := expected[-1] - happened[-1]) > LEVEL_MOVED_LIMIT:
        found.append(
            f"The base rate is expected to move by {moved:+.3f} from the latest labelled cutoff: probabilities follow, "
            "but what is expected of a season may not come."
        )
    if figures.reason_overlap < OVERLAP_AT_LEAST:
        found.append(
            f"Reasons hang on chance: trees of another seed share only {figures.reason_overlap:.0%} of the three "
            "strongest reason groups of a customer."
        )
    return found


def without_a_season(trained: Trained) -> bool:
    """Whether no labelled cutoff lies a year before the as-of day, give or take the days between cutoffs."""
    year_ago = trained.tonight["cutoff"][0] - timedelta(days=365)
    split = trained.prepared.split
    return not any(abs(cutoff.day - year_ago) <= timedelta(days=split.every_days) for cutoff in split.labelled)


def _of_figures(evaluation: Evaluation) -> list[str]:
    figures, found = evaluation.figures, []
    if evaluation.judgement.grade == "C":
        found.append(f"The model ranks worse than {evaluation.judgement.opponent}, beyond noise (grade C).")
    if evaluation.customers < CUSTOMERS_AT_LEAST:
        found.append(f"Only {evaluation.customers:,} customers to judge by: every figure has a wide interval.")
    if figures["calibration_error"] > CALIBRATION_ERROR_LIMIT:
        found.append(
            f"Probabilities were off by {figures['calibration_error']:.3f} on average of ten groups, more than "
            f"{CALIBRATION_ERROR_LIMIT}: trust the order of the customers more than the chances."
        )
    if not VALUE_RATIO[0] <= figures["value_ratio"] <= VALUE_RATIO[1]:
        found.append(
            f"The predicted total value was {figures['value_ratio']:.2f} of the actual, outside "
            f"{VALUE_RATIO[0]}..{VALUE_RATIO[1]}."
        )
    if not COVERAGE[0] <= figures["coverage_80"] <= COVERAGE[1]:
        found.append(
            f"{figures['coverage_80']:.0%} of the values lay within their 80 % intervals, outside "
            f"{COVERAGE[0]:.0%}..{COVERAGE[1]:.0%}."
        )
    return found
