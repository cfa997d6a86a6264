"""Settings of transform alone; environment variables `TRANSFORM_*`."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TransformSettings(BaseSettings):
    """What can be set."""

    model_config = SettingsConfigDict(env_prefix="TRANSFORM_", frozen=True, extra="ignore")

    child_memory_mb: int = Field(default=4096, ge=256, description="Memory one job may take")
    child_cpu_seconds: int = Field(default=3 * 3600, ge=1, description="Computing time one job may take")
    child_file_mb: int = Field(default=64 * 1024, ge=1, description="The largest file one job may write")
    child_disk_mb: int = Field(default=128 * 1024, ge=1, description="What all files of one job may take")
    child_threads: int | None = Field(default=None, ge=1, description="Threads of one job; else as many as cores, to 4")
    children: int = Field(default=2, ge=1, description="Jobs at once; the others wait")
    rest_seconds: float = Field(default=30.0, ge=0, description="Idle time after which the engine leaves memory")
    proof_mb: int = Field(default=256, ge=1, description="Of a past input, so much is replayed: whole parts, evenly")
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
    archived_keep_days: int = Field(default=365, ge=1, description="How long a session is kept that was put away")
    chat_per_minute: int = Field(default=60, ge=1, description="Messages a workspace may send in a minute")
    model_url: str | None = Field(default=None, description="Where a model for planning is; none without it")
    model_protocol: Literal["openai", "anthropic"] = Field(default="openai", description="What it speaks")
    model_name: str = Field(default="", description="Which model")
    model_key_file: Path | None = Field(default=None, description="The file with its key")
    model_seconds: float = Field(default=60.0, gt=0, le=600, description="Time it may take for a plan")
    model_values: bool = Field(default=False, description="Whether it may see values of the tables, not only columns")
    model_per_day: int = Field(default=1_000, ge=0, description="How often a workspace may ask it in a day")
    scratch: Path | None = Field(default=None, description="Where jobs have their folders; else the system's own place")
