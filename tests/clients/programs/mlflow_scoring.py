"""What mlflow's own scoring client finds: `python mlflow_scoring.py http://127.0.0.1:7071`."""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import urlsplit


def main(url: str) -> dict[str, Any]:
    """Everything the client offers, with each kind of data it can send."""
    import numpy as np
    import pandas as pd
    from mlflow.pyfunc.scoring_server.client import ScoringServerClient

    place = urlsplit(url)
    client = ScoringServerClient(place.hostname, place.port)
    table = pd.DataFrame(
        {
            "age": [39.0, 61.5],
            "job": ["clerk", "baker"],
            "since": [pd.Timestamp("2026-11-20T16:00:00Z"), pd.Timestamp("1970-01-01T00:00:00Z")],
            "member": [True, False],
        }
    )
    records: list[Any] = [
        {"age": 39, "job": "clerk", "since": "2026-11-20T16:00:00Z", "member": True},
        {"age": 61.5, "job": "baker", "since": 0, "member": False},
    ]
    rows = [list(record.values()) for record in records]
    columns = {name: [record[name] for record in records] for name in records[0]}

    def refused(data: Any) -> str:
        try:
            client.invoke(data)
        except Exception as error:  # noqa: BLE001  (the client raises nothing narrower)
            return str(error)
        return ""

    client.wait_server_ready(timeout=30)
    client.ping()
    answer = client.invoke(table, params={"temperature": 0.5})
    return {
        "version": client.get_version(),
        "answer": dict(answer),
        "dataframe": answer.get_predictions()[0].tolist(),
        "ndarray": answer.get_predictions("ndarray").tolist(),
        "table": dict(client.invoke(table.assign(extra=1))),
        "array": dict(client.invoke(np.array(rows, dtype=object))),
        "list": dict(client.invoke(records)),
        "missing": dict(client.invoke(table.assign(age=[float("nan"), 61.5]))),
        "forms": {
            form: dict(client.invoke(json.dumps({form: value})))
            for form, value in [
                ("dataframe_records", records),
                ("instances", rows),
                ("inputs", columns),
            ]
        },
        "refused": {
            "missing column": refused(table.drop(columns="age")),
            "two forms": refused(json.dumps({"instances": rows, "inputs": rows})),
            "no form": refused(json.dumps(records[0])),
        },
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))  # noqa: T201
