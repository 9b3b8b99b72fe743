"""Every way a run can fail, with the exit code the command line ends with.

Each message says what is wrong, where (file, table, column), how many of how many, up to three example ids, and how
to mend it.
"""


class HoldfastError(Exception):
    """Base of the failures a person is expected to understand and mend; the message is for that person."""

    exit_code = 1


class ConfigError(HoldfastError):
    """A configuration file is missing, unreadable or holds a wrong value."""

    exit_code = 2


class DataError(HoldfastError):
    """Source data is missing, unreadable, of the wrong shape, or bad beyond the permitted share."""

    exit_code = 3


class DependencyError(HoldfastError):
    """Something outside does not answer: a database, MLflow, an object store."""

    exit_code = 4


class ModelError(HoldfastError):
    """No usable model: too little to train on, none registered, altered on disk, or made for other features."""

    exit_code = 5


class LockError(HoldfastError):
    """Another run for the same date, or another decision about the champion, is under way."""

    exit_code = 6


class PublishError(HoldfastError):
    """The publication could not be written, and the last good one is still current; or it could not be sent on."""

    exit_code = 7
