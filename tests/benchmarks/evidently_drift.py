"""What evidently's DataDriftPreset takes for two tables; run by the Python of an environment that has evidently.

    PYTHON tests/benchmarks/evidently_drift.py REFERENCE.parquet CURRENT.parquet

Prints a JSON object: seconds of the clock and of the processor, peak MiB before and after, evidently's version. Both
tables are in memory when the time begins, and each column is said to be a number or a category.
"""

import importlib.metadata
import json
import resource
import sys
import time

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset


def main() -> None:
    reference, current = (pd.read_parquet(path) for path in sys.argv[1:3])
    numbers = list(reference.select_dtypes("number").columns)
    definition = DataDefinition(
        numerical_columns=numbers,
        categorical_columns=[name for name in reference.columns if name not in numbers],
    )
    before, wall, processor = _mib(), time.perf_counter(), time.process_time()
    sets = [Dataset.from_pandas(table, data_definition=definition) for table in (current, reference)]
    found = Report([DataDriftPreset()]).run(*sets).dict()
    took = {
        "wall": time.perf_counter() - wall,
        "processor": time.process_time() - processor,
        "before": before,
        "peak": _mib(),
        "version": importlib.metadata.version("evidently"),
    }
    assert len(found["metrics"]) > len(reference.columns)
    sys.stdout.write(json.dumps(took))


def _mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
