"""Whom an alarm reaches, and that failing to tell stops nothing."""

from typing import Any

import httpx
import prefect.events
import pytest

from configs.settings import Settings, Source
from pipelines.monitoring.tell import ALARM_EVENT, tell

SETTINGS = Settings(name="shop", sources={"transactions": Source(path="x.csv")})


def test_the_webhook_or_an_event_never_both(monkeypatch: pytest.MonkeyPatch) -> None:
    posted: list[Any] = []
    emitted: list[Any] = []
    request = httpx.Request("POST", "https://chat.example/hook")

    def post(address: str, **said: Any) -> httpx.Response:
        posted.append((address, said["json"]))
        return httpx.Response(200, request=request)

    monkeypatch.setattr(httpx, "post", post)
    monkeypatch.setattr(prefect.events, "emit_event", lambda **event: emitted.append(event))
    hook, log = {"HOLDFAST_WEBHOOK_URL": "https://chat.example/hook"}, list[str]()

    tell(SETTINGS, "late", {}, log.append)
    tell(SETTINGS, "late", hook, log.append)
    tell(SETTINGS, "late", hook | {"PREFECT_API_URL": "http://127.0.0.1:4200/api"}, log.append)

    assert posted == [("https://chat.example/hook", {"text": "late"})] and log == []
    assert [(event["event"], event["payload"]) for event in emitted] == [(ALARM_EVENT, {"text": "late"})]
    assert emitted[0]["resource"]["prefect.resource.id"] == "holdfast.shop"


def test_a_webhook_that_is_away_is_a_warning_without_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(address: str, **_: Any) -> None:
        raise httpx.ConnectError(f"cannot reach {address}")

    monkeypatch.setattr(httpx, "post", refuse)
    log: list[str] = []
    tell(SETTINGS, "late", {"HOLDFAST_WEBHOOK_URL": "https://chat.example/secret"}, log.append)
    assert len(log) == 1 and "ConnectError" in log[0] and "secret" not in log[0]
