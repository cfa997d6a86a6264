"""Keep one row for each key: the first or the last in the order of the input. Null is a key like any other."""

from contracts.data import Schema
from contracts.recipe import Deduplicate
from services.transform.steps.kind import Removal, Report, Site, StepKind
from services.transform.table import Table


class DeduplicateKind(StepKind[Deduplicate]):
    """deduplicate"""

    whole = True

    def removes(self, step: Deduplicate) -> Removal:
        return "deduplicated"

    def output_schema(self, schema: Schema, step: Deduplicate, report: Report) -> Schema:
        report.columns(schema, step.keys, "/keys")
        return schema

    def mentions(self, schema: Schema, step: Deduplicate) -> set[str]:
        return set(step.keys)

    def plan(self, table: Table, step: Deduplicate, site: Site) -> Table:
        keys = table.columns(step.keys)
        return table.then(table.lazy.unique(subset=keys, keep=step.keep, maintain_order=True))
