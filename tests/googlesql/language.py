"""The GoogleSQL that BigQuery speaks, and the process's one instance of Google's library (PyPI ``zetasql``).

Only features that BigQuery documents as generally available are enabled: what needs another one is refused here, as
it would be there. Compiling the library costs some 15 seconds of CPU; it is kept in wasmtime's cache of the user, so
that only the first process on a machine pays for it (half a second after that).
"""

from __future__ import annotations

import ctypes
from functools import cache

from wasmtime import Config
from zetasql import types
from zetasql.core import ServerError, ZetaSqlLocalService, wasm_client
from zetasql.types import LanguageFeature, ResolvedNodeKind
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2

# What BigQuery's manual has; the engine's names are those of googlesql/public/options.proto.
_FEATURES = (
    "ANALYTIC_FUNCTIONS", "TABLESAMPLE", "NUMERIC_TYPE", "BIGNUMERIC_TYPE", "JSON_TYPE", "INTERVAL_TYPE", "RANGE_TYPE",
    "PARAMETERIZED_TYPES", "CIVIL_TIME", "DECIMAL_ALIAS", "DISABLE_FLOAT32",
    "JSON_ARRAY_FUNCTIONS", "JSON_VALUE_EXTRACTION_FUNCTIONS", "JSON_LAX_VALUE_EXTRACTION_FUNCTIONS",
    "JSON_CONSTRUCTOR_FUNCTIONS", "JSON_MUTATOR_FUNCTIONS", "JSON_KEYS_FUNCTION",
    "NAMED_ARGUMENTS", "SAFE_FUNCTION_CALL", "ADDITIONAL_STRING_FUNCTIONS", "CONCAT_MIXED_TYPES",
    "DATE_TIME_CONSTRUCTORS", "DATE_ARITHMETICS", "EXTENDED_DATE_TIME_SIGNATURES", "WEEK_WITH_WEEKDAY",
    "FORMAT_IN_CAST", "ROUND_WITH_ROUNDING_MODE", "TIME_BUCKET_FUNCTIONS",
    "SELECT_STAR_EXCEPT_REPLACE", "WITH_ON_SUBQUERY", "WITH_RECURSIVE", "ALLOW_CONSECUTIVE_ON", "QUALIFY",
    "PIVOT", "UNPIVOT", "IS_DISTINCT", "LIKE_ANY_SOME_ALL", "NULLS_FIRST_LAST_IN_ORDER_BY",
    "GROUP_BY_ROLLUP", "GROUPING_SETS", "GROUPING_BUILTIN", "GROUP_BY_STRUCT", "GROUP_BY_ARRAY", "GROUP_BY_ALL",
    "ORDER_BY_IN_AGGREGATE", "LIMIT_IN_AGGREGATE", "HAVING_IN_AGGREGATE", "NULL_HANDLING_MODIFIER_IN_ANALYTIC",
    "NULL_HANDLING_MODIFIER_IN_AGGREGATE", "FOR_SYSTEM_TIME_AS_OF", "ALLOW_DASHES_IN_TABLE_NAME",
    "TABLE_VALUED_FUNCTIONS", "CREATE_TABLE_FUNCTION", "TEMPLATE_FUNCTIONS", "DML_UPDATE_WITH_JOIN",
    "OMIT_INSERT_COLUMN_LIST", "CREATE_TABLE_PARTITION_BY", "CREATE_TABLE_CLUSTER_BY", "CREATE_TABLE_NOT_NULL",
    "CREATE_TABLE_FIELD_ANNOTATIONS", "CREATE_TABLE_LIKE", "CREATE_TABLE_COPY", "CREATE_TABLE_CLONE",
    "CREATE_SNAPSHOT_TABLE", "CREATE_VIEW_WITH_COLUMN_LIST", "ALTER_COLUMN_SET_DATA_TYPE", "ALTER_TABLE_RENAME_COLUMN",
    "CREATE_MATERIALIZED_VIEW_PARTITION_BY", "CREATE_MATERIALIZED_VIEW_CLUSTER_BY", "COLUMN_DEFAULT_VALUE",
    "UNENFORCED_PRIMARY_KEYS",
)  # fmt: skip
# Statements of BigQuery that the project may send. Queries only, where one is asked for by a caller.
_STATEMENTS = (
    "QUERY", "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "CREATE_VIEW", "CREATE_MATERIALIZED_VIEW",
    "CREATE_TABLE", "CREATE_TABLE_AS_SELECT", "CREATE_TABLE_FUNCTION", "CREATE_FUNCTION", "CREATE_SCHEMA",
    "CREATE_SNAPSHOT_TABLE", "CREATE_ROW_ACCESS_POLICY", "DROP_ROW_ACCESS_POLICY", "ALTER_TABLE", "ALTER_VIEW",
    "ALTER_SCHEMA", "ALTER_TABLE_SET_OPTIONS", "DROP", "DROP_FUNCTION", "DROP_TABLE_FUNCTION", "GRANT", "REVOKE",
)  # fmt: skip


