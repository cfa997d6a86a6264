"""HTTP of proofs: what a proposal was judged by, and the proof made again for whoever asks."""

from uuid import UUID

from fastapi import APIRouter

from contracts.permissions import Permission
from services.chassis.http import ServiceHttp, Who, Work, requires
from services.schema_drift.proving import store
from services.schema_drift.proving.views import ProofView, ReplayView, Samples, proof_view


def proofs_router(samples: Samples, http: ServiceHttp) -> APIRouter:
    """The routes of proofs."""
    routes = http.router(prefix="/api/drift/proofs", tags=["schema-drift"])

    @routes.get("/{proof_id}", dependencies=[requires(Permission.DRIFT_READ)])
    async def get_proof(proof_id: UUID, work: Work) -> ProofView:
        """A proof: its inputs by hash, its checks with their numbers, rows that differ, its verdict and its replays."""
        row = await store.get_proof(work, proof_id)
        return await proof_view(row, await store.replays_of(work, proof_id), samples)

    @routes.post("/{proof_id}:replay", status_code=202, dependencies=[requires(Permission.DRIFT_READ)])
    async def replay(proof_id: UUID, work: Work, who: Who) -> ReplayView:
        """Make the proof again of the stored inputs; what comes of it stands beside the proof."""
        return ReplayView.model_validate(await store.ask_replay(work, proof_id, who.subject))

    return routes
