"""A configuration loads with defaults, or is refused with every mistake at once."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from configs.errors import ConfigError
from configs.load import expand_environment, load_settings
from configs.settings import Settings

MINIMAL = """
name = "bakery"

[sources.transactions]
path = "exports/orders.csv"
"""
Written = Callable[[str], Path]
Mistakes = Callable[[str], list[str]]


def test_a_name_and_the_transactions_are_enough(written: Written) -> None:
    settings = load_settings(written(MINIMAL))

    assert settings.name == "bakery"
    assert settings.root == Path("holdfast_data/bakery")
    assert settings.source("transactions").path == "exports/orders.csv"
    assert settings.source("transactions").timezone == "UTC"
    assert (settings.churn.definition, settings.churn.horizon_days) == ("inactivity", 90)
    assert settings.clv_horizon_days == 90
    assert settings.lists.customers_per_manager == 25


@pytest.mark.parametrize(
    ("churn", "further"),
    [
        ("", [30, 60]),
        ("horizon_days = 61", [30, 60]),
        ("horizon_days = 60", [30]),
        ("horizon_days = 28", []),
        ("further_horizons = []", []),
        ("further_horizons = [45, 7, 45]", [7, 45]),
        ("horizon_days = 14\nfurther_horizons = [13]", [13]),
    ],
)
def test_further_horizons_are_shorter_than_that_of_churn(churn: str, further: list[int], written: Written) -> None:
    settings = load_settings(written(MINIMAL + f"[churn]\n{churn}"))

    assert settings.churn.further_days == further
    assert "further_horizons" not in settings.churn.meaning()


def test_output_replaces_the_root(written: Written) -> None:
    path = written('root = "elsewhere"\n' + MINIMAL)

    assert load_settings(path).root == Path("elsewhere")
    assert load_settings(path, Path("given")).root == Path("given")


def test_settings_cannot_be_changed(written: Written) -> None:
    settings = load_settings(written(MINIMAL))

    with pytest.raises(ValidationError, match="frozen"):
        settings.churn.horizon_days = 30  # ty: ignore[invalid-assignment]


def test_every_mistake_is_reported_at_once(mistakes_in: Mistakes) -> None:
    found = mistakes_in("""
        name = "Bad Name"
        business_timezone = "Europe/Londn"
        currency = 3
        colour = "red"

        [sources.transaction]
        path = "orders.csv"

        [sources.complaints]
        path = "complaints.csv"
        uri = "postgresql://db/shop"
        query = "select 1"

        [sources.surveys]
        pth = "surveys.csv"
        path = "surveys.csv"

        [churn]
        horizon_days = 0

        [lists]
        high_risk_from = 0.2
    """)

    known_tables = (
        "customers, transactions, complaints, complaint_updates, promises, interactions, surveys, loyalty, contracts, "
        "costs, objections, outcomes"
    )
    assert sorted(found) == sorted(
        [
            "name = 'Bad Name': String should match pattern '^[a-z0-9][a-z0-9_-]*$'; right: short lower-case name",
            "business_timezone = 'Europe/Londn': 'Europe/Londn' is not a time zone; "
            'right: zone that decides what a day is, e.g. "Europe/London"',
            "currency = 3: Input should be a valid string; right: three-letter currency code",
            f"colour: no such key; right: known: {', '.join(Settings.model_fields)}",
            f"sources.transaction: no such table; right: did you mean `transactions`? known: {known_tables}",
            "sources.complaints: give either `path`, or both `uri` and `query`",
            "sources.surveys.pth: no such key; right: did you mean `path`? known: path, uri, query, sql, timezone, "
            "separator, encoding, timeout_seconds, incremental, watermark, overlap_minutes, sha256",
            "churn.horizon_days = 0: Input should be greater than or equal to 1; "
            "right: days after the cutoff in which leaving is looked for",
            "lists: `medium_risk_from` must not exceed `high_risk_from`",
            "[sources.transactions]: missing; right: every configuration needs them",
        ]
    )


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('name = "a"', "sources: missing; right: at least [sources.transactions]"),
        (
            'name = "a"\n[sources.costs]\npath = "c.csv"',
            "(whole file): missing [sources.transactions]: every configuration needs them",
        ),
        (
            MINIMAL + '[churn]\ndefinition = "contract"',
            '(whole file): missing [sources.contracts]: churn.definition = "contract" needs them',
        ),
        (
            MINIMAL + '[sources.complaint_updates]\npath = "u.csv"',
            "(whole file): missing [sources.complaints]: complaint_updates find their customers through them",
        ),
        (MINIMAL + "[sources.costs]", "sources.costs: give either `path`, or both `uri` and `query`"),
        (
            MINIMAL + '[sources.costs]\nuri = "postgresql://db/shop"',
            "sources.costs: give either `path`, or both `uri` and `query`",
        ),
        (
            MINIMAL + '[sources.costs]\npath = "s3://shop/costs.parquet"\nsha256 = true',
            "sources.costs: `sha256` is for files on this machine, not for databases and object storage",
        ),
        (
            MINIMAL + '[sources.costs]\nuri = "postgresql://db/shop"\nquery = "select 1"\nincremental = true',
            "sources.costs: `incremental` is for files, `watermark` for databases",
        ),
        (
            MINIMAL + '[sources.costs]\npath = "c.csv"\nencoding = "ansi"',
            'sources.costs.encoding = \'ansi\': not an encoding that Python knows; use "utf-8", "windows-1252" or '
            '"utf-16"; right: of text files, as Python names it: "windows-1252", "utf-16"',
        ),
        (
            MINIMAL + '[sources.costs]\nuri = "postgresql://db/shop"\nquery = "select 1"\nseparator = ";"',
            "sources.costs: `separator` and `encoding` are for text files, not for databases",
        ),
        (
            MINIMAL + '[sources.complaints]\npath = "c.csv"\nincremental = true',
            "(whole file): complaints: read whole every night, so without `incremental` and `watermark`",
        ),
        (
            MINIMAL + "[churn]\nhorizon_dayz = 3",
            "churn.horizon_dayz: no such key; right: did you mean `horizon_days`? ",
        ),
        (
            MINIMAL + "[churn]\nhorizon_days = 60\nfurther_horizons = [30, 60, 90]",
            "churn: `further_horizons` must be shorter than `horizon_days`, 60: 60, 90",
        ),
        (
            MINIMAL + "[churn]\nfurther_horizons = [0]",
            "churn.further_horizons.0 = 0: Input should be greater than or equal to 1",
        ),
        (
            MINIMAL + "[ingest]\namount_limit = inf",
            "ingest.amount_limit = inf: Input should be a finite number; right: ",
        ),
        (
            MINIMAL + '[features.profile.region]\nkind = "category"',
            "(whole file): missing [sources.customers]: features.profile names columns of it",
        ),
        (
            MINIMAL + '[features.profile.phone]\nkind = "category"',
            "features.profile: phone: not for a model, which must not know persons",
        ),
        (
            MINIMAL + '[features.profile.region]\nkind = "text"',
            "features.profile.region.kind = 'text': Input should be 'category' or 'number'; right: ",
        ),
    ],
)
def test_one_mistake(text: str, mistake: str, mistakes_in: Mistakes) -> None:
    (found,) = mistakes_in(text)

    assert found.startswith(mistake)


@pytest.mark.parametrize(
    "source",
    [
        '[sources.costs]\nuri = "postgresql://shop:hunter2@db/shop"\nquery = "q"',
        '[sources.costs]\nuri = "postgresql://shop@db/shop?sslmode=require&password=hunter2"\nquery = "q"',
        '[sources.costs]\nuri = "host=db user=shop password=hunter2"\nquery = "q"',
        '[sources.costs]\npath = "https://shop:hunter2@files.example/costs.csv"',
        '[sources]\ncosts = "postgresql://shop:hunter2@db/shop"',
        '[tracking]\nuri = "https://shop:hunter2@mlflow.example"',
        '[web]\ndatabase = "postgresql://shop:hunter2@db/web"',
        '[publication]\ndatabase = "postgresql://shop:hunter2@db/web"',
        '[publication]\nobjects = "s3://shop:hunter2@bucket/lists"',
        '[web.oidc]\nissuer = "https://login.example"\nclient_id = "a"\nroles = {}\nclient_secret = "hunter2"',
        '[sources.costs]\nuri = ["postgresql://shop:hunter2@db/shop"]\nquery = "q"',
    ],
)
def test_a_password_is_refused_and_never_printed(source: str, mistakes_in: Mistakes) -> None:
    found = mistakes_in(MINIMAL.replace("[sources.transactions]", "").replace("path", "#") + source)

    assert any("(hidden)" in mistake for mistake in found)
    assert "hunter2" not in "".join(found)


def test_a_variable_that_is_not_set_is_named(mistakes_in: Mistakes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_DATABASE_URI", raising=False)

    found = mistakes_in('name = "a"\n[sources.transactions]\nuri = "${SHOP_DATABASE_URI}"\nquery = "select 1"')

    assert found == [
        "sources.transactions.uri: environment variable SHOP_DATABASE_URI is not set; right: set it before the run"
    ]
    with pytest.raises(ConfigError, match="SHOP_DATABASE_URI is not set"):
        expand_environment("${SHOP_DATABASE_URI}")


def test_the_secret_of_a_sign_in_provider_must_be_set(mistakes_in: Mistakes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_OIDC_SECRET", raising=False)
    oidc = '[web.oidc]\nissuer = "http://login.example"\nclient_id = "a"\nroles = {sales = "boss"}\n'

    found = mistakes_in(f'{MINIMAL}\n{oidc}client_secret = "${{SHOP_OIDC_SECRET}}"')

    assert [mistake.split(";")[0] for mistake in found] == [
        "web.oidc.client_secret: environment variable SHOP_OIDC_SECRET is not set",
        *(mistake.split(";")[0] for mistake in found[1:]),
    ]
    assert found[1].startswith("web.oidc.issuer = 'http://login.example'")  # tokens would travel in the open
    assert found[2].startswith("web.oidc.roles.sales = 'boss'")


def test_variables_are_filled_in(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "hunter2")
    text = 'name = "a"\n[sources.transactions]\nuri = "postgresql://shop:${SHOP_PASSWORD}@db/shop"\nquery = "select 1"'

    address = load_settings(written(text)).source("transactions").uri

    assert address == "postgresql://shop:${SHOP_PASSWORD}@db/shop"  # settings are logged and hashed: no secret in them
    assert expand_environment(address) == "postgresql://shop:hunter2@db/shop"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'name = "a"\n\nname = [', "not valid TOML: .*"),
        (b'name = "a"\ncolour = red\n', r"not valid TOML: Invalid value \(at line 2, column 10\)"),
        (b'name = "caf\xe9"', r"not UTF-8 text \(byte 11\)"),
    ],
)
def test_files_that_cannot_be_read(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "company.toml"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=f"company.toml: {message}"):
        load_settings(path)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="absent.toml: no such file"):
        load_settings(tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match="cannot be read .*directory"):
        load_settings(tmp_path)


@pytest.mark.parametrize("path", sorted(Path("configs").glob("*.toml")), ids=lambda path: path.name)
def test_the_configurations_that_come_along_load(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in re.findall(r"\$\{(\w+)\}", path.read_text(encoding="utf-8")):
        monkeypatch.setenv(name, "set")
    if path.name != "playbook.toml":
        assert load_settings(path).source("transactions")
