"""Google's Terraform providers as far as their published schema goes, for a Terraform that cannot download them.

Terraform itself then checks every resource, argument, block, reference and type, and evaluates every expression. What
only the service knows, such as the number of a project, is unknown in the plan, or has the value given here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import msgpack

from tests.unit.terraform.extract import SCHEMA
from tests.unit.terraform.plugin import PACKAGE, message

_UNKNOWN = msgpack.ExtType(0, b"\x00")
_NESTING = {"single": 1, "list": 2, "set": 3}
_PROVIDER = {"attributes": {name: {"type": "string", "optional": True} for name in ("project", "region")}, "blocks": {}}
# What data sources answer.
ANSWERS = {
    "number": "123456789012",
    "email_address": "service-123456789012@gs-project-accounts.iam.gserviceaccount.com",
    "email": "bq-123456789012@bigquery-encryption.iam.gserviceaccount.com",
}


def schema() -> dict[str, Any]:
    """``schema.json``: by provider, its version, resources and data sources."""
    return dict(json.loads(SCHEMA.read_text()))


@contextmanager
def serving(provider: str) -> Iterator[dict[str, Any]]:
    """Serves a provider on a port of its own; gives what Terraform's ``TF_REATTACH_PROVIDERS`` takes."""
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    handlers = _Provider(schema()[provider]).handlers()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(f"{PACKAGE}.Provider", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        address = {"Network": "tcp", "String": f"127.0.0.1:{port}"}
        yield {"Protocol": "grpc", "ProtocolVersion": 5, "Pid": os.getpid(), "Test": True, "Addr": address}
    finally:
        server.stop(grace=None).wait()


class _Provider:
    def __init__(self, provider: Mapping[str, Any]) -> None:
        self._resources = provider["resources"]
        self._data = provider["data"]

    def handlers(self) -> dict[str, Any]:
        return {
            "GetSchema": _handler("Empty", self._schema),
            "PrepareProviderConfig": _handler("Config", lambda it: message("Prepared")(prepared_config=it.config)),
            "ValidateResourceTypeConfig": _handler("TypedConfig", lambda _: message("Diagnostics")()),
            "ValidateDataSourceConfig": _handler("TypedConfig", lambda _: message("Diagnostics")()),
            "Configure": _handler("Empty", lambda _: message("Diagnostics")()),
            "PlanResourceChange": _handler("PlanRequest", self._plan),
            "ReadDataSource": _handler("TypedConfig", self._read),
            "Stop": _handler("Empty", lambda _: message("Empty")()),
        }

    def _schema(self, _: Any) -> Any:
        response = message("SchemaResponse")(provider=_schema_of(_PROVIDER))
        for name, block in self._resources.items():
            response.resource_schemas[name].CopyFrom(_schema_of(block))
        for name, block in self._data.items():
            response.data_source_schemas[name].CopyFrom(_schema_of(block))
        return response

    def _plan(self, asked: Any) -> Any:
        proposed = _unpacked(asked.proposed_new_state)
        answers = _account(proposed) if proposed and asked.type_name == "google_service_account" else {}
        planned = proposed and _filled(proposed, self._resources[asked.type_name], answers, _UNKNOWN)
        return message("PlanResponse")(planned_state=_packed(planned), legacy_type_system=True)

    def _read(self, asked: Any) -> Any:
        found = _filled(_unpacked(asked.config), self._data[asked.type_name], ANSWERS, None)
        return message("State")(state=_packed(found))


def _account(proposed: Mapping[str, Any]) -> dict[str, str]:
    email = f"{proposed['account_id']}@{proposed['project']}.iam.gserviceaccount.com"
    return {"email": email, "name": f"projects/{proposed['project']}/serviceAccounts/{email}"}


def _handler(request: str, answer: Callable[[Any], Any]) -> Any:
    return grpc.unary_unary_rpc_method_handler(
        lambda asked, _: answer(asked),
        request_deserializer=message(request).FromString,
        response_serializer=lambda response: response.SerializeToString(),
    )


def _schema_of(block: Mapping[str, Any]) -> Any:
    return message("Schema")(block=_block_of(block))


def _block_of(block: Mapping[str, Any]) -> Any:
    found = message("Block")()
    for name, attribute in block["attributes"].items():
        given = {key: True for key in ("required", "optional", "computed") if attribute.get(key)}
        found.attributes.add(name=name, type=json.dumps(attribute["type"]).encode(), **given)
    for name, nested in block["blocks"].items():
        single = nested["nesting"] == "single"
        found.block_types.add(
            type_name=name,
            block=_block_of(nested),
            nesting=_NESTING[nested["nesting"]],
            min_items=1 if nested.get("required") and not single else 0,
            max_items=0 if single else nested.get("max", 0),
        )
    return found


def _filled(value: dict[str, Any], block: Mapping[str, Any], answers: Mapping[str, Any], other: Any) -> dict[str, Any]:
    """``value`` with what the service computes: an answer that is known here, or ``other``."""
    found = dict(value)
    for name, attribute in block["attributes"].items():
        if attribute.get("computed") and found.get(name) is None:
            found[name] = answers.get(name, other)
    for name, nested in block["blocks"].items():
        inner = found.get(name)
        if isinstance(inner, list):
            found[name] = [_filled(one, nested, answers, other) for one in inner if isinstance(one, dict)]
        elif isinstance(inner, dict):
            found[name] = _filled(inner, nested, answers, other)
    return found


def _unpacked(value: Any) -> Any:
    return msgpack.unpackb(value.msgpack, ext_hook=msgpack.ExtType) if value.msgpack else json.loads(value.json)


def _packed(value: Any) -> Any:
    return message("DynamicValue")(msgpack=msgpack.packb(value))
