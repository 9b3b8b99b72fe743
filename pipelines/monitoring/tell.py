"""Telling people: an event at the Prefect server, whose automation calls the webhook; without one by the webhook."""

from collections.abc import Mapping

from configs.settings import Settings
from pipelines.progress import Log

ALARM_EVENT = "holdfast.monitor.alarm"
WEBHOOK = "HOLDFAST_WEBHOOK_URL"
SERVER = "PREFECT_API_URL"
SECONDS = 10


def tell(settings: Settings, text: str, environment: Mapping[str, str], log: Log) -> None:
    """Have `text`, which holds no personal data, reach whoever is told of failed runs; failing is a warning."""
    try:
        import httpx  # both are seldom needed, and Prefect takes seconds to import
        from prefect.events import emit_event

        if environment.get(SERVER):
            resource = {"prefect.resource.id": f"holdfast.{settings.name}", "prefect.resource.name": settings.name}
            emit_event(event=ALARM_EVENT, resource=resource, payload={"text": text})
        elif address := environment.get(WEBHOOK):
            httpx.post(address, json={"text": text}, timeout=SECONDS).raise_for_status()
    except Exception as error:  # whatever a network does: what was published stands, and so does the page
        log(f"warning: nobody was told of the alarm ({type(error).__name__}). Check {WEBHOOK} and {SERVER}.")
