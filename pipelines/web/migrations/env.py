"""Run by Alembic with the connection that `Database.migrate` hands over."""

from alembic import context

from pipelines.web.schema import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
