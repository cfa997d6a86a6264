"""The kind `upload`: files that a workspace's people sent. Every workspace has the one connection of it, `uploads`."""

from typing import Annotated

from pydantic import Field

from services.connector.kinds.base import Capabilities, Document, Kind, SecretDocument
from services.connector.kinds.file_formats import FORMATS, FileFormat

UPLOADS = "uploads"

UploadId = Annotated[str, Field(pattern=r"^[0-9a-f]{64}/[A-Za-z0-9_.~%-]{1,1024}$")]


class UploadSettings(Document):
    """Nothing can be set: the files are in the platform's own store."""


class UploadSecrets(SecretDocument):
    """There are none."""


class UploadSelection(Document):
    """Which file to read."""

    upload: UploadId = Field(description="As the answer to the upload names it: its content's SHA-256 and its name")
    format: FileFormat | None = Field(default=None, description="By the content of the file, if not said")


class UploadTarget(Document):
    """Nothing can be written there."""


UPLOAD = Kind(
    name="upload",
    title="Uploaded files",
    settings=UploadSettings,
    secrets=UploadSecrets,
    selection=UploadSelection,
    target=UploadTarget,
    capabilities=Capabilities(source=True, destination=False, reads="objects", formats=FORMATS, uploads=True),
)
