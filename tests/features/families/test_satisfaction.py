"""Answers to surveys as known at a cutoff, worked out by hand."""

import pytest

from features.families.satisfaction import FAMILY
from tests.features.drawn_tables import features_of, sentences_of, table

# Seen from 1 June 2025, 00:00: 30 days begin on 2 May, 90 on 3 March, 180 on 3 December, 365 on 1 June 2024.
SURVEYS = table(
    "surveys",
    """
    sent_at    | kind | answered_at      | score
    2024-05-01 | nps  | 2024-05-31 23:59 | 0
    2024-05-20 | ces  | 2024-06-01 00:00 | 7
    2024-11-01 | csat | 2024-12-03 00:00 | 2
    2024-12-01 | csat | 2025-05-02 00:00 | 3
    2025-02-01 | nps  | 2025-05-20 00:00 | 4
    2025-03-03 | nps  | 2025-03-03 00:00 | 9
    2025-04-01 | ces  | 2025-04-02 00:00 | -
    2025-05-10 | csat | 2025-06-01 00:00 | 1
    2025-05-30 | nps  | -                | -
    2025-06-01 | nps  | -                | -
    """,
)
#  scores in the order of the answers, with their levels
#  31 May 2024, 23:59  NPS 0    0            2 March .. 3 March  NPS 9   0.9   high
#  1 June 2024         CES 7    1     high   2 May               CSAT 3  0.5
#  3 December          CSAT 2   0.25  low    20 May              NPS 4   0.4   low
#  The CES of April is answered without a score, the CSAT of May at the cutoff.


def found(day: str = "2025-06-01") -> dict[str, float | None]:
    return {name.removeprefix("satisfaction__"): v for name, v in features_of(FAMILY, SURVEYS, day).items()}


def of_kind(kind: str) -> list[float | None]:
    stems = (f"{kind}_last", f"{kind}_min", f"{kind}_change_last", f"{kind}_age_min")
    return [found()[f"{stem}_lifetime"] for stem in stems]


def test_last_lowest_change_and_age_of_each_kind():
    assert of_kind("nps") == [4, 0, 4 - 9, 12]
    assert of_kind("csat") == [3, 2, 1, 30]
    assert of_kind("ces") == [7, 7, None, 365]


def test_levels_on_the_common_scale():
    values = found()
    assert values["level_last_lifetime"] == 0.4
    assert values["level_mean_365d"] == pytest.approx((1 + 0.25 + 0.9 + 0.5 + 0.4) / 5)
    # 3 December 2024 is the first of the 180 days.
    assert (values["level_min_180d"], values["level_min_365d"]) == (0.25, 0.25)
    assert [values[f"low_sum_{days}d"] for days in (30, 90, 365)] == [1, 1, 2]
    assert [values[f"high_sum_{days}d"] for days in (30, 90, 365)] == [0, 1, 2]
    assert values["score_age_min_lifetime"] == values["low_age_min_lifetime"] == 12
    before = found("2025-05-20")  # the NPS of 20 May is not known yet: CSAT 3 is the latest score, CSAT 2 the low one
    assert (before["score_age_min_lifetime"], before["low_age_min_lifetime"]) == (18, 168)
    # The CSAT of 1, given at the cutoff, counts from the next day on.
    assert (found("2025-06-02")["level_last_lifetime"], found("2025-06-02")["low_sum_30d"]) == (0, 2)


@pytest.mark.parametrize(
    ("kind", "score", "level", "low", "high"),
    [
        ("nps", "4", 0.4, 1, 0),
        ("nps", "5", 0.5, 0, 0),
        ("nps", "8", 0.8, 0, 0),
        ("nps", "9", 0.9, 0, 1),
        ("csat", "1", 0, 1, 0),
        ("csat", "4", 0.75, 0, 0),
        ("csat", "5", 1, 0, 1),
        ("ces", "3", 1 / 3, 1, 0),
        ("ces", "6", 5 / 6, 0, 1),
        ("ces", "9", 1, 0, 1),  # beyond the scale
        ("ces", "0", 0, 1, 0),
    ],
)
def test_a_score_on_the_common_scale(kind: str, score: str, level: float, low: int, high: int):
    drawn = table("surveys", f"sent_at | kind | answered_at | score\n2025-05-01 | {kind} | 2025-05-02 | {score}")
    values = features_of(FAMILY, drawn, "2025-06-01")
    assert values["satisfaction__level_last_lifetime"] == pytest.approx(level)
    assert (values["satisfaction__low_sum_30d"], values["satisfaction__high_sum_30d"]) == (low, high)


