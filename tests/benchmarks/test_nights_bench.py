"""The benchmark of nights that read only what is new, on a small log: it finds the same rows, and tells if not."""

import sys

import pytest

from tests.benchmarks import nights


def test_the_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["nights", "--transactions", "6000", "--customers", "300", "--nights", "2"])

    nights.main()

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "6,000 transactions of 300 customers, 6 new a night"
    assert sum(line.startswith("a night that reads what is new: ") for line in lines) == 2
    assert lines[-1] == "the same rows in the end"


def test_other_rows_are_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["nights", "--transactions", "2000", "--customers", "200", "--nights", "1"])
    monkeypatch.setattr("pipelines.previous._but", lambda rows, others: rows.clear())  # what is new gets lost

    assert nights.main() == 1
    assert capsys.readouterr().out.splitlines()[-1] == "OTHER ROWS IN THE END"
