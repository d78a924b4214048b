"""Which columns of which tables a query reads through views, and which of its filters reach the tables.

Google's analyzer resolves names and prunes columns; here conditions on constants are followed downwards through
what it resolved, as far as they stay what they are: through projections, both sides of a union, the sides of a join
that they are on, below a grouping or a window only by the columns that it goes by. What cannot be followed reaches
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from zetasql.api import ResolvedNodeVisitor

from tests.googlesql.catalog import Dataset
from transforms.views import sql

# Comparisons with a constant, by the names that the analyzer has for them.
_COMPARED = {
    "$equal": "=", "$in": "=", "$greater_or_equal": ">=", "$greater": ">=", "$less": ">=", "$less_or_equal": ">=",
    "$between": ">=", "$is_null": "null",
}  # fmt: skip
# What of a constant's side leaves a condition one on the column itself.
_MONOTONE = {"date", "timestamp_trunc", "timestamp"}
Filters = Mapping[int, str]


class Scan(NamedTuple):
    """One reading of a table: its columns, and which of them are compared with a constant, how (=, >= or null)."""

    table: str
    columns: frozenset[str]
    filters: Mapping[str, str]


class Pruning:
    """Follows queries of one dataset."""

    def __init__(self, dataset: Dataset, views: Iterable[sql.View]) -> None:
        self._dataset = dataset
        self._views = {view.name: view.query for view in views}
        self._named: dict[str, Any] = {}
        self._resolved: dict[str, Any] = {}

    def scans(self, query: str) -> list[Scan]:
        """Every reading of a table that a query leads to."""
        return list(self._statement(query, None, {}))

    def _statement(self, query: str, columns: Iterable[str] | None, filters: Mapping[str, str]) -> Iterator[Scan]:
        """``columns`` of the query that are needed, all of them with None; ``filters``: conditions on them, by name."""
        if query not in self._resolved:
            self._resolved[query] = self._dataset.resolve(query)
        resolved = self._resolved[query]
        given = {one.name: one.column.column_id for one in resolved.output_column_list}
        needed = set(given.values()) if columns is None else {given[name] for name in columns}
        named, self._named = self._named, {}
        yield from self._walk(resolved.query, needed, {given[name]: how for name, how in filters.items()})
        self._named = named

    def _walk(self, scan: Any, needed: set[int], filters: Filters) -> Iterator[Scan]:
        """``needed`` columns of what a scan gives, and conditions on them, whether or not they are needed."""
        follow = getattr(self, f"_{type(scan).__name__}", None)
        if follow is None:
            raise NotImplementedError(f"{type(scan).__name__}: say how conditions go through it")
        yield from follow(scan, needed, filters)

    def _ResolvedTableScan(self, scan: Any, needed: set[int], filters: Filters) -> Iterator[Scan]:
        name = scan.table.name.rpartition(".")[2]
        names = {column.column_id: column.name for column in scan.column_list}
        columns = {names[number] for number in needed if number in names}
        found = {names[number]: how for number, how in filters.items() if number in names}
        if name in self._views:
            yield from self._statement(self._views[name], columns, found)
        else:
            yield Scan(name, frozenset(columns), found)

    def _ResolvedFilterScan(self, scan: Any, needed: set[int], filters: Filters) -> Iterator[Scan]:
        yield from self._queries(scan.filter_expr)
        conditions = {**filters, **dict(_conditions(scan.filter_expr))}
        yield from self._walk(scan.input_scan, needed | _columns(scan.filter_expr), conditions)

    def _ResolvedProjectScan(self, scan: Any, needed: set[int], filters: Filters) -> Iterator[Scan]:
        below = _below(needed, scan.expr_list)
        for one in scan.expr_list:
            yield from self._queries(one.expr)
        yield from self._walk(scan.input_scan, below, _through(filters, scan.expr_list))

    def _ResolvedAggregateScan(self, scan: Any, needed: set[int], filters: Filters) -> Iterator[Scan]:
        groups = {one.column.column_id for one in scan.group_by_list}
        kept = {number: how for number, how in filters.items() if number in groups}
        below = _below(needed | groups, [*scan.group_by_list, *scan.aggregate_list])
        yield from self._walk(scan.input_scan, below, _through(kept, scan.group_by_list))

    def _ResolvedAnalyticScan(self, scan: Any, needed: set[int], filters: Filters) -> Iterator[Scan]:
        kept, below = dict(filters), set(needed)
        for group in scan.function_group_list:
            by = group.partition_by.partition_by_list if group.partition_by else []
            numbers = {one.column.column_id for one in by}
            kept = {number: how for number, how in kept.items() if number in numbers}
            if any(one.column.column_id in needed for one in group.analytic_function_list):
                below |= _columns(group)
        yield from self._walk(scan.input_scan, below, kept)

    def _ResolvedSetOperationScan(self, scan: Any, needed: set[int], filters: Filters) -> Iterator[Scan]:
        for item in scan.input_item_list:
            yield from self._renamed(item.scan, scan.column_list, item.output_column_list, needed, filters)

    def _ResolvedJoinScan(self, scan: Any, needed: set[int], filters: Filters) -> Iterator[Scan]:
        below = needed | (_columns(scan.join_expr) if scan.join_expr is not None else set())
        yield from self._walk(scan.left_scan, below, filters)
        # What a condition says of a side that may be missing is said after the join.
        yield from self._walk(scan.right_scan, below, {} if scan.join_type not in (None, 0) else filters)

    def _ResolvedWithScan(self, scan: Any, needed: set[int], filters: Filters) -> Iterator[Scan]:
        self._named.update({entry.with_query_name: entry.with_subquery for entry in scan.with_entry_list})
        yield from self._walk(scan.query, needed, filters)

    def _ResolvedWithRefScan(self, scan: Any, needed: set[int], filters: Filters) -> Iterator[Scan]:
        """A named query is read as often as it is named."""
        named = self._named[scan.with_query_name]
        yield from self._renamed(named, scan.column_list, named.column_list, needed, filters)

    def _renamed(
        self, scan: Any, outer: Iterable[Any], inner: Iterable[Any], needed: set[int], filters: Filters
    ) -> Iterator[Scan]:
        """A scan whose columns have other numbers outside."""
        pairs = [(one.column_id, other.column_id) for one, other in zip(outer, inner, strict=True)]
        kept = {below: filters[above] for above, below in pairs if above in filters}
        yield from self._walk(scan, {below for above, below in pairs if above in needed}, kept)

    def _ResolvedArrayScan(self, scan: Any, needed: set[int], filters: Filters) -> Iterator[Scan]:
        if scan.input_scan is not None:
            arrays = set().union(*(_columns(one) for one in scan.array_expr_list))
            yield from self._walk(scan.input_scan, needed | arrays, filters)

    def _ResolvedOrderByScan(self, scan: Any, needed: set[int], filters: Filters) -> Iterator[Scan]:
        yield from self._walk(scan.input_scan, needed | _columns(scan), filters)

    def _ResolvedLimitOffsetScan(self, scan: Any, needed: set[int], _: Filters) -> Iterator[Scan]:
        yield from self._walk(scan.input_scan, needed, {})

    def _ResolvedSingleRowScan(self, _: Any, __: set[int], ___: Filters) -> Iterator[Scan]:
        yield from ()

    def _queries(self, expression: Any) -> Iterator[Scan]:
        """Queries inside of expressions, whole; nothing reaches them."""
        found = _Found()
        found.visit(expression)
        for query in found.queries:
            yield from self._walk(query, {column.column_id for column in query.column_list}, {})


class _Found(ResolvedNodeVisitor):
    """Columns that expressions refer to, and queries in them."""

    def __init__(self) -> None:
        super().__init__()
        self.columns: set[int] = set()
        self.queries: list[Any] = []

    def visit_ResolvedColumnRef(self, node: Any) -> None:
        """A column."""
        self.columns.add(int(node.column.column_id))

    def visit_ResolvedSubqueryExpr(self, node: Any) -> None:
        """A query."""
        self.queries.append(node.subquery)
        self.columns.update(int(one.column.column_id) for one in node.parameter_list or ())


def _columns(node: Any) -> set[int]:
    if type(node).__name__ == "ResolvedOrderByScan":
        return {int(item.column_ref.column.column_id) for item in node.order_by_item_list}
    found = _Found()
    found.visit(node)
    return found.columns


def _below(needed: set[int], computed: Iterable[Any]) -> set[int]:
    """Columns that are needed below what computes some of them."""
    made = {one.column.column_id: one.expr for one in computed}
    below = needed - made.keys()
    return below.union(*(_columns(made[number]) for number in needed & made.keys()))


def _through(filters: Filters, computed: Iterable[Any]) -> Filters:
    """Conditions on computed columns as conditions on what these are made of."""
    kept = dict(filters)
    for one in computed:
        how = kept.pop(one.column.column_id, None)
        source = _column(one.expr)
        if how is not None and source is not None:
            kept[source] = how
    return kept


def _conditions(expression: Any) -> Iterator[tuple[int, str]]:
    name = _name(expression)
    if name == "$and":
        for part in expression.argument_list:
            yield from _conditions(part)
    elif name in _COMPARED:
        column = _column(expression.argument_list[0])
        if column is not None and all(_is_constant(one) for one in expression.argument_list[1:]):
            yield column, _COMPARED[name]


def _name(expression: Any) -> str:
    function = getattr(expression, "function", None)
    return str(function.name).rpartition(":")[2].lower() if function is not None else ""


def _column(expression: Any) -> int | None:
    if type(expression).__name__ == "ResolvedColumnRef":
        return int(expression.column.column_id)
    if _name(expression) in _MONOTONE:
        return _column(expression.argument_list[0])
    return None


def _is_constant(expression: Any) -> bool:
    if type(expression).__name__ == "ResolvedCast":
        return _is_constant(expression.expr)
    return type(expression).__name__ == "ResolvedLiteral"
