"""What pages load beside their text: one style sheet and one script, each from a few files, nothing from elsewhere."""

from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response

from pipelines.outreach.page import TEMPLATES as LISTS

HERE = Path(__file__).parent / "static"
HTMX = HERE / "htmx-4.0.1.min.js"  # https://htmx.org, as it was published; the one file here that others wrote
FILES = {
    "app.css": ("text/css", (LISTS / "page.css", HERE / "web.css")),
    "app.js": ("text/javascript", (HTMX, HERE / "web.js")),
}
CONTENT = {name: b"\n".join(file.read_bytes() for file in files) for name, (_, files) in FILES.items()}
# In their addresses, so that browsers keep them for good and never show a page by those of another version.
ADDRESSES = {name: f"/static/{name}?{sha256(content).hexdigest()[:12]}" for name, content in CONTENT.items()}

router = APIRouter(prefix="/static")


def _serve(name: str) -> None:
    @router.get(f"/{name}")
    async def file() -> Response:
        return Response(
            CONTENT[name], media_type=FILES[name][0], headers={"Cache-Control": "max-age=31536000, immutable"}
        )


for each in FILES:
    _serve(each)
