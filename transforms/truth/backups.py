"""Daily backups of every Bigtable table of the project, which Bigtable makes by itself once a table asks for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from google.api_core import exceptions
from google.cloud import bigtable_admin_v2 as admin

from transforms.language import say
from transforms.truth.admin import Others, admin_client, wanted
from transforms.truth.config import TruthConfig
from transforms.truth.errors import TruthError

# https://cloud.google.com/bigtable/docs/reference/admin/rest/v2/projects.instances.tables#AutomatedBackupPolicy
LEAST_DAYS, MOST_DAYS = 3, 90
_FIELD = "automated_backup_policy"
_DAY = timedelta(days=1)
_SECONDS = 300


def keep_backups(config: TruthConfig, others: Others | None, days: int, dry_run: bool = False) -> list[str]:
    """Has each table backed up every day and each backup kept for ``days``; 0: no more backups. Says what it changed.

    ``others``: as for ``create_tables``. What is so already is left alone. Raises TruthError when Bigtable refuses.
    """
    client = admin_client()
    changed = []
    for name in wanted(config, others):
        full = f"{config.instance_name}/tables/{name}"
        try:
            if kept_days(client.get_table(name=full)) != days:
                changed.append(_described(name, days))
                if not dry_run:
                    client.update_table(table=policy(full, days), update_mask={"paths": [_FIELD]}).result(_SECONDS)
        except exceptions.NotFound:
            changed.append(_described(name, days))  # of a dry run: the table is not made yet
        except exceptions.GoogleAPICallError as error:
            raise TruthError(
                say("backups of table {name} could not be set: {error}", name=name, error=error.message)
            ) from error
    return changed


def policy(table: str, days: int) -> Any:
    """The table as an update takes it, with its policy alone; without one the update ends backups."""
    if not days:
        return admin.Table(name=table)
    kept = admin.Table.AutomatedBackupPolicy(retention_period=days * _DAY, frequency=_DAY)
    return admin.Table(name=table, automated_backup_policy=kept)


def kept_days(table: Any) -> int:
    """Days for which a table's daily backups are kept, 0 where it has none."""
    return int(table.automated_backup_policy.retention_period / _DAY) if _FIELD in table else 0


def _described(name: str, days: int) -> str:
    if not days:
        return say("no more backups of table {name}", name=name)
    return say("daily backups of table {name}, kept for {days} days", name=name, days=days)
