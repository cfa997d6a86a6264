"""A machine that gives neither namespaces nor filters of system calls."""

from tests.integration.transform.handicapped import handle as handle
from tests.integration.transform.handicapped import without_calls, without_filters

without_calls(272)
without_filters()
