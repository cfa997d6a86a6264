"""Settings of transform alone; environment variables `TRANSFORM_*`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TransformSettings(BaseSettings):
    """What can be set."""

    model_config = SettingsConfigDict(env_prefix="TRANSFORM_", frozen=True, extra="ignore")

    child_memory_mb: int = Field(default=4096, ge=256, description="Memory one job may take")
    child_cpu_seconds: int = Field(default=3 * 3600, ge=1, description="Computing time one job may take")
    child_file_mb: int = Field(default=64 * 1024, ge=1, description="The largest file one job may write")
    child_threads: int | None = Field(default=None, ge=1, description="Threads of one job; else as many as cores, to 4")
    children: int = Field(default=2, ge=1, description="Jobs at once; the others wait")
    rest_seconds: float = Field(default=30.0, ge=0, description="Idle time after which the engine leaves memory")
    job_seconds: float = Field(default=3 * 3600, ge=1, description="Time one step of a run may take")
    session_seconds: float = Field(
        default=10.0, ge=0, le=50, description="Time a request may work at a session; what takes longer is a task"
    )
    session_cells: int = Field(
        default=200_000_000, ge=0, description="Cells to work through beyond which a request makes a task at once"
    )
    session_tasks: int = Field(default=4, ge=1, description="Tasks of one session that are not at their end")
    preview_seconds: float = Field(default=20.0, ge=1, le=50, description="Time a search for rows may take")
    profile_seconds: float = Field(default=40.0, ge=1, le=50, description="Time a profile may take that is asked for")
    session_waiting: int = Field(default=4, ge=0, description="Requests that wait for a free place before 503")
    session_nodes: int = Field(default=500, ge=1, description="Nodes one session may have")
    scratch: Path | None = Field(default=None, description="Where jobs have their folders; else the system's own place")
