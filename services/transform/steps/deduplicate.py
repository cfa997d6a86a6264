"""Keep one row for each key: the first or the last, or none where there are several. Null is a key like any other."""

from contracts.data import Schema
from contracts.recipe import Deduplicate
from services.transform.steps.kind import Removal, Report, Site, StepKind, listed
from services.transform.steps.ordering import check_keys, in_order, sorting
from services.transform.table import Table


class DeduplicateKind(StepKind[Deduplicate]):
    """deduplicate"""

    whole = True

    def removes(self, step: Deduplicate) -> Removal:
        return "deduplicated"

    def output_schema(self, schema: Schema, step: Deduplicate, report: Report) -> Schema:
        report.columns(schema, step.keys, "/keys")
        check_keys(schema, step.order_by, "/order_by", report)
        return schema

    def mentions(self, schema: Schema, step: Deduplicate) -> set[str]:
        return {*(step.keys or schema.names), *(key.column for key in step.order_by)}

    def decides(self, schema: Schema, step: Deduplicate) -> set[str]:
        return self.mentions(schema, step)

    def english(self, step: Deduplicate, schema: Schema) -> str:
        keys = listed(step.keys)
        if step.keep == "none":
            return f"Remove all rows that are equal to another one in {keys}"
        order = f" by {in_order(step.order_by)}" if step.order_by else ""
        return f"Of the rows that are equal in {keys}, keep the {step.keep}{order}"

    def plan(self, table: Table, step: Deduplicate, site: Site) -> Table:
        keys = table.columns(step.keys or table.schema.names)
        if not step.order_by:
            return table.then(table.lazy.unique(subset=keys, keep=step.keep, maintain_order=True))
        number = table.fresh()
        ordered = sorting(table.lazy.with_row_index(number), table, step.order_by)
        kept = ordered.unique(subset=keys, keep=step.keep, maintain_order=True)
        return table.then(kept.sort(number).drop(number))
