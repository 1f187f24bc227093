"""What Alembic runs: one transaction over one connection, which `migrations.run` hands in.

The connection holds the registry's write lock from its start, so two servers that start at once do
not both create the tables. On SQLite a changed table is rebuilt (batch mode).
"""

from alembic import context
from sqlalchemy import Connection

from migrations.models import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,  # SQLite's DDL too: `run` began the transaction itself
    compare_type=True,
    compare_server_default=True,
    user_module_prefix="registry.base.",
)
with context.begin_transaction():
    context.run_migrations()
