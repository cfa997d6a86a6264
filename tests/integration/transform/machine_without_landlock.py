"""A kernel older than Landlock."""

from tests.integration.transform.handicapped import handle as handle
from tests.integration.transform.handicapped import without_calls

without_calls(444)
