"""The connection kinds there are."""

from services.connector.kinds.base import Kind
from services.connector.kinds.postgres import POSTGRES
from services.connector.kinds.s3 import S3

KINDS: dict[str, Kind] = {kind.name: kind for kind in (S3, POSTGRES)}
