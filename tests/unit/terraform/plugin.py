"""The messages of Terraform's plugin protocol (version 5), as far as ``validate`` and ``plan`` use them.

https://developer.hashicorp.com/terraform/plugin/terraform-plugin-protocol. Names and numbers are those of the protocol.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "tfplugin5"
_SCALARS = {"bytes": 12, "string": 9, "int64": 3, "bool": 8}
# Message -> number -> field: a type and a name; ``*`` for repeated, ``%`` for a map from strings.
_MESSAGES: dict[str, dict[int, str]] = {
    "DynamicValue": {1: "bytes msgpack", 2: "bytes json"},
    "Diagnostic": {1: "int64 severity", 2: "string summary", 3: "string detail"},
    "Attribute": {1: "string name", 2: "bytes type", 4: "bool required", 5: "bool optional", 6: "bool computed"},
    "NestedBlock": {
        1: "string type_name",
        2: "Block block",
        3: "int64 nesting",
        4: "int64 min_items",
        5: "int64 max_items",
    },
    "Block": {1: "int64 version", 2: "*Attribute attributes", 3: "*NestedBlock block_types"},
    "Schema": {1: "int64 version", 2: "Block block"},
    "SchemaResponse": {1: "Schema provider", 2: "%Schema resource_schemas", 3: "%Schema data_source_schemas"},
    "Config": {1: "DynamicValue config"},
    "TypedConfig": {1: "string type_name", 2: "DynamicValue config"},
    "Prepared": {1: "DynamicValue prepared_config"},
    "Diagnostics": {1: "*Diagnostic diagnostics"},
    "PlanRequest": {1: "string type_name", 2: "DynamicValue prior_state", 3: "DynamicValue proposed_new_state"},
    "PlanResponse": {1: "DynamicValue planned_state", 4: "*Diagnostic diagnostics", 5: "bool legacy_type_system"},
    "State": {1: "DynamicValue state", 2: "*Diagnostic diagnostics"},
    "Empty": {},
}


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="tfplugin5.proto", package=PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, declared in fields.items():
            kind, field_name = declared.lstrip("*%").split()
            field = message.field.add(name=field_name, number=number, label=3 if declared[0] in "*%" else 1)
            if declared[0] == "%":
                kind = f"{name}.{_map_entry(message, field_name, kind)}"
            if kind in _SCALARS:
                field.type = _SCALARS[kind]
            else:
                field.type, field.type_name = 11, f".{PACKAGE}.{kind}"
    return file


def _map_entry(message: Any, field_name: str, kind: str) -> str:
    entry = message.nested_type.add(name="".join(part.title() for part in field_name.split("_")) + "Entry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, label=1, type=9)
    entry.field.add(name="value", number=2, label=1, type=11, type_name=f".{PACKAGE}.{kind}")
    return str(entry.name)


_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_file())  # type: ignore[no-untyped-call]


def message(name: str) -> Any:
    """Class of a message."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{PACKAGE}.{name}"))
