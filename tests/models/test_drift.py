"""How unlike earlier days a day is: by hand, against scipy, and how often it is wrong."""

from datetime import date, timedelta

import numpy as np
import pytest
from scipy import stats

from models.drift import counted, discoveries, edges_of, known_or_not, psi, two_sample_p, unlike

FIRST = date(2026, 1, 1)
NAN = float("nan")


def days(count: int, every: int = 20) -> list[date]:
    return [FIRST + timedelta(days=every * number) for number in range(count)]


def test_tenths_each_once_and_unknown_apart() -> None:
    values = np.array([0.0] * 300 + [1.0] * 100 + [5.0] * 90 + [7.0] * 10 + [NAN] * 200)
    assert edges_of(values, 1).tolist() == [0.0, 1.0, 5.0]
    assert edges_of(np.arange(500.0), 2).tolist() == [99.0, 199.0, 299.0, 399.0]  # 250 a day: fifths
    assert edges_of(np.array([NAN]), 1).tolist() == []
    assert edges_of(np.array([0.0] * 5 + [1.0] * 995), 1).tolist() == [0.0, 1.0]  # 5 lack what 995 have
    found = counted(np.array([NAN, -3.0, 0.0, 0.5, 1.0, 9.0]), np.array([0.0, 1.0]), np.array([0, 0, 0, 1, 1, 1]), 2)
    assert found.tolist() == [[1, 2, 0, 0], [0, 0, 2, 1]]  # unknown, up to 0, up to 1, above
    assert known_or_not(found).tolist() == [[1, 2], [0, 3]]


def test_psi_by_hand() -> None:
    # With a half added: 10 and 30 of 40 against 20 and 20 of 40.
    a, b = np.array([9.5, 29.5]), np.array([19.5, 19.5])
    assert psi(a, b) == pytest.approx(-0.25 * np.log(0.5) + 0.25 * np.log(1.5))
    assert psi(a, np.stack([a, b]))[0] == 0


def test_the_two_sample_test_is_that_of_scipy() -> None:
    random = np.random.default_rng(1)
    one, other = random.integers(0, 5, 300), random.integers(0, 5, 200) // 2 * 2
    counts = [np.bincount(sample, minlength=5) for sample in (one, other)]
    assert two_sample_p(*counts) == pytest.approx(stats.ks_2samp(one, other, method="asymp").pvalue)


def test_a_season_is_usual_and_a_break_is_not() -> None:
    # A share that swings with the season between 0.3 and 0.5, seen for two years every 20 days; 1,000 customers.
    seen = days(37)
    share = [0.4 + 0.1 * np.cos(2 * np.pi * day.timetuple().tm_yday / 365) for day in seen]
    noise = np.random.default_rng(2).normal(0, 10, 37)
    counts = np.array([[1000 - round(1000 * s + n), round(1000 * s + n)] for s, n in zip(share, noise, strict=True)])
    tonight = seen[-1] + timedelta(days=90)

    quiet, broken = (unlike(np.array([1000 - n, n]), tonight, counts, seen) for n in (480, 800))

    assert quiet is not None and quiet.p > 0.2 and quiet.psi < 0.01
    assert broken is not None and broken.p < 1e-4 and broken.psi > 0.3 > broken.usual
    assert counts[broken.most_like, 1] == counts[:, 1].max()


def test_a_trend_goes_on_without_an_alarm() -> None:
    random, seen = np.random.default_rng(3), days(30)
    mean = np.linspace(100, 200, 30)  # tenure grows as the log does
    values = np.concatenate([random.exponential(m, 800) for m in mean])
    edges = edges_of(values, 30)
    counts = counted(values, edges, np.repeat(np.arange(30), 800), 30)
    later = counted(random.exponential(220, 800), edges, np.zeros(800, dtype=np.int64), 1)[0]

    found = unlike(later, seen[-1] + timedelta(days=100), counts, seen)

    assert found is not None and found.p > 0.05


def test_a_day_that_was_learned_from_is_held_against_those_before_it() -> None:
    seen = days(20)
    counts = np.array([[1000 - 10 * number, 10 * number] for number in range(20)])
    found = unlike(counts[7], seen[7], counts, seen)
    assert found is not None and found.psi == 0 and found.most_like == 7
    assert found.usual > 0.001  # of each day to one before it, not to itself
    alone = unlike(counts[1], seen[1], counts[:1], seen[:1])
    assert alone is not None and np.isnan(alone.p)


def test_what_is_never_judged() -> None:
    seen, everybody = days(12), np.zeros((12, 3), dtype=np.int64)
    everybody[np.arange(12), np.arange(12) % 3] = 500  # one value for everybody, another each day
    assert unlike(np.array([0, 500, 0]), days(13)[-1], everybody, seen) is None
    never = np.array([[0, 400, 0]] * 12)
    gone = unlike(np.array([400, 0, 0]), days(13)[-1], never, seen)  # known of all, then of nobody
    assert gone is not None and gone.p < 1e-6 and gone.usual < 1e-6
    assert unlike(np.array([0, 400, 0]), days(13)[-1], never, seen) is None
    assert unlike(np.array([10, 19, 0]), days(13)[-1], everybody + 10, seen) is None  # 29 rows
    few = unlike(np.array([10, 90]), days(5)[-1], np.array([[90, 10]] * 4), days(4))
    assert few is not None and np.isnan(few.p)  # three earlier distances say nothing of what is usual


def test_discoveries_by_hand_and_what_cannot_be_judged() -> None:
    # Of four: 0.01 <= 1/4 x 0.05, 0.02 <= 2/4 x 0.05, 0.9 and 0.04 > 3/4 x 0.05.
    assert discoveries(np.array([0.9, 0.01, NAN, 0.02, 0.04]), 0.05).tolist() == [False, True, False, True, False]
    assert discoveries(np.array([NAN]), 0.05).tolist() == [False]


def test_quiet_nights_call_anything_no_more_often_than_the_rate() -> None:
    random, seen, nights, features = np.random.default_rng(4), days(25), 60, 40
    called = 0
    for _ in range(nights):
        p = []
        for _ in range(features):
            levels = 0.4 + 0.03 * random.standard_normal(26)  # every day differs a little by nature
            counts = np.array([[n, 500 - n] for n in random.binomial(500, levels)])
            found = unlike(counts[-1], seen[-1] + timedelta(days=20), counts[:-1], seen)
            assert found is not None
            p.append(found.p)
        called += bool(discoveries(np.array(p), 0.1).any())
    assert called / nights <= 0.1 + 2 * np.sqrt(0.1 * 0.9 / nights)
