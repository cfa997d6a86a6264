"""Undo: what a run loaded is taken out of its destination again, under the lease that loads take turns by."""

import asyncio

from contracts.commands.connector import UndoInput, UndoResult
from contracts.runs import ErrorType
from services.connector.destinations.base import Undo
from services.connector.failures import ConnectorError, Fenced, UndoRefused
from services.connector.progress import Progress
from services.connector.service.leases import Leases
from services.connector.service.opening import Opening
from services.connector.service.windows import Windows


class Undoing:
    """Finds out what a run loaded and where, and has it taken back there."""

    def __init__(self, leases: Leases, opening: Opening, windows: Windows) -> None:
        self._leases = leases
        self._opening = opening
        self._windows = windows

    async def undo(self, input: UndoInput, attempt: int, progress: Progress) -> UndoResult:
        """Take everything back or nothing, once; raises UndoRefused with the reason.

        The window stays closed: its files are not handed out again by this.
        """
        scope = input.scope
        window = await self._windows.ended(scope.tenant, input.run_id, input.stream)
        if window is None or window["workflow_id"] != scope.workflow_id:
            raise UndoRefused("The run has loaded nothing, or it is not known any more what it has")
        noted = window["destination"]
        if window["state"] != "committed" or noted is None:
            raise UndoRefused("The run has loaded nothing")
        try:
            async with self._opening.open(scope.tenant, noted["connection"]) as opened:
                if str(opened.id) != noted["connection_id"]:
                    raise UndoRefused(f"Connection {opened.name!r} is another one than the run loaded through")
                end, target = opened.ends.destination(), opened.target(noted["target"])
                async with self._leases.hold(scope, input.stream, attempt, progress) as epoch:
                    undo = Undo(
                        workflow_id=scope.workflow_id,
                        stream=input.stream,
                        window_id=window["id"],
                        parts=tuple(window["parts"]),
                        run_id=scope.run_id,
                        epoch=epoch,
                        target=target,
                        dry_run=input.dry_run,
                    )
                    try:
                        done = await asyncio.to_thread(end.undo, undo, progress)
                    except Fenced as fenced:
                        await self._leases.count_on(scope, input.stream, epoch, fenced)
                        raise
        except ConnectorError as error:
            if error.type != ErrorType.NOT_FOUND:
                raise
            raise UndoRefused(f"Connection {noted['connection']!r} is gone, through which the run loaded") from None
        progress.reached("undo.released")
        return UndoResult(removed=done.removed, restored=done.restored, attempt=attempt, already=done.already)
