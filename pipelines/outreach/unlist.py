"""The lists of a publication, written anew without a customer who is erased."""

import os
import shutil
from collections.abc import Collection
from io import BytesIO
from pathlib import Path

import polars as pl

from pipelines.outreach.context import ListContext
from pipelines.outreach.digest import FOLDER as DIGESTS
from pipelines.outreach.digest import INDEX
from pipelines.outreach.history import LEAVE_ALONE_FILE
from pipelines.outreach.lists import slug, write_csv, write_lists
from pipelines.storage import MANIFEST, read_json, write_bytes_whole


def unlist(risk_list: Path, customer_id: str) -> int:
    """Write the lists beside the file `risk_list` anew, if one named the customer; returns how many did (0 or 1).

    Named is who is on a call list or a leave-alone list.

    The digest of an account manager whose list did is removed: it was for one morning. Lists of a publication that
    does not say what they were made from are removed as a whole.
    """
    listed, publication = pl.read_parquet(risk_list), risk_list.parent
    file, others = publication / LEAVE_ALONE_FILE, pl.col("customer_id") != customer_id
    alone = pl.read_parquet(file) if file.exists() else listed.clear()  # an older version wrote none
    kept, kept_alone = listed.filter(others), alone.filter(others)
    if kept.height == listed.height and kept_alone.height == alone.height:
        return 0
    lists, new = publication / "lists", publication / ".lists.new"
    shutil.rmtree(new, ignore_errors=True)
    if (context := read_json(publication / MANIFEST).get("lists")) is None:
        shutil.rmtree(lists, ignore_errors=True)
        return 1
    written = {path.name for path in write_lists(kept, ListContext.restored(context), new, kept_alone)}
    for name in written:
        os.replace(new / name, lists / name)
    new.rmdir()
    for path in lists.iterdir():
        if path.is_file() and path.name not in written:
            path.unlink()
    _remove_digests(lists / DIGESTS, listed.filter(customer_id=customer_id)["account_manager"].to_list())
    return 1


def _remove_digests(folder: Path, managers: Collection[str]) -> None:
    if not (folder / INDEX).exists():
        return
    texts = [f"{slug(manager)}.txt" for manager in managers]
    content = BytesIO()
    write_csv(pl.read_csv(folder / INDEX, infer_schema=False).filter(~pl.col("text").is_in(texts)), content)
    write_bytes_whole(folder / INDEX, content.getvalue())
    for manager in managers:
        for ending in ("txt", "html"):
            (folder / f"{slug(manager)}.{ending}").unlink(missing_ok=True)
