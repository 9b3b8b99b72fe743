"""Where publications go beside the files under the root."""

from pydantic import Field

from configs.section import Section


class Publication(Section):
    """Sinks that hold every publication as well: a PostgreSQL schema, a prefix on object storage."""

    database: str | None = Field(
        None, description='PostgreSQL from the environment, e.g. "${SHOP_LISTS_DATABASE}"; default: none'
    )
    database_schema: str = Field(
        "holdfast", pattern=r"^[a-z_][a-z0-9_]{0,62}$", description="schema of its tables there"
    )
    timeout_seconds: int = Field(600, ge=1, le=86_400, description="seconds that one statement may take there")
    objects: str | None = Field(
        None, pattern=r"^(s3://.|\$\{)", description='prefix on object storage, e.g. "s3://bucket/holdfast"'
    )
