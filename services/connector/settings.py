"""Settings of connector alone; environment variables `CONNECTOR_*`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ConnectorSettings(BaseSettings):
    """What can be set."""

    model_config = SettingsConfigDict(env_prefix="CONNECTOR_", frozen=True, extra="ignore")

    spool_folder: Path | None = Field(default=None, description="Where files lie while they are read; the usual /tmp")
    pull_threads: int = Field(default=2, ge=1, le=16, description="Files of one run that are read at the same time")
    max_record_bytes: int = Field(default=16 << 20, ge=1 << 10, description="Bytes of one line of a file, at most")
    max_columns: int = Field(default=16_384, ge=1, le=16_384)
    failing_share: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Share of a column's values that may not have its type before it has another",
    )
    preview_bytes: int = Field(default=4 << 20, ge=1 << 16, description="Bytes of a file that a preview looks at")
    upload_limit_bytes: int = Field(default=5 << 30, ge=1 << 20, description="Bytes of one uploaded file")
    upload_keep_days: int = Field(
        default=90, ge=1, description="How long an uploaded file is kept that nobody sends or reads again"
    )
    check_seconds: float = Field(default=10.0, gt=0, le=60, description="Until a test of a connection is given up")
    checks_per_minute: int = Field(default=60, ge=1, description="Tests, discoveries and previews of one workspace")
    lease_seconds: float = Field(default=20.0, ge=2, description="How long a load may be silent before others may load")
    lease_wait_seconds: float = Field(default=300.0, ge=0, description="How long a load waits for another to end")
    watch_concurrency: int = Field(default=8, ge=1, description="Buckets listed at the same time")
    watch_settle_seconds: float = Field(default=1.0, ge=0, description="How long a new object must have been unchanged")
    undo_keep_days: int = Field(
        default=7, ge=0, description="How long a destination keeps what a load overwrote, to undo it; 0: not at all"
    )
    undo_keep_bytes: int = Field(
        default=4 << 30, ge=0, description="Bytes of what loads overwrote in one table that are kept there at most"
    )
