"""Replace parts of texts: a literal text or a pattern, every time it occurs."""

from contracts.data import LogicalType, Schema
from contracts.recipe import ReplaceText
from services.transform.expressions import patterns
from services.transform.steps.kind import Report, Site, StepKind, column_of, listed, shown
from services.transform.steps.regexes import check_pattern
from services.transform.table import Table


class ReplaceTextKind(StepKind[ReplaceText]):
    """replace_text"""

    def output_schema(self, schema: Schema, step: ReplaceText, report: Report) -> Schema:
        for at, name in enumerate(step.columns):
            report.typed(schema, name, f"/columns/{at}", {LogicalType.STRING}, "be searched")
        if not step.literal:
            check_pattern(step.pattern, "/pattern", report)
        return schema

    def mentions(self, schema: Schema, step: ReplaceText) -> set[str]:
        return set(step.columns)

    def english(self, step: ReplaceText, schema: Schema) -> str:
        what = "" if step.literal else "the pattern "
        way = f"replace {what}{shown(step.pattern)} by {shown(step.replacement)}"
        if not step.replacement:
            way = f"remove {what}{shown(step.pattern)}"
        return f"In {listed(step.columns)} {way}" + (" in capitals or not" if step.ignore_case else "")

    def plan(self, table: Table, step: ReplaceText, site: Site) -> Table:
        values = []
        for name in dict.fromkeys(step.columns):
            text = table.column(name).str
            if step.literal and not step.ignore_case:
                value = text.replace_all(step.pattern, step.replacement, literal=True)
            else:
                pattern = patterns.quote(step.pattern) if step.literal else step.pattern
                new = step.replacement.replace("$", "$$") if step.literal else patterns.replacement(step.replacement)
                value = text.replace_all(patterns.with_flags(pattern, "i" if step.ignore_case else ""), new)
            values.append((column_of(table.schema, name), value))
        return table.setting(values)
