"""The connection kinds there are."""

from services.connector.kinds.base import Kind
from services.connector.kinds.postgres import POSTGRES
from services.connector.kinds.s3 import S3
from services.connector.kinds.upload import UPLOAD, UPLOADS

# What people make connections of.
KINDS: dict[str, Kind] = {kind.name: kind for kind in (S3, POSTGRES)}

# Connections that every workspace has without making them, by name.
BUILT_IN: dict[str, Kind] = {UPLOADS: UPLOAD}
