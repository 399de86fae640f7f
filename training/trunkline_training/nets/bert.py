"""BERT's encoder (Devlin et al., 2019), as sentence encoders use it: tokens to hidden states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trunkline.errors import WeightsError
from trunkline.text import one_line

PARTS = {
    "self_attn.out_proj": "attention.output.dense",
    "norm1": "attention.output.LayerNorm",
    "linear1": "intermediate.dense",
    "linear2": "output.dense",
    "norm2": "output.LayerNorm",
}
"""PyTorch's names of a layer's parts, and the published state's."""


@dataclass(frozen=True)
class Plan:
    """Layers, width of the hidden states, heads, and the width between a layer's linear parts."""

    layers: int
    width: int
    heads: int
    inner: int
    epsilon: float

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Plan:
        """Out of a published `config.json`. Raises WeightsError for another kind of network."""
        kind = (config.get("model_type"), config.get("hidden_act"))
        if kind != ("bert", "gelu"):
            raise WeightsError(f"a network {kind}: expected BERT with gelu; choose another file")
        return cls(
            int(config["num_hidden_layers"]),
            int(config["hidden_size"]),
            int(config["num_attention_heads"]),
            int(config["intermediate_size"]),
            float(config["layer_norm_eps"]),
        )


class Bert(nn.Module):
    """The encoder with its published weights, for inference."""

    def __init__(self, plan: Plan, tensors: Mapping[str, NDArray[np.float32]]) -> None:
        super().__init__()
        self.plan = plan
        layer = nn.TransformerEncoderLayer(
            plan.width,
            plan.heads,
            plan.inner,
            dropout=0.0,
            activation="gelu",
            layer_norm_eps=plan.epsilon,
            batch_first=True,
        )
        self.encoder = nn.TransformerEncoder(layer, plan.layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(plan.width, eps=plan.epsilon)
        try:
            state = {name: torch.from_numpy(array) for name, array in tensors.items()}
            kinds = state["embeddings.token_type_embeddings.weight"]
            self.words = state["embeddings.word_embeddings.weight"]
            # one sentence alone: every token is of the first kind
            self.positions = state["embeddings.position_embeddings.weight"] + kinds[0]
            self.norm.load_state_dict(_affine(state, "embeddings.LayerNorm"))
            self.encoder.load_state_dict(_layers(state, plan.layers))
        except (KeyError, RuntimeError) as error:
            reason = one_line(str(error), 200)
            raise WeightsError(f"the encoder's weights lack a part or its shape: {reason}") from (
                error
            )
        self.eval()

    def forward(self, ids: Tensor) -> Tensor:
        """Token ids (N, L) to hidden states (N, L, width); no token is padding."""
        embedded = self.words[ids] + self.positions[: ids.shape[1]]
        states: Tensor = self.encoder(self.norm(embedded))
        return states


def _layers(state: Mapping[str, Tensor], count: int) -> dict[str, Tensor]:
    """The published state under PyTorch's names, which hold query, key and value in one."""
    found: dict[str, Tensor] = {}
    for number in range(count):
        theirs = f"encoder.layer.{number}."
        for kind in ("weight", "bias"):
            parts = [
                state[f"{theirs}attention.self.{name}.{kind}"] for name in ("query", "key", "value")
            ]
            found[f"layers.{number}.self_attn.in_proj_{kind}"] = torch.cat(parts)
        for ours, name in PARTS.items():
            for kind, tensor in _affine(state, theirs + name).items():
                found[f"layers.{number}.{ours}.{kind}"] = tensor
    return found


def _affine(state: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    return {kind: state[f"{name}.{kind}"] for kind in ("weight", "bias")}