class InvalidSql(AssertionError):
    """GoogleSQL refuses a statement. The message is the analyzer's own, with the line and the column."""


class _Cached(Config):
    """A configuration that keeps what was compiled."""

    def __init__(self) -> None:
        super().__init__()
        self.cache = True


# As the library has them, both copy byte by byte in Python.
def _write(self: wasm_client.WasmClient, start: int, data: bytes) -> None:
    ctypes.memmove(ctypes.addressof(self.memory.data_ptr().contents) + start, data, len(data))


def _read(self: wasm_client.WasmClient, start: int, size: int) -> bytes:
    return ctypes.string_at(ctypes.addressof(self.memory.data_ptr().contents) + start, size)


@cache
def service() -> ZetaSqlLocalService:
    """Google's library, started once a process."""
    wasm_client.Config = _Cached
    wasm_client.WasmClient.write_bytes = _write
    wasm_client.WasmClient.read_bytes = _read
    return ZetaSqlLocalService.get_instance()


def accepts(request: types.AnalyzeRequest) -> None:
    """Analyzes as ``service().analyze`` does, without its answer as Python objects, half the time of a statement.

    Raises ``ServerError``.
    """
    client = service().wasm_client
    client.call_grpc_func("ZetaSqlLocalService_Analyze", request.to_proto(), local_service_pb2.AnalyzeResponse)


@cache
def language() -> types.LanguageOptions:
    """What BigQuery understands."""
    return types.LanguageOptions(
        product_mode=types.ProductMode.PRODUCT_EXTERNAL,
        enabled_language_features=[LanguageFeature[f"FEATURE_{name}"] for name in _FEATURES],
        supported_statement_kinds=[ResolvedNodeKind[f"RESOLVED_{name}_STMT"] for name in _STATEMENTS],
    )


def options(parameters: dict[str, types.Type] | None = None) -> types.AnalyzerOptions:
    """How to analyze: in UTC, as BigQuery does; ``parameters`` are the types of named query parameters."""
    named = [types.AnalyzerOptions.QueryParameter(name=name, type=type_) for name, type_ in (parameters or {}).items()]
    return types.AnalyzerOptions(
        language_options=language(),
        query_parameters=named,
        error_message_mode=types.ErrorMessageMode.ERROR_MESSAGE_MULTI_LINE_WITH_CARET,
        default_timezone="UTC",
        prune_unused_columns=True,
    )


def builtin_functions() -> types.ZetaSQLBuiltinFunctionOptions:
    """The functions of the language."""
    return types.ZetaSQLBuiltinFunctionOptions(language_options=language())


def words_of(error: ServerError) -> str:
    """The analyzer's message without the number of its status; the library keeps its first line only."""
    return str(error.raw_error).partition("Message: ")[2] or str(error)
