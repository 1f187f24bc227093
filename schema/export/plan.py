"""What an export asks for: one field of rows or of groups, as a tree without the limits of a page.

Rules: exactly one root field, and one that gives a list; the same tree as for JSON but for its limit, which
without a `limit` is all that the filter keeps; rows come as the engine keeps them where nobody asked
for an order or a part of them, and where that order tells nothing that the scope hides.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from graphql import FieldNode, GraphQLObjectType, OperationType, VariableNode
from graphql.execution.values import get_argument_values

from catalog.contracts import camel
from catalog.ids import DatasetCode
from query.aggregate import Aggregate, NestedGroups
from query.price import Price, Sizes, price_of
from query.relation import Scope
from query.tree import Connection, Nested, Read, ReadOne, Selection, Tree
from schema.data.asked import Arguments, Asked
from schema.data.planning import Plannable, as_of, root_fields
from schema.errors import PageOutOfRange, QueryTooExpensive
from schema.export.errors import ExportUnfit
from schema.export.form import Form

LIMIT = "limit"
Exported = Read | Aggregate


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """`stated`: whether the caller named the limit, and so knows that there may be more."""

    name: str
    node: FieldNode
    tree: Exported
    as_of: datetime | None
    stated: bool


def export_plan(asked: Asked, scope: Scope, form: Form, most: int) -> ExportPlan:
    """ExportUnfit, PageOutOfRange, and what the planning of any field refuses. `most`: rows of an export."""
    root = asked.schema.query_type
    if root is None or asked.operation.operation is not OperationType.QUERY:
        raise _unfit(form, "只有 query 可以导出", "only a query can be")
    name, nodes, resolve = _only_field(asked, root, form)
    definition = root.fields[nodes[0].name.value]
    arguments = get_argument_values(definition, nodes[0], asked.variables, hide_suggestions=True)
    given = arguments.get(LIMIT) if _is_stated(nodes[0], asked) else None
    limit = _limit(given, most)
    shown = {key: value for key, value in arguments.items() if key != LIMIT}
    tree = _whole(resolve.plan(asked, nodes, shown), limit, form, nodes[0].name.value)
    if isinstance(tree, Read):
        if form.flat and (many := next(_lists(scope, tree.data_set, tree.selection), None)):
            raise _unfit(
                form,
                f"{many} 是列表；请去掉它，或改用 NDJSON、Parquet、Arrow",
                f"{many} is a list; leave it out, or take NDJSON, Parquet or Arrow",
            )
        if given is None and _may_be_unordered(tree, arguments, scope):
            tree = replace(tree, ordered=False)
    return ExportPlan(name, nodes[0], tree, as_of(arguments), given is not None)


def check_export_price(plan: ExportPlan, scope: Scope, sizes: Sizes, budget: int) -> Price:
    """QueryTooExpensive. No more rows count as brought than the data set has."""
    tree = plan.tree
    data_set = tree.data_set
    bounded_tree = _limited(tree, min(_limit_of(tree), sizes.get(data_set, 0)))
    price = price_of(bounded_tree, scope, sizes)
    if price.total > budget:
        raise QueryTooExpensive(price=price.total, budget=budget, field=plan.name, part=price.total)
    return price


def leaves_of(tree: Exported) -> int:
    """About how many values a row brings, those of its lists included."""
    if isinstance(tree, Aggregate):
        return 16
    return max(1, _leaves(tree.selection))


def _leaves(selection: Selection) -> int:
    found = 0
    for item in selection:
        if isinstance(item, Nested):
            found += _leaves(item.selection) * (item.limit or 1)
        elif isinstance(item, NestedGroups):
            found += 8 * item.groups.limit
        else:
            found += 1
    return found


def _only_field(
    asked: Asked, root: GraphQLObjectType, form: Form
) -> tuple[str, list[FieldNode], Plannable]:
    fields = dict(root_fields(asked, root))
    if len(fields) != 1:
        raise _unfit(
            form,
            f"一次导出只能有一个字段，这里有 {len(fields)} 个；请分几次导出",
            f"an export has one field and this has {len(fields)}; export each by itself",
        )
    ((name, nodes),) = fields.items()
    definition = root.fields.get(nodes[0].name.value)
    if definition is None or not isinstance(definition.resolve, Plannable):
        raise _unfit(
            form,
            f"{nodes[0].name.value} 不是数据集的行或分组；请只查询一个数据集的列表或聚合字段",
            f"{nodes[0].name.value} is no list of a data set's rows or groups; "
            "ask for one field that is",
        )
    return name, nodes, definition.resolve


def _limit(given: object, most: int) -> int:
    if given is None:
        return most
    if not isinstance(given, int) or not 0 <= given <= most:
        raise PageOutOfRange(argument=LIMIT, low=0, high=most)
    return given


def _is_stated(node: FieldNode, asked: Asked) -> bool:
    """Whether the document gives a limit: what a schema gives where none is stated is that of a page."""
    for argument in node.arguments or ():
        if argument.name.value == LIMIT:
            value = argument.value
            return (
                not isinstance(value, VariableNode) or value.name.value in asked.variables.coerced
            )
    return False


def _whole(tree: Tree, limit: int, form: Form, field: str) -> Exported:
    match tree:
        case Read() | Aggregate():
            return _limited(tree, limit)
        case Connection(data_set=data_set):
            raise _unfit(
                form,
                f"{field} 是分页；请改用 {camel(data_set)}，它可一次导出全部行",
                f"{field} is a page; ask for {camel(data_set)}, which brings all rows in one export",
            )
        case ReadOne(data_set=data_set):
            raise _unfit(
                form,
                f"{field} 只有一行；请以 JSON 读取，或改用 {camel(data_set)} 加 where",
                f"{field} is one row; take it as JSON, or ask for {camel(data_set)} with where",
            )


def _limited(tree: Exported, limit: int) -> Exported:
    if isinstance(tree, Aggregate):
        return replace(tree, groups=replace(tree.groups, limit=limit))
    return replace(tree, limit=limit)


def _limit_of(tree: Exported) -> int:
    return tree.groups.limit if isinstance(tree, Aggregate) else tree.limit


def _may_be_unordered(tree: Read, arguments: Arguments, scope: Scope) -> bool:
    """What was superseded since an instant of the past stands apart, so `asOf` has an order."""
    whole = not (tree.order or tree.offset or tree.first_of) and as_of(arguments) is None
    return whole and not scope.order_tells(tree.data_set)


def _lists(scope: Scope, data_set: DatasetCode, selection: Selection) -> Iterator[str]:
    """The names of lists below a row."""
    for item in selection:
        if isinstance(item, NestedGroups):
            yield item.alias
        elif isinstance(item, Nested):
            relation = scope.relations(data_set)[item.relation]
            if relation.many:
                yield item.alias
            else:
                yield from _lists(scope, relation.target, item.selection)


def _unfit(form: Form, problem_zh: str, problem: str) -> ExportUnfit:
    return ExportUnfit(media=form.media, problem_zh=problem_zh, problem=problem)
