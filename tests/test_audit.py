"""What an audit of the dependencies says, and how it ends."""

from typing import Any

import pytest

from tests.audit import report

SOUND = {"name": "a", "version": "1", "vulns": []}
UNKNOWN = {"name": "b", "skip_reason": "not found"}
BAD = {"name": "c", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}


@pytest.mark.parametrize(
    ("packages", "code"), [([SOUND, UNKNOWN], 0), ([UNKNOWN], 2), ([SOUND, BAD], 1), ([UNKNOWN, BAD], 1)]
)
def test_it_ends_well_only_where_something_was_looked_up_and_nothing_found(packages: list[Any], code: int) -> None:
    assert report(packages)[1] == code


def test_it_names_what_to_mend_and_counts_what_it_cannot_know() -> None:
    assert report([SOUND, UNKNOWN, BAD])[0] == [
        "c 2: CVE-1, mended in 3",
        "3 packages, 1 known vulnerabilities, 1 could not be looked up",
    ]


def test_it_does_not_call_sound_what_nobody_was_asked_about() -> None:
    (said,), code = report([UNKNOWN, UNKNOWN])
    assert said.startswith("no index said anything of the 2 packages: not found. Run it where a package index answers")
    assert code == 2
