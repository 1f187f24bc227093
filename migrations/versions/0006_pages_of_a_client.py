"""How long the pages of a client may be"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("client_limit", sa.Column("page_limit", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("client_limit", "page_limit")
