"""The two verdicts about a failed piece of work: it is bad, or the world is."""


class PermanentError(Exception):
    """The work itself is wrong and trying again changes nothing. Its message goes into dead letters: no values."""


class TransientError(Exception):
    """Something this needs is away; the same work may succeed later."""


class DatabaseUnavailable(TransientError):
    """The database cannot be reached, refuses connections, or all connections are taken."""


class CommitUnknown(DatabaseUnavailable):
    """The connection went away during COMMIT: the transaction may or may not have happened."""
