"""A BigQuery table over the Bigtable table of records, so that SQL can join the source of truth itself.

It shows what is stored uncompressed: the row key, and the state's status, revision and size in bytes. Fields,
changes, arrivals and XML are zstd frames made with a dictionary, which SQL cannot read; they are in the tables.
A query without a condition on ``rowkey`` reads the Bigtable table whole, in competition with jobs unless its app
profile is one of Data Boost.
"""

from __future__ import annotations

from typing import Any

from google.api_core.exceptions import GoogleAPIError, NotFound
from google.cloud import bigquery
from google.cloud.bigquery.external_config import BigtableColumn, BigtableColumnFamily, BigtableOptions

from transforms.language import say
from transforms.truth import rows
from transforms.truth.config import TruthConfig
from transforms.views import rest
from transforms.views.catalog import CatalogError

DESCRIPTION = (
    "The Bigtable table of records as it is now. rowkey: two characters of salt, then the access key; rows that begin "
    "with ~ are no documents. s.status, s.rev and s.size have their value in cell.value. Fields, changes and XML are "
    "compressed and cannot be read by SQL: use the other tables."
)
# What is stored as text or as a big-endian integer: qualifier -> (type, encoding).
_READABLE = {rows.STATUS: ("STRING", "TEXT"), rows.REVISION: ("INTEGER", "BINARY"), rows.SIZE: ("INTEGER", "BINARY")}
_RETRY = rest.retry(60.0)


def configuration(truth: TruthConfig, app_profile: str = "") -> bigquery.ExternalConfig:
    """What the table is defined by. ``app_profile``: by which BigQuery reads, the instance's default when empty."""
    family = BigtableColumnFamily()
    family.family_id, family.type_, family.encoding, family.only_read_latest = rows.STATE, "BYTES", "BINARY", True
    family.columns = [_column(qualifier, *stored) for qualifier, stored in _READABLE.items()]
    found = bigquery.ExternalConfig("BIGTABLE")
    options: BigtableOptions = found.options
    options.column_families = [family]
    options.ignore_unspecified_column_families = True
    options.read_rowkey_as_string = True
    profile = f"appProfiles/{app_profile}/" if app_profile else ""
    found.source_uris = [f"https://googleapis.com/bigtable/{truth.instance_name}/{profile}tables/{truth.table}"]
    return found


def _column(qualifier: bytes, type_: str, encoding: str) -> BigtableColumn:
    column = BigtableColumn()
    column.qualifier_string, column.type_, column.encoding = qualifier.decode(), type_, encoding
    return column


def put(
    client: bigquery.Client, truth: TruthConfig, dataset: str, name: str, app_profile: str = "", dry_run: bool = False
) -> list[str]:
    """Creates the table, or updates its definition; returns what was (or would be) done. Raises CatalogError."""
    wanted = bigquery.Table(f"{truth.project}.{dataset}.{name}")
    wanted.external_data_configuration = configuration(truth, app_profile)
    wanted.description = DESCRIPTION
    try:
        return _put(client, wanted, dry_run)
    except GoogleAPIError as error:
        rights = say(
            "roles/bigquery.dataEditor on the dataset and roles/bigtable.admin on the instance {instance}",
            instance=truth.instance,
        )
        cause = rest.explain(error, rights)
        raise CatalogError(
            say("external table {name} could not be created: {cause}.", name=f"{dataset}.{name}", cause=cause)
        ) from error


def _put(client: bigquery.Client, wanted: bigquery.Table, dry_run: bool) -> list[str]:
    try:
        found = client.get_table(wanted.reference, retry=_RETRY)
    except NotFound:
        if not dry_run:
            client.create_table(wanted, exists_ok=True, retry=_RETRY)
        return [say("create external table {name} over Bigtable", name=wanted.table_id)]
    if found.table_type != "EXTERNAL":
        raise CatalogError(
            say(
                "{name} is a {type}, not an external table: choose another name",
                name=wanted.table_id,
                type=found.table_type,
            )
        )
    if found.description == wanted.description and _holds(_defined(found), _defined(wanted)):
        return []
    found.external_data_configuration, found.description = wanted.external_data_configuration, wanted.description
    if not dry_run:
        client.update_table(found, ["external_data_configuration", "description"], retry=_RETRY)
    return [say("update external table {name}", name=wanted.table_id)]


def _defined(table: bigquery.Table) -> Any:
    return table.external_data_configuration.to_api_repr()


def _holds(found: Any, wanted: Any) -> bool:
    """Whether all that is wanted is there; the service adds settings of its own."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_holds(found.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(_holds, found, wanted))
    return bool(found == wanted)
