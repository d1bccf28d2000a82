"""Alembic's entry: runs the migrations on the connection that the server hands over."""

from alembic import context

from vigo.server.platform.db.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True, render_as_batch=True)
context.run_migrations()
