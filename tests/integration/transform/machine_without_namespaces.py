"""A machine that gives no namespaces, as inside many containers."""

from tests.integration.transform.handicapped import handle as handle
from tests.integration.transform.handicapped import without_calls

without_calls(272)
