"""Where the canonical tables come from, and how raw rows are admitted."""

from collections.abc import Collection
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from configs.section import Section, Share, Zone

TableName = Literal[
    "customers",
    "transactions",
    "complaints",
    "complaint_updates",
    "promises",
    "interactions",
    "surveys",
    "loyalty",
    "contracts",
    "costs",
    "objections",
    "outcomes",
]


def needed_sources(given: Collection[str], definition: str | None) -> dict[str, str]:
    """Tables that must have a source beside those `given` but have none, each with why."""
    why = {"transactions": "every configuration needs them"}
    if definition == "contract":
        why["contracts"] = 'churn.definition = "contract" needs them'
    if "complaint_updates" in given:
        why["complaints"] = "complaint_updates find their customers through them"
    return {table: reason for table, reason in why.items() if table not in given}


# Their rows refer to each other, or come from several places.
READ_WHOLE = {"complaints", "complaint_updates", "outcomes"}


class Source(Section):
    """Where one canonical table comes from: files (`path`) or a database (`uri` + `query`), mapped by `sql`."""

    path: str | None = Field(
        None, min_length=1, description="file, folder or glob of CSV, Excel or Parquet files, or s3://..."
    )
    uri: str | None = Field(None, description='database address from the environment, e.g. "${SHOP_DATABASE_URI}"')
    query: str | None = Field(None, min_length=1, description="SQL run by the database at `uri`")
    sql: str | None = Field(None, min_length=1, description="Polars SQL over the table `source`")
    timezone: Zone = Field("UTC", description='zone of times that carry none, e.g. "Europe/London"')
    separator: str | None = Field(
        None, pattern=r"^[^\"\r\n]$", description="of text files; default: a tab in .tsv, else a comma"
    )
    encoding: str = Field("utf-8", description='of text files, as Python names it: "windows-1252", "utf-16"')
    timeout_seconds: int = Field(  # which cannot change a result
        3600, ge=1, le=86_400, exclude=True, description="seconds that `query` may take"
    )
    incremental: bool = Field(False, description="whether only files that are new or changed are read each night")
    watermark: str | None = Field(
        None,
        pattern=r"^[A-Za-z_]\w*$",
        description="time column of `query` by which only newer rows are read each night",
    )
    overlap_minutes: int = Field(
        60, ge=0, le=525_600, exclude=True, description="minutes before the last watermark that are read again"
    )
    sha256: bool = Field(False, description="hold every file against <file>.sha256, as sha256sum writes it, beside it")

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            "".encode(name)  # and of text, which lookup() does not ask
        except LookupError:
            raise ValueError('not an encoding that Python knows; use "utf-8", "windows-1252" or "utf-16"') from None
        return name

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        from_database = self.uri is not None or self.query is not None
        if (self.path is not None) == from_database or (self.uri is None) != (self.query is None):
            raise ValueError("give either `path`, or both `uri` and `query`")
        if self.incremental and self.path is None or self.watermark and self.query is None:
            raise ValueError("`incremental` is for files, `watermark` for databases")
        if self.sha256 and (self.path is None or "://" in self.path):
            raise ValueError("`sha256` is for files on this machine, not for databases and object storage")
        if self.query is not None and (self.separator is not None or self.encoding != "utf-8"):
            raise ValueError("`separator` and `encoding` are for text files, not for databases")
        return self

    @property
    def arrives(self) -> bool:
        """Whether each night reads what is new only."""
        return self.incremental or self.watermark is not None


class Ingest(Section):
    """How raw rows are admitted and stored."""

    buckets: int = Field(8, ge=1, le=4096, description="parts the store is split into by customer")
    quarantined_share_limit: Share = Field(0.05, description="share of bad rows in a table that stops the run")
    amount_limit: float | None = Field(None, gt=0, description="larger amounts are quarantined; default: none are")
