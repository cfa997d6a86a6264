"""What happens when a piece of work comes to a named point: it is logged, so that a log tells how far a load was."""

import structlog


class LoggedMilestones:
    """Writes milestones to the log, for those who look closely."""

    def reached(self, name: str) -> None:
        """A named point of the work."""
        structlog.get_logger().debug("milestone", point=name)
