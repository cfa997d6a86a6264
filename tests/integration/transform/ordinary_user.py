"""The engine under an ordinary user."""

from tests.integration.transform.handicapped import as_nobody
from tests.integration.transform.handicapped import handle as handle

as_nobody()
