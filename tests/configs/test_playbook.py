"""A playbook is read whole, or refused with every mistake."""

from pathlib import Path

import pytest

from configs.errors import ConfigError
from configs.load import load_settings
from configs.playbook import load_playbook

THANKS = '[[plays]]\nname = "thanks"\naction = "Say thank you"\nchannel = "phone"\ndraft = "Dear {name}"\n'


def refused(folder: Path, text: str) -> str:
    (folder / "plays.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_playbook(folder / "plays.toml")
    return str(caught.value)


def test_the_shipped_playbook_answers_the_standards_of_service() -> None:
    names = [play.name for play in load_playbook().plays]
    assert names[:3] == ["resolve_complaint", "answer_complaint", "keep_promise"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "plays: Field required"),
        ("plays = [", "cannot be read as TOML"),
        (THANKS + THANKS, "thanks: more than one play of that name"),
        (THANKS + 'reason = "price"', "the last play must suit everybody"),
        (THANKS.replace("{name}", "{nmae}"), "`draft` names {nmae}; right: {account_manager}, {company}, {name}"),
        (THANKS.replace('"phone"', '"fax"'), "plays.1.channel: Input should be 'phone'"),
        (THANKS + 'actoin = "x"', "plays.1.actoin: Extra inputs"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)


def test_a_configuration_with_a_bad_playbook_is_refused_before_the_night(tmp_path: Path) -> None:
    own = tmp_path / "shop.toml"
    text = 'name = "shop"\n[sources.transactions]\npath = "x.csv"\n[outreach]\nplaybook = '
    own.write_text(text + f'"{tmp_path / "none.toml"}"', encoding="utf-8")
    with pytest.raises(ConfigError, match="no such file. Mend `outreach.playbook`"):
        load_settings(own)
