"""The benchmark itself, on small trees: what it prints and how it ends follow from what was measured."""

import pytest

from configs.modelling import Training
from tests.benchmarks import explaining


def test_it_ends_by_the_ratio_to_the_reference(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(explaining, "LEARNED_FROM", 500)
    monkeypatch.setattr(explaining, "TREES", 3)
    monkeypatch.setattr(explaining, "SHAPES", dict.fromkeys(explaining.SHAPES, (Training(leaf_rows=20), 20)))
    measured = explaining.speed(*explaining.trained(Training(leaf_rows=20), 20), 100)
    assert all(figure > 0 for figure in measured)
    speeds = iter([(100.0, 50.0), (900.0, 400.0), (200.0, 100.0), (100.0, 50.0), (900.0, 399.0), (200.0, 100.0)])
    monkeypatch.setattr(explaining, "speed", lambda *_: next(speeds))
    assert explaining.main([]) == 0  # 400 is eight times 50
    assert "as configured by default: 900 rows/s, 400 a second of computing, 8.0 x" in capsys.readouterr().out
    assert explaining.main([]) == 1
