"""Shapes of the charts, by numbers worked out by hand."""

from datetime import date

from pipelines.web.pictures import bars, line, quarters


def test_bars_go_from_the_middle_as_far_as_they_weigh() -> None:
    found = bars({"silence": 2.0, "complaints": -1.0, "price": 0.04})
    # 100 is the middle; the longest, 2.0, takes the whole half; what weighs less than 0.05 is left out.
    assert [(bar.words, bar.x, bar.width) for bar in found] == [
        ("The time without an order", 100, 100.0),
        ("Complaints", 50.0, 50.0),
    ]


def test_a_line_needs_two_days_and_keeps_their_distance() -> None:
    days = [(1, 0.5), (2, 1.0), (5, 0.0)]
    history = [{"day": date(2026, 6, day), "churn_probability": share} for day, share in days]
    assert line(history[:1]) is None
    assert line(history).points == "0.0,35.0 75.0,0.0 300.0,70.0"  # four days over 300, from 0 % at 70 up


def test_quarters_that_would_run_over_the_edge_are_left_out() -> None:
    found = quarters(date(2025, 10, 10), date(2026, 10, 10))  # 365 days over 300
    assert [(round(mark.x), mark.words) for mark in found] == [(68, "Jan 2026"), (142, "Apr 2026"), (217, "Jul 2026")]
