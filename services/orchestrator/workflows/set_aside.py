"""What may not go on is kept with its reason: whole files with their original bytes, rows as a dataset."""

from collections.abc import Iterable
from dataclasses import dataclass

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.activities import PRESERVE, QUARANTINE_FILE, QUARANTINE_ROWS
    from contracts.commands.connector import PreserveInput, PulledGroup, QuarantinedRows, UnreadableObject
    from contracts.commands.orchestrator import RunPlan
    from contracts.commands.schema_drift import QuarantineFileInput, QuarantineRowsInput, SettleResult
    from contracts.data import ObjectVersion

from services.orchestrator.workflows.steps import Step

_ADVICE = "Correct the file and release it, or reject it: see `modulardata quarantine`."


@dataclass(frozen=True)
class SetAside:
    """Sets things aside for one run, as part of one step."""

    plan: RunPlan
    stream: str
    step: Step

    async def group(self, group: PulledGroup, settled: SettleResult) -> None:
        """Keep the files of a group that does not fit; rows that came from no file are kept as they are."""
        if not group.objects:
            await self.rows([QuarantinedRows(dataset=group.dataset, reason="drift", sample=settled.summary)])
            return
        apart = len(group.object_rows) == len(group.objects)
        rows = group.object_rows if apart else (group.dataset.rows,) + (0,) * (len(group.objects) - 1)
        for item, uri, count in zip(group.objects, await self._preserve(group.objects), rows, strict=True):
            await self.step.call(
                QUARANTINE_FILE,
                QuarantineFileInput(
                    scope=self.plan.scope,
                    stream=self.stream,
                    object=item,
                    preserved_uri=uri,
                    reason="drift",
                    summary=settled.summary,
                    advice=settled.advice,
                    rows=count,
                    report_id=settled.report_id,
                ),
            )

    async def unreadable(self, objects: Iterable[UnreadableObject]) -> None:
        """Keep the files that no reader could make rows of."""
        found = tuple(objects)
        uris = await self._preserve(tuple(item.object for item in found))
        for item, uri in zip(found, uris, strict=True):
            await self.step.call(
                QUARANTINE_FILE,
                QuarantineFileInput(
                    scope=self.plan.scope,
                    stream=self.stream,
                    object=item.object,
                    preserved_uri=uri,
                    reason=item.code,
                    summary=item.message,
                    advice=_ADVICE,
                ),
            )

    async def rows(self, refused: Iterable[QuarantinedRows]) -> None:
        """Keep rows that were refused one by one."""
        for rows in refused:
            if rows.dataset.rows:
                await self.step.call(
                    QUARANTINE_ROWS, QuarantineRowsInput(scope=self.plan.scope, stream=self.stream, rows=rows)
                )

    async def _preserve(self, objects: tuple[ObjectVersion, ...]) -> tuple[str, ...]:
        kept = self.plan.window.preserved_uri
        if kept is not None or not objects:
            # A released file was kept when it was first set aside.
            return (kept or "",) * len(objects)
        answer = await self.step.call(
            PRESERVE, PreserveInput(scope=self.plan.scope, source=self.plan.definition.source, objects=objects)
        )
        return answer.uris
