"""Scoring requests that nobody would send, by the million, and what every answer to them has to be.

- `requests` makes them: a request depends on a seed and its number alone, so any one can be sent again.
- `guided` lets atheris find more of them by the coverage they reach.
- `world` is the app over storage in memory; `over_http` the same app behind the local host.
- `oracle` says what is wrong with an answer; `refusals` lists everything that may be refused, and why.
- `tally` counts, and tells whether all of it was reached.

`python -m tests.fuzz` is the long form (`make fuzz`); `test_fuzz.py` is the short one.
"""
