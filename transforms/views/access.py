"""Datasets of readers, made as a list has them: created, updated, and removed when the list names them no more.

Each holds views only, which the served dataset authorises: they may read what their readers may not. Whoever reads a
reader's dataset and is not listed loses that; owners and writers stay. Idempotent.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from google.api_core.exceptions import GoogleAPIError, NotFound
from google.cloud import bigquery
from google.cloud.bigquery.dataset import AccessEntry

from transforms.language import mark, say, tr
from transforms.views import connect, readers, rest
from transforms.views.catalog import CatalogError, Step
from transforms.views.readers import Reader, View

Named = tuple[str, str]
"""Dataset and name of a view."""

_RETRY = rest.retry(60.0)
# By this label the datasets of readers are known from others whose name begins so.
_LABEL = {"acervo": "reader"}
_READER = "READER"
_KINDS = {"user": "userByEmail", "serviceAccount": "userByEmail", "group": "groupByEmail"}
_RIGHTS = mark("roles/bigquery.dataOwner on the dataset, and roles/bigquery.user on the project")


def apply(project: str, dataset: str, wanted: Sequence[Reader], dry_run: bool = False) -> list[str]:
    """Makes the datasets of readers what the list says; what was (or would be) done. Raises CatalogError."""
    client = connect.rest_client(project)
    done = []
    try:
        served = client.get_dataset(f"{project}.{dataset}", retry=_RETRY)
        for step in _plan(client, served, wanted):
            done.append(step.description)
            if not dry_run:
                step.do()
    except GoogleAPIError as error:
        cause = rest.explain(error, tr(_RIGHTS))
        raise CatalogError(
            say("readers of {dataset} could not be set up: {cause}.", dataset=f"{project}.{dataset}", cause=cause)
        ) from error
    return done


def _plan(client: bigquery.Client, served: bigquery.Dataset, wanted: Sequence[Reader]) -> Iterator[Step]:
    names = {readers.dataset_of(served.dataset_id, one): one for one in wanted}
    present = set(_present(client, served))
    # Who is no longer listed loses access before anybody gets some.
    for name in sorted(present - set(names)):
        yield _drop(client, f"{served.project}.{name}")
    for name, reader in names.items():
        yield from _put(client, served, name, reader, name in present)
    views = {name: readers.views(served.project, served.dataset_id, one) for name, one in names.items()}
    yield from _authorise(client, served, {(name, view.name) for name, found in views.items() for view in found})


def _present(client: bigquery.Client, served: bigquery.Dataset) -> Iterator[str]:
    for item in client.list_datasets(served.project, retry=_RETRY):
        if item.dataset_id.startswith(readers.prefix_of(served.dataset_id)) and item.labels == _LABEL:
            yield item.dataset_id


def _drop(client: bigquery.Client, path: str) -> Step:
    return Step(
        f"drop dataset {path.rpartition('.')[2]}",
        lambda: client.delete_dataset(path, delete_contents=True, not_found_ok=True, retry=_RETRY),
    )


def _put(client: bigquery.Client, served: bigquery.Dataset, name: str, reader: Reader, present: bool) -> Iterator[Step]:
    path = f"{served.project}.{name}"
    if not present:
        new = bigquery.Dataset(path)
        new.labels = _LABEL
        new.description = (
            f"What {reader.name} may read of {served.dataset_id}. Made by acervo access: changes are lost."
        )
        if served.location:
            new.location = served.location
        yield Step(f"create dataset {name}", lambda: client.create_dataset(new, retry=_RETRY))
    for view in readers.views(served.project, served.dataset_id, reader):
        yield from _put_view(client, f"{path}.{view.name}", view, present)
    granted = _granted(client.get_dataset(path, retry=_RETRY)) if present else None
    principals = set(reader.principals)
    if granted != principals:
        yield Step(f"{name} is read by {', '.join(reader.principals)}", lambda: _grant(client, path, reader))


def _put_view(client: bigquery.Client, path: str, view: View, present: bool) -> Iterator[Step]:
    found = None
    if present:
        with contextlib.suppress(NotFound):
            found = client.get_table(path, retry=_RETRY)
    if found is not None and found.view_query == view.query:
        return

    def do() -> None:
        target = found or bigquery.Table(path)
        target.view_use_legacy_sql = False
        target.view_query = view.query
        if found is None:
            client.create_table(target, exists_ok=True, retry=_RETRY)
        else:
            client.update_table(target, ["view_query"], retry=_RETRY)

    where = ".".join(path.rsplit(".", 2)[1:])
    yield Step(f"{'create' if found is None else 'update'} view {where} AS\n{view.query}", do)


def _granted(found: bigquery.Dataset) -> set[str]:
    """Principals that may read a dataset, whatever kind they are."""
    return {_principal(entry) for entry in found.access_entries if entry.role == _READER}


def _principal(entry: AccessEntry) -> str:
    if entry.entity_type == "groupByEmail":
        return f"group:{entry.entity_id}"
    if entry.entity_type == "userByEmail":
        service = str(entry.entity_id).endswith(".gserviceaccount.com")
        return f"{'serviceAccount' if service else 'user'}:{entry.entity_id}"
    return f"{entry.entity_type}:{entry.entity_id}"


def _grant(client: bigquery.Client, path: str, reader: Reader) -> None:
    """Exactly the principals of the list read it; who owns or writes it stays."""
    found = client.get_dataset(path, retry=_RETRY)
    entries = [entry for entry in found.access_entries if entry.role != _READER]
    for principal in reader.principals:
        kind, _, email = principal.partition(":")
        entries.append(AccessEntry(_READER, _KINDS[kind], email))
    found.access_entries = entries
    client.update_dataset(found, ["access_entries"], retry=_RETRY)


def _authorise(client: bigquery.Client, served: bigquery.Dataset, wanted: set[Named]) -> Iterable[Step]:
    """The served dataset lets the views of the readers read it, and those of no other reader."""
    if {name for entry in served.access_entries if (name := _authorised(served, entry))} == wanted:
        return

    def do() -> None:
        found = client.get_dataset(served.reference, retry=_RETRY)
        entries = [one for one in found.access_entries if _authorised(served, one) is None]
        found.access_entries = [*entries, *(_entry(served.project, name) for name in sorted(wanted))]
        client.update_dataset(found, ["access_entries"], retry=_RETRY)

    shown = ", ".join(sorted(map(".".join, wanted)))
    yield Step(f"{served.dataset_id} authorises {shown or 'no view of a reader'}", do)


def _authorised(served: bigquery.Dataset, entry: AccessEntry) -> Named | None:
    """The reader's view that an entry authorises; None for entries of others."""
    if entry.entity_type != "view":
        return None
    given: Any = entry.entity_id
    found = str(given.get("datasetId", "")), str(given.get("tableId", ""))
    return found if found[0].startswith(readers.prefix_of(served.dataset_id)) else None


def _entry(project: str, name: Named) -> AccessEntry:
    return AccessEntry(None, "view", {"projectId": project, "datasetId": name[0], "tableId": name[1]})
