"""Watching a model against the truth that arrives later, and deciding when to retrain and whom to promote.

A pass (`passes`) reads what is new in the logs (`ingest`), joins truths to predictions, keeps the loss of every
labelled row (`labels`), feeds the alarm (`detector`), judges the challenger (`judge`) and decides (`decide`). What it
has read and decided is one blob (`state`), moved by If-Match before anything is done about it (`outbox`); so a pass
that dies is finished by the next, and of two passes at once one stops.

Beside that, and deciding nothing, it tells `performance`, `coverage`, `drift`, and the accuracy to be expected
before truth comes (`estimate`). A fallen accuracy calls for a run, and by the spec drift and a schedule may, too
(`causes`); whether it is asked for is decided in one place (`retrain`).
"""
