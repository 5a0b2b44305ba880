"""The driver runs in another interpreter and imports what only that one has."""

collect_ignore = ["worker.py"]
