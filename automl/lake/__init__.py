"""The lake: a model's log as Delta tables, where any Delta reader finds it, and where it stays when the log is gone.

`lake/{model}/predictions` and `lake/{model}/truth` hold one row a log line (`rows`, `features`, `labels`),
partitioned by the UTC day of the log. `delta` opens, extends and reads them, `mark` says how far a log has been
moved, `archive` finds what is no longer in it, and `labelled` joins predictions with truth wherever they are.
"""
