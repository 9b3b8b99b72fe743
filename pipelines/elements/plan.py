"""The plan: what each segment is to become in the short, the medium and the long term, and where it stands."""

from collections.abc import Sequence
from dataclasses import replace

from configs.report import TERMS, Report
from features.time import Month, months_before
from pipelines.elements.figures import Absent, Figure

ELEMENT = "plan"
CALLED = {"customers": "customers", "share": "share of customers", "spend": "spend", "kept": "kept"}


def plan(report: Report, segments: Sequence[Figure], now: Month) -> tuple[list[Figure], list[Absent]]:
    """A figure for each target that is configured, holding where the segment stands; `segments`: their figures now.

    A target of a figure that does not exist now, such as the spend of an empty segment, is absent.
    """
    if not report.targets:
        return [], [Absent(ELEMENT, "targets by segment", "none are configured, under [[report.targets]]")]
    standing = {(figure.group, figure.figure): figure for figure in segments}
    found, absent = [], []
    for target in report.targets:
        name = CALLED[target.figure]
        stands = standing.get((target.segment, name))
        if stands is None or stands.estimate.value is None:
            absent.append(Absent(ELEMENT, f"{name} of {target.segment}", "there is no such figure now"))
            continue
        for term in TERMS:
            wanted, value = getattr(target, term), stands.estimate.value
            if wanted is None:
                continue
            reached = value >= wanted if target.aim == "at least" else value <= wanted
            by = months_before(now.cutoff.day, -getattr(report, f"{term}_months"))
            told = f"{stands.definition}; the target is {target.aim} so much by {by}"
            label = f"{name}, {term} term by {by}"
            found.append(
                replace(stands, element=ELEMENT, figure=label, definition=told, target=wanted, reached=reached)
            )
    return found, absent
