"""How workflows are found in Temporal: by tenant, by the workflow's name, and by run."""

from uuid import UUID

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from contracts.data import Contract

TENANT = SearchAttributeKey.for_keyword("TenantId")
WORKFLOW = SearchAttributeKey.for_keyword("ModularDataWorkflow")
RUN = SearchAttributeKey.for_keyword("ModularDataRun")
KEYS = (TENANT, WORKFLOW, RUN)


def attributes_of(input: Contract) -> TypedSearchAttributes:
    """What a workflow's input says of it. These stand in clear on the server: ids and names, nothing else."""
    found: list[SearchAttributePair[str]] = []
    for key, name, kind in ((TENANT, "tenant", UUID), (WORKFLOW, "workflow", str), (RUN, "run_id", UUID)):
        value = getattr(input, name, None)
        if isinstance(value, kind):
            found.append(SearchAttributePair(key, str(value)))
    return TypedSearchAttributes(found)


async def ensure_search_attributes(client: Client) -> None:
    """Make the namespace know the attributes; a server refuses workflows that bear unknown ones."""
    operator = client.operator_service
    known = await operator.list_search_attributes(ListSearchAttributesRequest(namespace=client.namespace))
    missing = {key.name for key in KEYS} - set(known.custom_attributes)
    if missing:
        keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
        await operator.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=client.namespace, search_attributes=dict.fromkeys(sorted(missing), keyword)
            )
        )
