"""The cloud's side of rivals (c) and (d): a gRPC server that runs one tail on what is carried."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import grpc
import numpy as np

from trunkline import engines
from trunkline.weights.store import ModelStore
from trunkline_benchmarks.serving.rivals import networks
from trunkline_benchmarks.serving.rivals.carriers import Carrier, carrier
from trunkline_benchmarks.serving.rivals.networks import TASKS

SERVICE = "rival.Tail"
METHOD = f"/{SERVICE}/Run"
WORKERS = 2
MOST_BYTES = 16 << 20


def run(
    task: str,
    network: engines.Network,
    shape: tuple[int, int, int],
    by: Carrier,
    least: float,
    request: bytes,
    _context: Any,  # noqa: ANN401 - gRPC's, which has no types
) -> bytes:
    """One request's answer, JSON."""
    tensor = by.unpack(request, shape)
    outputs = network.run(np.ascontiguousarray(tensor)[None])[0]  # (C, H, W) -> (1, C, H, W)
    classifies = task == "classifier"
    part = networks.classes(outputs) if classifies else networks.detections(outputs, least)
    return json.dumps(part).encode()


def main() -> None:
    """Serve until killed."""
    parser = networks.arguments(__doc__)
    parser.add_argument("--task", choices=TASKS, required=True)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--carrier", type=carrier, required=True)
    given = parser.parse_args()
    tail = ModelStore.default().tail(given.trunk, given.set, given.task)
    network = engines.load(given.engine, tail.verified_path(), threads=given.threads)
    handler = grpc.unary_unary_rpc_method_handler(
        partial(run, given.task, network, tail.shape, given.carrier, given.least)
    )
    options = [("grpc.max_receive_message_length", MOST_BYTES)]
    server = grpc.server(ThreadPoolExecutor(WORKERS), options=options)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(SERVICE, {"Run": handler}),)
    )
    server.add_insecure_port(f"127.0.0.1:{given.port}")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