def test_promoters_and_detractors():
    assert [
        (found(day)["promoter"], found(day)["detractor"]) for day in ("2025-03-03", "2025-03-04", "2025-06-01")
    ] == [
        (0, 1),
        (1, 0),
        (0, 1),
    ]
    assert found("2024-05-31")["promoter"] is None


@pytest.mark.parametrize(("score", "flags"), [("6", (0, 1)), ("7", (0, 0)), ("8", (0, 0)), ("9", (1, 0))])
def test_the_limits_of_promoters_and_detractors(score: str, flags: tuple[int, int]):
    drawn = table("surveys", f"sent_at | kind | answered_at | score\n2025-05-01 | nps | 2025-05-02 | {score}")
    values = features_of(FAMILY, drawn, "2025-06-01")
    assert (values["satisfaction__promoter"], values["satisfaction__detractor"]) == flags


def test_invitations_and_silence():
    values = found()
    # Sent by 1 June: 9; not answered: that of 30 May, and that of 10 May, answered at the cutoff.
    assert [values[f"sent_count_{window}"] for window in ("90d", "365d", "lifetime")] == [4, 7, 9]
    assert [values[f"unanswered_sum_{window}"] for window in ("90d", "365d", "lifetime")] == [2, 2, 2]
    assert values["answered_share_365d"] == pytest.approx(5 / 7)
    assert values["answered_share_lifetime"] == pytest.approx(7 / 9)
    assert values["unanswered_run"] == 2
    assert found("2025-06-02")["unanswered_run"] == 2  # that of 10 May is answered, that of 1 June is sent
    assert found("2024-05-31")["unanswered_run"] == 2  # none is answered so far


def test_no_surveys():
    values = features_of(FAMILY, SURVEYS.clear(), "2025-06-01")
    assert values["satisfaction__sent_count_90d"] == values["satisfaction__unanswered_run"] == 0
    assert values["satisfaction__answered_share_365d"] is values["satisfaction__promoter"] is None
    assert values["satisfaction__level_last_lifetime"] is None
    assert sentences_of(FAMILY, values) == {}


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["nps | 2025-05-31 00:00 | 6"], "Gave 6 of 10 in the latest NPS survey, yesterday"),
        (["nps | 2025-05-30 12:00 | 0"], "Gave 0 of 10 in the latest NPS survey, 2 days ago"),
        (["csat | 2025-05-20 | 2"], "Gave 2 of 5 in the latest CSAT survey, 12 days ago"),
        (["ces | 2025-05-20 | 3", "csat | 2025-05-21 | 3"], "Gave 3 of 7 in the latest CES survey, 12 days ago"),
        (["nps | 2025-05-01 | 10", "nps | 2025-05-20 | 8"], "The NPS score fell from 10 to 8"),
        (["csat | 2025-05-01 | 1", "csat | 2025-05-20 | 5"], "Gave 1 low score in surveys in the last year"),
        (
            ["csat | 2025-05-01 | 1", "csat | 2025-05-02 | 2", "csat | 2025-05-20 | 5"],
            "Gave 2 low scores in surveys in the last year",
        ),
        (["nps | 2025-05-01 | 9", "nps | - | -", "ces | - | -", "ces | - | -"], "Did not answer the last 3 surveys"),
    ],
)
def test_sentences(lines: list[str], sentence: str):
    assert sentences(lines) == {"satisfaction": sentence}


@pytest.mark.parametrize(
    "lines",
    [
        ["nps | 2025-05-20 | 7", "csat | 2025-05-20 | 3", "ces | 2025-05-20 | 4"],
        ["nps | 2025-05-01 | 10", "nps | 2025-05-20 | 9"],
        ["nps | 2024-05-31 | 2"],
        ["nps | 2025-05-01 | 9", "nps | - | -", "ces | - | -"],
    ],
    ids=["middling", "a little less", "long ago", "two unanswered"],
)
def test_no_sentence_without_something_bad(lines: list[str]):
    assert sentences(lines) == {}


def sentences(lines: list[str]) -> dict[str, str]:
    """What is said of surveys, each sent in January 2024, a day after the one before."""
    sent = [f"2024-01-{day:02d} | {line}" for day, line in enumerate(lines, start=1)]
    drawn = table("surveys", "\n".join(["sent_at | kind | answered_at | score", *sent]))
    return sentences_of(FAMILY, features_of(FAMILY, drawn, "2025-06-01"))
