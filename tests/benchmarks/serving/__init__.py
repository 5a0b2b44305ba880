"""The instruments that judge serving: contenders over sockets, in-process times, cold starts, a soak.

`bench_serving.py` beside this package runs them, prints the table and writes `docs/benchmarks/`. Nothing here is
part of the product, and the product knows nothing of it.
"""

MODEL = "adult"
"""What the measured model is called, whichever table it learnt from."""
