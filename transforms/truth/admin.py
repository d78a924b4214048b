"""The tables of the source of truth: made, completed and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import grpc
from google.api_core import exceptions
from google.cloud import bigtable_admin_v2 as admin
from google.cloud.bigtable_admin_v2.services.bigtable_table_admin.transports import BigtableTableAdminGrpcTransport

from transforms.language import mark, say
from transforms.truth import codec, dead_letters, row_keys, rows
from transforms.truth.client import Client
from transforms.truth.config import TruthConfig, emulator_host
from transforms.truth.errors import TruthError
from transforms.truth.loop import wait_for
from transforms.truth.rows import Family
from transforms.typed import typed

Others = Mapping[str, Sequence[Family]]

# New tables begin as this many tablets, so that a backfill does not fall on one.
_TABLETS = 16


def _create_hint() -> str:
    return say("Run: {command}", command=typed("tables"))


def create_tables(config: TruthConfig, others: Others | None = None) -> list[str]:
    """Makes what is missing of the tables, their families and the dictionaries' rows; says what it made.

    ``others``: further tables of the project, suffix of the name -> families. Safe to repeat and to run twice at once.
    """
    client = admin_client()
    made = []
    for name, families in wanted(config, others).items():
        made += _create_table(client, config, name, families)
    return made + _store_dictionaries(config)


def preflight(config: TruthConfig, others: Others | None = None) -> None:
    """Raises TruthError that names everything that would make a job fail later."""
    found = problems(config, others)
    if found:
        listed = "".join(f"\n- {problem}" for problem in found)
        ready = say("Bigtable instance {instance} is not ready:", instance=config.instance_name)
        raise TruthError(ready + listed)


def problems(config: TruthConfig, others: Others | None = None) -> list[str]:
    """What is missing or wrong, each with what to do, for people."""
    client = admin_client()
    found = []
    for name, families in wanted(config, others).items():
        found += _table_problems(client, config, name, families)
    if not found:
        found += _dictionary_problems(config)
    if emulator_host() is None:
        found += _app_profile_problems(config)
    return found


def wanted(config: TruthConfig, others: Others | None) -> dict[str, Sequence[Family]]:
    """All tables that must exist: short name -> families."""
    tables: dict[str, Sequence[Family]] = {
        "": [Family(name) for name in rows.FAMILIES],
        "_dead_letters": [Family(name) for name in dead_letters.FAMILIES],
        **(others or {}),
    }
    return {f"{config.table}{suffix}": families for suffix, families in tables.items()}


def _gc_rule(family: Family) -> admin.GcRule:
    """Collects replaced versions of cells, and cells older than the family's ``days``."""
    newest = admin.GcRule(max_num_versions=1)
    if not family.days:
        return newest
    expired = admin.GcRule(max_age=timedelta(days=family.days))
    return admin.GcRule(union=admin.GcRule.Union(rules=[newest, expired]))


