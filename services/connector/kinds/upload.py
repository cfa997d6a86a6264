"""The kind `upload`: files that people sent here to look at. Every workspace has one such connection by itself."""

from pydantic import Field

from services.connector.kinds.base import Capabilities, Document, Kind, SecretDocument
from services.connector.kinds.s3 import S3, FileSelection

UPLOADS = "uploads"  # the name of that connection
BUCKET = "uploads"  # what stands for a bucket in the versions of these files


class UploadSettings(Document):
    """Nothing: the platform's own store holds the files."""


class UploadSecrets(SecretDocument):
    """Nothing."""


class UploadSelection(FileSelection):
    """Which file to read."""

    upload: str = Field(
        pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="The id that the upload was given"
    )


UPLOAD = Kind(
    name="upload",
    title="Uploaded file",
    settings=UploadSettings,
    secrets=UploadSecrets,
    selection=UploadSelection,
    target=UploadSettings,
    capabilities=Capabilities(
        source=True, destination=False, reads="objects", formats=S3.capabilities.formats, uploads=True
    ),
)
