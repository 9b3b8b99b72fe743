"""Passwords that everybody knows are refused, wherever they come from, and never printed."""

from collections.abc import Callable

import pytest

from configs.secrets import known_to_all, mistakes_of_the_environment

MINIMAL = 'name = "shop"\n[sources.transactions]\npath = "orders.csv"\n'
Mistakes = Callable[[str], list[str]]


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://postgres:postgres@db/shop",
        "postgresql://shop:Shop@db/shop",
        "postgresql://shop@db/shop?sslmode=require&password=changeme",
        "postgresql://db/shop?user=anna&password=anna",
        "https://admin:password1234@mlflow.example",
        "https://admin:%61dmin@mlflow.example",
    ],
)
def test_what_everybody_knows(address: str) -> None:
    assert known_to_all(address)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://shop:hunter2@db/shop",
        "postgresql://postgres@db/postgres",
        "postgresql://postgres:@/postgres?host=/run/db",  # no password: a socket of this machine
        "sqlite:////srv/holdfast/mlflow.db",
        "",
    ],
)
def test_what_not_everybody_knows(address: str) -> None:
    assert not known_to_all(address)


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ('[tracking]\nuri = "${HELD}"', "tracking.uri"),
        ('[web]\ndatabase = "${HELD}"', "web.database"),
        ('[sources.costs]\nuri = "${HELD}"\nquery = "q"', "sources.costs.uri"),
    ],
)
def test_an_address_of_the_configuration(
    section: str, key: str, mistakes_in: Mistakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELD", "postgresql://postgres:postgres@db/shop")
    assert mistakes_in(MINIMAL + section) == [
        f"{key}: HELD holds a password that everybody knows; right: give the server one of its own"
    ]


def test_what_mlflow_and_prefect_read_themselves(mistakes_in: Mistakes, monkeypatch: pytest.MonkeyPatch) -> None:
    held = {
        "MLFLOW_TRACKING_URI": "https://admin:password@mlflow.example",
        "MLFLOW_TRACKING_PASSWORD": "password1234",
        "PREFECT_API_AUTH_STRING": "admin:admin",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": "postgresql+asyncpg://prefect:prefect@db/prefect",
    }
    said = "environment variable {} holds a password that everybody knows; right: give the server one of its own"
    assert sorted(mistakes_of_the_environment(held)) == [said.format(name) for name in sorted(held)]
    assert mistakes_of_the_environment({"PREFECT_API_AUTH_STRING": "admin:hunter2", "PREFECT_API_URL": ""}) == []

    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "admin:admin")
    assert mistakes_in(MINIMAL) == [said.format("PREFECT_API_AUTH_STRING")]
