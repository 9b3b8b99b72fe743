"""Where the buckets of customers are worked on."""

from typing import Literal, Self

from pydantic import Field, model_validator

from configs.section import Section


class Engine(Section):
    """In this process, or by the workers of a Dask cluster, all of whom see the same files under the same paths."""

    kind: Literal["local", "dask"] = Field("local", description='"local": in this process; "dask": by Dask workers')
    scheduler: str | None = Field(
        None,
        pattern=r"^(tcp|tls)://[^\s/@]+:\d+$",
        description='address of a Dask scheduler, e.g. "tcp://10.0.0.5:8786"; default: workers are started here',
    )
    workers: int | None = Field(None, ge=1, le=256, description="worker processes that are started here; default: 2")

    @model_validator(mode="after")
    def _workers_of_dask(self) -> Self:
        if self.kind == "local" and (self.scheduler or self.workers):
            raise ValueError('`scheduler` and `workers` are for kind = "dask"')
        if self.scheduler and self.workers:
            raise ValueError("give either `scheduler`, whose workers are used, or `workers` to start here")
        return self
