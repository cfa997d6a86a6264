"""The doors of the bus: what a service's consumers are written with."""

from services.chassis.errors import PermanentError as PermanentError
from services.chassis.errors import TransientError as TransientError
from services.chassis.handlers import BatchHandler as BatchHandler
from services.chassis.handlers import Handlers as Handlers
from services.chassis.handlers import OneHandler as OneHandler
