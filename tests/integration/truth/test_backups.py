"""Daily backups of Bigtable tables. The emulator takes the call and forgets the policy: what is sent is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.cloud import bigtable_admin_v2
from google.cloud.bigtable_admin_v2.services.bigtable_table_admin.transports import BigtableTableAdminGrpcTransport

from pipelines import tables
from transforms.truth import admin, backups
from transforms.truth.config import TruthConfig
from transforms.truth.rows import Family

OTHERS = {"_counts": (Family("v"),)}
SUFFIXES = ("", "_dead_letters", "_counts")


class Sent(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Requests that change a table."""

    def __init__(self) -> None:
        self.updates: list[Any] = []

    def intercept_unary_unary(self, call: Callable[..., Any], details: Any, request: Any) -> Any:
        if details.method.endswith("/UpdateTable"):
            self.updates.append(bigtable_admin_v2.UpdateTableRequest(request))
        return call(details, request)


@pytest.fixture
def sent(bigtable_host: str, monkeypatch: pytest.MonkeyPatch) -> Sent:
    sent = Sent()
    channel = grpc.intercept_channel(grpc.insecure_channel(bigtable_host), sent)
    client = bigtable_admin_v2.BigtableTableAdminClient(transport=BigtableTableAdminGrpcTransport(channel=channel))
    monkeypatch.setattr(backups, "admin_client", lambda: client)
    return sent


def test_every_table_is_asked_to_be_backed_up(config: TruthConfig, sent: Sent) -> None:
    admin.create_tables(config, OTHERS)
    assert len(backups.keep_backups(config, OTHERS, 7)) == len(SUFFIXES)
    assert [request.table.name for request in sent.updates] == [config.records_table + suffix for suffix in SUFFIXES]
    for request in sent.updates:
        assert list(request.update_mask.paths) == ["automated_backup_policy"]
        assert request.table.automated_backup_policy.retention_period.days == 7
        assert request.table.automated_backup_policy.frequency.days == 1
        assert not request.table.column_families


def test_what_is_so_already_is_left_alone(config: TruthConfig, sent: Sent) -> None:
    assert backups.keep_backups(config, None, 0) == []
    assert sent.updates == []
    assert backups.kept_days(backups.policy("t", 30)) == 30
    assert backups.kept_days(backups.policy("t", 0)) == 0


@pytest.mark.parametrize("days", ["2", "91", "-7", "week"])
def test_days_that_bigtable_refuses_are_refused(days: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        tables.main(["--project=some-project", f"--backup_days={days}"])
    assert "0, or days from 3 to 90" in capsys.readouterr().err


def test_a_dry_run_changes_nothing_and_needs_no_tables(config: TruthConfig, sent: Sent) -> None:
    other = TruthConfig(config.project, config.instance, f"{config.table}-not-made")
    assert backups.keep_backups(other, OTHERS, 7, dry_run=True) == [
        f"daily backups of table {other.table}{suffix}, kept for 7 days" for suffix in SUFFIXES
    ]
    assert len(backups.keep_backups(config, None, 7, dry_run=True)) == 2
    assert sent.updates == []
