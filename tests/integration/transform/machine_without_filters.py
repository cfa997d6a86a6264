"""A kernel that was built without filters of system calls."""

from tests.integration.transform.handicapped import handle as handle
from tests.integration.transform.handicapped import without_filters

without_filters()
