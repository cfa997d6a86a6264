"""Asks the service that runs recipes whether a draft would run, before anything is stored."""

from datetime import timedelta
from uuid import UUID

import structlog
from temporalio.exceptions import ApplicationError

from contracts.runs import CHECK_MODULE, CheckModuleInput, CheckModuleResult, check_id
from contracts.workflow import ModuleDraft
from services.chassis.ids import Ids
from services.chassis.problems import invalid, unavailable
from services.chassis.temporal import TemporalGateway, TemporalUnavailable
from services.module_registry.static_check import check, check_checks

AGAIN_SECONDS = 5


class Drafts:
    """Judges drafts; what is wrong with one is said with a JSON pointer to its place."""

    def __init__(self, gateway: TemporalGateway, ids: Ids, *, seconds: float) -> None:
        self._gateway = gateway
        self._ids = ids
        self._patience = timedelta(seconds=seconds)

    async def judge(self, tenant: UUID, draft: ModuleDraft, *, derive_output: bool = False) -> ModuleDraft:
        """The draft, its output contract derived if it is to be.

        Raises 422 for a recipe that would not run between its contracts, 503 when nobody can say now.
        """
        # Names that no expression hides are found here at once, all of them; the parser is with the other service.
        if problems := check(draft.recipe, draft.input_contract):
            raise invalid(problems, "The recipe names columns that are not there.")
        if not derive_output and (problems := check_checks(draft)):
            raise invalid(problems, "The checks name columns that are not there.")
        try:
            found = await self._gateway.execute(
                CHECK_MODULE,
                check_id(tenant, self._ids.new()),
                CheckModuleInput(tenant=tenant, draft=draft, derive_output=derive_output),
                CheckModuleResult,
                self._patience,
            )
        except (TimeoutError, ApplicationError, TemporalUnavailable) as error:
            structlog.get_logger().warning("draft_not_checked", reason=type(error).__name__)
            detail = "The service that reads expressions does not answer; nothing was stored."
            raise unavailable(detail, AGAIN_SECONDS) from None
        if found.problems:
            raise invalid(found.problems, "The recipe would not run between its contracts.")
        if not derive_output or found.output is None:
            return draft
        whole = draft.model_copy(update={"output_contract": found.output})
        if problems := check_checks(whole):
            raise invalid(problems, "The checks name columns that are not there.")
        return whole
