"""As much of Evergreen's HTTP API as `make up` speaks to, kept in memory: a run that ends when asked three times."""

from __future__ import annotations

import json
import os
from typing import Any

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
specs: dict[str, Any] = {}
uploads: dict[str, bytes] = {}
run: dict[str, Any] = {}
STAGES = ["search", "export"]


def answer(document: Any, status: int = 200) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(document), status_code=status, mimetype="application/json")


if os.environ["EVERGREEN_ROLE"] == "serve":

    @app.route("health/live", methods=["GET"])
    async def live(req: func.HttpRequest) -> func.HttpResponse:
        return answer({"pid": os.getpid(), "log": os.environ.get("EVERGREEN_LOG")})

    @app.route("health/ready", methods=["GET"])
    async def ready(req: func.HttpRequest) -> func.HttpResponse:
        return answer({"status": "ready"})

    @app.route("models", methods=["GET"])
    async def models(req: func.HttpRequest) -> func.HttpResponse:
        return answer({"models": [{"name": name} for name in specs]})

    @app.route("models/{m}", methods=["PUT"])
    async def put_model(req: func.HttpRequest) -> func.HttpResponse:
        specs[req.route_params["m"]] = req.get_json()
        return answer({}, 201)

    @app.route("models/{m}/data/{upload}/{n:int}", methods=["PUT"])
    async def put_block(req: func.HttpRequest) -> func.HttpResponse:
        uploads[req.route_params["upload"]] = req.get_body()
        return answer({}, 201)

    @app.route("models/{m}/data/{upload}/commit", methods=["POST"])
    async def commit(req: func.HttpRequest) -> func.HttpResponse:
        return answer({"size": len(uploads[req.route_params["upload"]])})

    @app.route("models/{m}/train", methods=["POST"])
    async def train(req: func.HttpRequest) -> func.HttpResponse:
        if os.environ.get("SMALL_APP_REFUSES"):
            return answer({"message": "The table is too small."}, 400)
        assert uploads[req.get_json()["upload"]].count(b"\n") == 151
        run.update(id="r1", status="queued", percent=0, asked=0)
        return answer(run, 202)

    @app.route("models/{m}/runs", methods=["GET"])
    async def runs(req: func.HttpRequest) -> func.HttpResponse:
        return answer({"runs": [run] if run else []})

    @app.route("models/{m}/runs/{id}", methods=["GET"])
    async def get_run(req: func.HttpRequest) -> func.HttpResponse:
        run["asked"] += 1
        stage = STAGES[min(run["asked"], 2) - 1]
        run.update(status="running", stage=stage, percent=run["asked"] * 30, trials=7, best_loss=0.125)
        if run["asked"] == 3:
            run.update(
                status=os.environ.get("SMALL_APP_ENDS", "registered"), version="v1", message="No usable model."
            )
        return answer(run)

    @app.route("models/{m}/champion", methods=["GET"])
    async def champion(req: func.HttpRequest) -> func.HttpResponse:
        return answer({}, 200 if run.get("status") == "registered" else 404)

    @app.route("models/{m}/score", methods=["POST"])
    async def score(req: func.HttpRequest) -> func.HttpResponse:
        return answer({"predictions": ["setosa"] * len(req.get_json()["dataframe_records"])})
