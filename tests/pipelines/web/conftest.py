"""A company of two account managers with a list of the day, the app over it, and a clock that a test sets."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import text

from configs.settings import Settings
from features.time import Cutoff
from pipelines.ingest import ingest
from pipelines.storage import MANIFEST, commit, point, staged
from pipelines.web.app import create_app
from pipelines.web.database import Database
from pipelines.web.people import invite
from pipelines.web.schema import MANAGER
from tests.pipelines.outreach.conftest import CUSTOMER, SCHEMA

LIST_DAY = date(2026, 6, 15)
ANNA, BO = "Anna Schmidt", "Bo Berg"
CUSTOMERS: list[dict[str, Any]] = [
    {"customer_id": "A-1", "display_name": "Quarry", "rank": 1, "value_at_risk": 900.0, "churn_probability": 0.7},
    {"customer_id": "A-2", "display_name": "Ärger", "rank": 2, "value_at_risk": 500.0, "churn_probability": 0.9},
    {"customer_id": "A/3", "display_name": "Zoo", "rank": 3, "value_at_risk": None, "churn_probability": 0.4}
    | {"risk_band": "medium"},
    {"customer_id": "B-1", "display_name": "Bakery", "rank": 1, "account_manager": BO},
]


@dataclass
class Clock:
    """Tells the time that it was set to."""

    now: datetime = field(default=datetime(2026, 6, 15, 9, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Company:
    """Where the nights wrote, and a way to publish the list of a day."""

    settings: Settings

    def publish(self, day: date, *rows: dict[str, Any]) -> Path:
        root = self.settings.root / "published"
        history = [{"day": day - timedelta(days=ago), "churn_probability": 0.5} for ago in (2, 1, 0)]
        frame = pl.DataFrame([{**CUSTOMER, **row} for row in rows], schema=SCHEMA).with_columns(
            probability_history=pl.Series(
                [history] * len(rows), dtype=pl.List(pl.Struct({"day": pl.Date, "churn_probability": pl.Float64}))
            )
        )
        with staged(root, day.isoformat()) as folder:
            frame.write_parquet(folder / "risk_list.parquet")
            pl.DataFrame(
                {
                    "customer_id": frame["customer_id"],
                    "silence": [1.2] * len(rows),
                    "complaints": [2.0 if row["customer_id"] == "A-2" else -0.6 for row in rows],
                }
            ).write_parquet(folder / "why.parquet")
            done = commit(root, day.isoformat(), folder, {"as_of": day.isoformat(), "grade": "A"})
        point(root / "current", done)
        assert (root / "current" / MANIFEST).exists()
        return done


def with_the_first_version(database: Database) -> None:
    """Fill tables of the schema "0001" as its version of the app did: a person, their link, and an entry."""
    hashed = sha256(b"secret").hexdigest()
    for statement in (
        "insert into people (name, role, account_manager, sessions) values ('anna', 'manager', 'Anna Schmidt', 3)",
        "insert into invitations (secret_hash, person, expires_at) values "
        f"('{hashed}', 'anna', '2026-06-16 09:00:00.000000')",
        "insert into entries (customer_id, number, kind, list_date, status, note, account_manager, person, at) values "
        "('A-1', 1, 'answer', '2026-06-15', 'saved', 'Ärger', 'Anna Schmidt', 'anna', '2026-06-15 09:00:00.000000')",
    ):
        database.write(lambda session, statement=statement: session.execute(text(statement)))


def cells(text: str, heading: str) -> list[list[str]]:
    """What the cells say of the first table after a heading, row by row."""
    table = text.split(f">{heading}</h2>")[1].split("<tbody>")[1].split("</tbody>")[0]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table.replace("\n", "").split("<tr>")[1:]]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in rows]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def company(tmp_path: Path) -> Company:
    ids = [row["customer_id"] for row in CUSTOMERS]
    sales = pl.DataFrame({"transaction_id": ids, "customer_id": ids, "amount": [74.5] * len(ids)})
    (tmp_path / "raw").mkdir()
    sales.with_columns(occurred_at=pl.lit("2026-06-01")).write_parquet(tmp_path / "raw" / "transactions.parquet")
    settings = Settings.model_validate(
        {
            "name": "small",
            "company": "Northlight",
            "root": str(tmp_path / "data"),
            "sources": {"transactions": {"path": str(tmp_path / "raw" / "transactions.parquet")}},
            "ingest": {"buckets": 2},
            "web": {"leads": {"lena": [ANNA]}},
        }
    )
    ingest(settings, Cutoff(LIST_DAY, settings.zone), lambda _: None)
    made = Company(settings)
    made.publish(LIST_DAY, *CUSTOMERS)
    return made


@pytest.fixture
def app(company: Company, clock: Clock) -> Any:
    made = create_app(company.settings, clock)
    yield made
    made.state.site.database.close()


@dataclass
class Browser:
    """Somebody's browser: follows links and sends the forms of the pages it was given."""

    client: TestClient
    token: str = ""

    def get(self, path: str) -> Response:
        answer = self.client.get(path)
        if 'name="token" value="' in answer.text:
            self.token = answer.text.split('name="token" value="')[1].split('"')[0]
        return answer

    def post(self, path: str, follow_redirects: bool = True, **fields: Any) -> Response:
        return self.client.post(path, data={"token": self.token, **fields}, follow_redirects=follow_redirects)

    def answer(self, customer_id: str, status: str, seen: int = 0, **fields: Any) -> Response:
        return self.post("/answer", customer_id=customer_id, status=status, seen=seen, **fields)


SignedIn = Callable[..., Browser]


@pytest.fixture
def browser(app: Any) -> Browser:
    return Browser(TestClient(app, base_url="http://127.0.0.1"))


@pytest.fixture
def secret_for(app: Any, clock: Clock) -> Callable[..., str]:
    """The secret of a link for somebody."""

    def make(name: str, role: str = MANAGER, account_manager: str | None = None) -> str:
        return app.state.site.database.write(lambda s: invite(s, name, role, account_manager, clock(), 72))

    return make


@pytest.fixture
def signed_in(app: Any, secret_for: Callable[..., str]) -> Iterator[SignedIn]:
    """The browser of somebody who has signed in."""

    def sign_in(name: str, role: str = MANAGER, account_manager: str | None = None) -> Browser:
        browser = Browser(TestClient(app, base_url="http://127.0.0.1"))
        secret = secret_for(name, role, account_manager)
        browser.get(f"/sign-in?secret={secret}")
        assert browser.post("/sign-in", secret=secret).status_code == 200
        browser.get("/")
        return browser

    yield sign_in


@pytest.fixture
def anna(signed_in: SignedIn) -> Browser:
    return signed_in("anna", MANAGER, ANNA)
