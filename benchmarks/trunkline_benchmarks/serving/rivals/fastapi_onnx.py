"""Rival (b): the same whole networks on a serving engine behind FastAPI.

As fastapi.tiangolo.com has it: an UploadFile, a plain function that the thread pool runs.
"""

from __future__ import annotations

import uvicorn
from fastapi import FastAPI, UploadFile

from trunkline_benchmarks.serving.rivals import networks
from trunkline_benchmarks.serving.rivals.networks import Answer


def application(whole: networks.Whole) -> FastAPI:
    """The two networks behind `POST /predict`."""
    app = FastAPI()

    @app.post("/predict")
    def predict(content: UploadFile) -> Answer:
        return whole.run(whole.decode(content.file.read()))

    return app


def main() -> None:
    """Serve until killed."""
    parser = networks.arguments(__doc__)
    parser.add_argument("--engine", default="onnxruntime", choices=("onnxruntime", "openvino"))
    given = parser.parse_args()
    whole = networks.Whole(
        given.trunk, given.set, given.engine, given.threads, given.folder, given.least
    )
    uvicorn.run(application(whole), host="127.0.0.1", port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
