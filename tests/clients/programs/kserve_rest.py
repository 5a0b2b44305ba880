"""What kserve's `InferenceRESTClient` finds: `python kserve_rest.py http://127.0.0.1:7071 MODEL`."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any


async def main(url: str, model: str) -> dict[str, Any]:
    """Everything the client offers that this protocol has."""
    import httpx
    import numpy as np
    from kserve import InferenceRESTClient, InferInput, InferRequest
    from kserve.inference_client import RESTConfig
    from kserve.protocol.infer_type import RequestedOutput

    def request(*, binary: bool, fields: tuple[str, ...] = ("age", "job", "since", "member"), **more: Any) -> Any:
        columns = {
            "age": ("FP64", np.array([39.0, 61.5])),
            "job": ("BYTES", np.array(["clerk", "baker"], dtype=object)),
            "since": ("BYTES", np.array(["2026-11-20T16:00:00Z", "1970-01-01"], dtype=object)),
            "member": ("BOOL", np.array([True, False])),
        }
        inputs = []
        for name in fields:
            datatype, values = columns[name]
            one = InferInput(name, list(values.shape), datatype)
            one.set_data_from_numpy(values, binary_data=binary)
            inputs.append(one)
        return InferRequest(model_name=model, infer_inputs=inputs, request_id="42", **more)

    async with InferenceRESTClient(RESTConfig(protocol="v2", timeout=60)) as client:

        async def asked(request: Any) -> dict[str, Any]:
            response = await client.infer(url, request, model_name=model)
            return {
                "id": response.id,
                "model": response.model_name,
                "parameters": response.parameters,
                **{each.name: each.as_numpy().reshape(-1).tolist() for each in response.outputs},
            }

        async def refused(work: Any) -> list[Any]:
            try:
                await work
            except httpx.HTTPStatusError as error:
                return [error.response.status_code, str(error)]
            return []

        outputs = [RequestedOutput("predict"), RequestedOutput("probabilities", {"binary_data": True})]
        return {
            "live": await client.is_server_live(url),
            "ready": await client.is_server_ready(url),
            "model_ready": await client.is_model_ready(url, model),
            "unknown_ready": await client.is_model_ready(url, "nobody"),
            "json": await asked(request(binary=False)),
            "binary": await asked(request(binary=True, parameters={"binary_data_output": True})),
            "outputs": await asked(request(binary=True, request_outputs=outputs)),
            "refused": {
                "unknown model": await refused(client.infer(url, request(binary=True), model_name="nobody")),
                "missing column": await refused(
                    client.infer(url, request(binary=False, fields=("job", "since", "member")), model_name=model)
                ),
            },
        }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*sys.argv[1:])), default=lambda text: text.decode()))  # noqa: T201
