"""Rival (a): the picture by HTTP to LitServe, which runs two whole networks in torch.

As lightning.ai/docs/litserve has it: a LitAPI, as many workers as there are cores, one thread each.
"""

# annotations are not postponed here: LitServe looks at the very class of a request

import argparse
from typing import Any

import litserve
import torch
from starlette.requests import Request

from trunkline_benchmarks.serving.rivals import networks
from trunkline_benchmarks.serving.rivals.networks import Answer


class TwoNetworks(litserve.LitAPI):  # type: ignore[misc]
    """Decode, run both networks, answer."""

    def __init__(self, given: argparse.Namespace) -> None:
        super().__init__()
        self._given = given

    def setup(self, device: str) -> None:
        """In each worker: load the networks."""
        given = self._given
        torch.set_num_threads(max(1, given.threads))
        if given.torchvision:
            from trunkline_benchmarks.serving.rivals.torchvision_pair import TorchvisionPair

            self._whole: Any = TorchvisionPair(device)
        else:
            self._whole = networks.Whole(
                given.trunk, given.set, "torch", given.threads, given.folder, given.least
            )

    def decode_request(self, request: Request) -> Any:  # noqa: ANN401 - the networks' own input
        """A form's file to the networks' input."""
        return self._whole.decode(request["content"].file.read())  # the form, by LitServe

    def predict(self, x: Any) -> Any:  # noqa: ANN401 - the networks' own input
        """Both networks."""
        return self._whole.run(x)

    def encode_response(self, output: Answer) -> Answer:
        """JSON's types already."""
        return output


def main() -> None:
    """Serve until killed."""
    parser = networks.arguments(__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--torchvision", action="store_true", help="torchvision's own two networks, untrained"
    )
    given = parser.parse_args()
    server = litserve.LitServer(
        TwoNetworks(given), accelerator="cpu", workers_per_device=given.workers
    )
    server.run(port=given.port, host="127.0.0.1", generate_client_file=False, log_level="warning")


if __name__ == "__main__":
    main()
