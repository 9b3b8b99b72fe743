"""Which keys of [engine] go together."""

import pytest
from pydantic import ValidationError

from configs.engine import Engine


def test_everything_is_worked_on_here_by_default() -> None:
    assert Engine().kind == "local"


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        ({"workers": 2}, 'are for kind = "dask"'),
        ({"scheduler": "tcp://10.0.0.5:8786"}, 'are for kind = "dask"'),
        ({"kind": "dask", "scheduler": "tcp://10.0.0.5:8786", "workers": 2}, "either `scheduler`"),
        ({"kind": "dask", "scheduler": "10.0.0.5"}, "pattern"),
        ({"kind": "spark"}, "'local' or 'dask'"),
    ],
)
def test_what_cannot_be_meant_is_refused(keys: dict[str, object], wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong):
        Engine.model_validate(keys)


def test_settings_read_back_are_the_same() -> None:
    for engine in (Engine(), Engine(kind="dask", workers=3)):
        assert Engine.model_validate(engine.model_dump()) == engine
