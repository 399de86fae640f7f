"""The edge's side of rivals (c) and (d): FastAPI, the trunk on an engine, gRPC to the tails."""

from __future__ import annotations

import json
from collections.abc import Callable

import grpc
import uvicorn
from fastapi import FastAPI, UploadFile

from trunkline import images, trunks
from trunkline.trunks import Trunk
from trunkline_benchmarks.serving.rivals import networks
from trunkline_benchmarks.serving.rivals.carriers import Carrier, carrier
from trunkline_benchmarks.serving.rivals.networks import Answer
from trunkline_benchmarks.serving.rivals.split_task import METHOD, MOST_BYTES

TIMEOUT_S = 60.0

Call = Callable[..., grpc.Future]


def application(trunk: Trunk, by: Carrier, calls: list[Call]) -> FastAPI:
    """The trunk and its two tails behind `POST /predict`."""
    app = FastAPI()

    @app.post("/predict")
    def predict(content: UploadFile) -> Answer:
        image = images.decode(content.file.read())
        (tensor,) = trunk.forward(trunk.preprocess(image)[None])  # (3, H, W) -> (1, 3, H, W)
        sent = by.pack(tensor)
        waiting = [call(sent, timeout=TIMEOUT_S) for call in calls]
        merged: Answer = {}
        for answer in waiting:
            merged |= json.loads(answer.result())
        return merged

    return app


def main() -> None:
    """Serve until killed."""
    parser = networks.arguments(__doc__)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--carrier", type=carrier, required=True)
    parser.add_argument("--tasks", nargs="+", required=True, help="the tails' addresses")
    given = parser.parse_args()
    trunk = trunks.load(given.trunk, given.set, engine=given.engine, threads=given.threads)
    options = [("grpc.max_send_message_length", MOST_BYTES)]
    channels = [grpc.insecure_channel(address, options=options) for address in given.tasks]
    calls = [channel.unary_unary(METHOD).future for channel in channels]
    app = application(trunk, given.carrier, calls)
    uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
