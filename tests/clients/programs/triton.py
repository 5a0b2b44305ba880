"""What NVIDIA's `tritonclient` finds: `python triton.py http://127.0.0.1:7071 MODEL`."""

from __future__ import annotations

import json
import sys
from typing import Any


def main(url: str, model: str) -> dict[str, Any]:
    """Everything the client offers that this protocol has."""
    import ml_dtypes
    import numpy as np
    import tritonclient.http as triton
    from tritonclient.utils import InferenceServerException

    client = triton.InferenceServerClient(url.removeprefix("http://"), concurrency=8, network_timeout=60)

    def given(name: str, values: Any, datatype: str, *, binary: bool = True) -> Any:
        one = triton.InferInput(name, list(values.shape), datatype)
        return one.set_data_from_numpy(values, binary_data=binary)

    def columns(*, binary: bool) -> list[Any]:
        """A young clerk and an old baker, one input a column: `[N]` and `[N, 1]`."""
        return [
            given("age", np.array([39.0, 61.5]), "FP64", binary=binary),
            given("job", np.array([["clerk"], ["baker"]], dtype=object), "BYTES", binary=binary),
            given("since", np.array(["2026-11-20T16:00:00Z", "1970-01-01"], dtype=object), "BYTES", binary=binary),
            given("member", np.array([[True], [False]]), "BOOL", binary=binary),
        ]

    def packed(kind: Any = np.float64, datatype: str = "FP64") -> list[Any]:
        return [
            given("num", np.array([[39, 1024], [61.5, 0]], dtype=kind), datatype),
            given("cat", np.array([["clerk", "true"], ["baker", "false"]], dtype=object), "BYTES"),
        ]

    def asked(**options: Any) -> Any:
        return seen(client.infer(model, **options))

    def seen(result: Any) -> dict[str, Any]:
        response = result.get_response()
        tensors = {output["name"]: result.as_numpy(output["name"]) for output in response["outputs"]}
        return {
            "model": response["model_name"],
            "version": response["model_version"],
            "id": response.get("id"),
            "parameters": response["parameters"],
            "binary": sorted(each["name"] for each in response["outputs"] if "parameters" in each),
            **{name: [_plain(cell) for cell in tensor.reshape(-1).tolist()] for name, tensor in tensors.items()},
        }

    def refused(work: Any) -> list[Any]:
        try:
            work()
        except InferenceServerException as error:
            return [error.status(), error.message()]
        return []

    two = [
        triton.InferRequestedOutput("probabilities", binary_data=True),
        triton.InferRequestedOutput("predict", binary_data=False),
    ]
    numbers: dict[str, Any] = {
        "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64,
        "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64,
        "FP16": np.float16, "FP32": np.float32, "FP64": np.float64, "BF16": ml_dtypes.bfloat16,
    }  # fmt: skip
    return {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model_ready": client.is_model_ready(model),
        "unknown_ready": client.is_model_ready("nobody"),
        "server": client.get_server_metadata(),
        "metadata": client.get_model_metadata(model),
        "binary": asked(inputs=columns(binary=True), request_id="42"),
        "json": asked(inputs=columns(binary=False), outputs=two),
        "packed": asked(inputs=packed()),
        "packed_short": asked(inputs=packed(np.float32, "FP32")),
        "gzip": asked(inputs=columns(binary=True), request_compression_algorithm="gzip"),
        "deflate": asked(
            inputs=columns(binary=False),
            request_compression_algorithm="deflate",
            response_compression_algorithm="gzip",
        ),
        "at_once": [
            seen(one.get_result())
            for one in [client.async_infer(model, columns(binary=True), request_id=str(n)) for n in range(8)]
        ],
        "datatypes": {
            datatype: asked(
                inputs=[
                    given("age", np.array([40, 96], dtype=kind), datatype),
                    *columns(binary=True)[1:],
                ]
            )["probabilities"]
            for datatype, kind in numbers.items()
        },
        "missing": asked(
            inputs=[
                given("num", np.array([[np.nan, np.nan]]), "FP64"),
                given("cat", np.array([["", ""]], dtype=object), "BYTES"),
            ]
        ),
        "refused": {
            "unknown model": refused(lambda: client.infer("nobody", columns(binary=True))),
            "missing column": refused(lambda: client.infer(model, columns(binary=True)[1:])),
            "unknown output": refused(
                lambda: client.infer(model, columns(binary=True), outputs=[triton.InferRequestedOutput("label")])
            ),
            "classification": refused(
                lambda: client.infer(
                    model,
                    columns(binary=True),
                    outputs=[triton.InferRequestedOutput("probabilities", class_count=2)],
                )
            ),
            "metadata": refused(lambda: client.get_model_metadata("nobody")),
        },
    }


def _plain(cell: Any) -> Any:
    return cell.decode() if isinstance(cell, bytes) else cell


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))  # noqa: T201