def _create_table(client: Any, config: TruthConfig, name: str, families: Sequence[Family]) -> list[str]:
    table = admin.Table(
        column_families={family.name: admin.ColumnFamily(gc_rule=_gc_rule(family)) for family in families}
    )
    splits = [b"%02x" % salt for salt in range(0, row_keys.SALTS, row_keys.SALTS // _TABLETS)][1:]
    request = admin.CreateTableRequest(
        parent=config.instance_name,
        table_id=name,
        table=table,
        initial_splits=[admin.CreateTableRequest.Split(key=split) for split in splits],
    )
    try:
        client.create_table(request=request)
    except exceptions.AlreadyExists:
        return _complete_families(client, config, name, families)
    return [say("table {name}", name=name)]


def _complete_families(client: Any, config: TruthConfig, name: str, families: Sequence[Family]) -> list[str]:
    full = f"{config.instance_name}/tables/{name}"
    existing = client.get_table(name=full).column_families
    made = []
    for family in families:
        column_family = admin.ColumnFamily(gc_rule=_gc_rule(family))
        change = admin.ModifyColumnFamiliesRequest.Modification(id=family.name)
        if family.name not in existing:
            change.create = column_family
        elif existing[family.name].gc_rule != _gc_rule(family):
            change.update = column_family
        else:
            continue
        try:
            client.modify_column_families(name=full, modifications=[change])
            made.append(say("family {family} of table {name}", family=family.name, name=name))
        except exceptions.AlreadyExists:  # another was faster
            continue
    return made


def _store_dictionaries(config: TruthConfig) -> list[str]:
    """Keeps every dictionary of this release in the table, so that reading never depends on a release."""
    client = Client(config)
    made = []
    try:
        for dictionary in codec.packaged():
            if _stored_dictionary(client, dictionary.dictionary_id) is None:
                row = row_keys.dictionary_row(dictionary.dictionary_id)
                cell = rows.Cell(rows.STATE, rows.DICTIONARY, 0, dictionary.data)
                wait_for(client.write(config.records_table, row, [cell]))
                made.append(say("{purpose} dictionary {id}", purpose=dictionary.purpose, id=dictionary.dictionary_id))
    finally:
        wait_for(client.close())
    return made


def _stored_dictionary(client: Client, dictionary_id: int) -> bytes | None:
    row = row_keys.dictionary_row(dictionary_id)
    cells = wait_for(client.read_row(client.config.records_table, row))
    return cells.get(rows.STATE, {}).get(rows.DICTIONARY)


def _table_problems(client: Any, config: TruthConfig, name: str, families: Sequence[Family]) -> list[str]:
    try:
        existing = client.get_table(name=f"{config.instance_name}/tables/{name}").column_families
    except exceptions.NotFound:
        return [f"{say('table {name} does not exist.', name=name)} {_create_hint()}"]
    except exceptions.PermissionDenied as error:
        return [
            say(
                "table {name} may not be looked at: {error} Ask for the role roles/bigtable.user.",
                name=name,
                error=error.message,
            )
        ]
    found = []
    for family in families:
        if family.name not in existing:
            found.append(_of_family(mark("table {name} has no column family {family}."), name, family))
        elif existing[family.name].gc_rule != _gc_rule(family):
            found.append(_of_family(_KEPT_FOR_DAYS if family.days else _KEPT, name, family))
    return found


_KEPT = mark("family {family} of table {name} does not keep exactly one version of a cell.")
_KEPT_FOR_DAYS = mark("family {family} of table {name} does not keep exactly one version of a cell for {days} days.")


def _of_family(problem: str, table: str, family: Family) -> str:
    return f"{say(problem, name=table, family=family.name, days=family.days)} {_create_hint()}"


def _dictionary_problems(config: TruthConfig) -> list[str]:
    client = Client(config)
    found = []
    try:
        for dictionary in codec.packaged():
            stored = _stored_dictionary(client, dictionary.dictionary_id)
            row = row_keys.dictionary_row(dictionary.dictionary_id).decode()
            if stored is None:
                found.append(f"{say('table {name} has no row {row}.', name=config.table, row=row)} {_create_hint()}")
            elif stored != dictionary.data:
                found.append(
                    say(
                        "row {row} of table {name} holds another dictionary than this release: the package or the "
                        "row is damaged.",
                        row=row,
                        name=config.table,
                    )
                )
    finally:
        wait_for(client.close())
    return found


def _app_profile_problems(config: TruthConfig) -> list[str]:
    name = f"{config.instance_name}/appProfiles/{config.app_profile}"
    try:
        profile = admin.BigtableInstanceAdminClient().get_app_profile(name=name)
    except exceptions.NotFound:
        return [
            say(
                "app profile {name} does not exist. Create it, or name another: --bigtable_app_profile",
                name=config.app_profile,
            )
        ]
    except exceptions.PermissionDenied as error:
        return [say("app profile {name} may not be looked at: {error}", name=config.app_profile, error=error.message)]
    return app_profile_problems(profile)


def app_profile_problems(profile: admin.AppProfile) -> list[str]:
    """What keeps an app profile from being used: conditional writes need one cluster and single-row transactions."""
    name = profile.name.rpartition("/")[2]
    if "single_cluster_routing" not in profile:
        return [
            say(
                "app profile {name} routes to several clusters; a conditional write needs one. Name another profile.",
                name=name,
            )
        ]
    if not profile.single_cluster_routing.allow_transactional_writes:
        return [
            say(
                "app profile {name} does not allow single-row transactions. Allow them: gcloud bigtable app-profiles "
                "update {name} --instance=INSTANCE --transactional-writes --route-to=CLUSTER",
                name=name,
            )
        ]
    return []


def admin_client() -> Any:
    """Client of the table API: the service's, or the emulator's."""
    host = emulator_host()
    if host is None:
        return admin.BigtableTableAdminClient()
    channel = grpc.insecure_channel(host)
    return admin.BigtableTableAdminClient(transport=BigtableTableAdminGrpcTransport(channel=channel))
