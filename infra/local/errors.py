"""The one exception of the local system, shown as its sentence alone."""


class LocalError(Exception):
    """Something the person at the keyboard can mend; the message says what came and what to do."""
