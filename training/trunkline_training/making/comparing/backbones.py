"""Whole networks of torchvision and timm as fronts: what a task is compared with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from trunkline.errors import MissingExtraError, ParameterError, UnknownNameError, WeightsError
from trunkline_training.making.learning.fronts import Front

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Backbone(Front, ABC):
    """A whole network without its last layer: pooled features of the whole picture, squashed.

    Its weights are the library's own, which it fetches, or a file's. Raises WeightsError where
    they cannot be had, UnknownNameError.
    """

    library: str

    def __init__(self, name: str, weights: str) -> None:
        self.made_by = f"{self.library} {name} {weights}"
        self.side, mean, std = 224, IMAGENET_MEAN, IMAGENET_STD
        try:
            self._net, (self.side, mean, std) = self._open(name, not weights)
        except (OSError, RuntimeError) as error:
            raise WeightsError(
                f"the weights of {self.library}:{name} cannot be had: {_line(error)}; give a file "
                f"of them: {self.library}:{name}=FILE"
            ) from error
        if weights:
            _load(self._net, Path(weights))
        self._drop_last(self._net)
        self._net.eval()
        # (3,) -> (3, 1, 1), of pixels 0..255
        self._mean = 255 * torch.tensor(mean)[:, None, None]
        self._std = 255 * torch.tensor(std)[:, None, None]

    @property
    def channels(self) -> int:
        """How many features a picture has."""
        blank = np.zeros((1, 3, self.side, self.side), np.float32)
        return int(self(blank).shape[1])

    def __call__(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pooled features (N, C, 1, 1)."""
        with torch.inference_mode():
            found = self._net((torch.from_numpy(pixels) - self._mean) / self._std)
        array: NDArray[np.float32] = found.flatten(1)[:, :, None, None].numpy()
        return array

    @abstractmethod
    def _open(self, name: str, fetched: bool) -> tuple[nn.Module, tuple[int, Any, Any]]:
        """The network, and its input: side, mean and deviation of channels of 0..1."""

    @abstractmethod
    def _drop_last(self, net: nn.Module) -> None:
        """Put the identity in place of the layer that gives ImageNet's classes."""


class Torchvision(Backbone):
    """A classifier of torchvision by its function's name, such as `inception_v3`."""

    library = "torchvision"

    def _open(self, name: str, fetched: bool) -> tuple[nn.Module, tuple[int, Any, Any]]:
        from torchvision import models

        if name not in models.list_models(module=models):
            raise UnknownNameError("network of torchvision", name, models.list_models(models))
        best = models.get_model_weights(name).DEFAULT
        recipe = best.transforms()
        side = recipe.crop_size[0]
        net = models.get_model(name, weights=best if fetched else None)
        return net, (side, recipe.mean, recipe.std)

    def _drop_last(self, net: nn.Module) -> None:
        if hasattr(net, "fc"):
            net.fc = nn.Identity()
        elif isinstance(last := getattr(net, "classifier", None), nn.Sequential):
            last[-1] = nn.Identity()
        else:
            raise ParameterError(
                f"{type(net).__name__} ends in no layer called fc or classifier: choose another"
            )


class Timm(Backbone):
    """A classifier of timm by its name, such as `mobilenetv1_100` or `inception_v4`."""

    library = "timm"

    def _open(self, name: str, fetched: bool) -> tuple[nn.Module, tuple[int, Any, Any]]:
        try:
            timm = import_module("timm")
        except ImportError as error:
            raise MissingExtraError("networks of timm", "compare") from error
        if not timm.is_model(name):
            raise UnknownNameError("network of timm", name, timm.list_models())
        net = timm.create_model(name, pretrained=fetched)
        found: Mapping[str, Any] = timm.data.resolve_model_data_config(net)
        return net, (found["input_size"][-1], found["mean"], found["std"])

    def _drop_last(self, net: nn.Module) -> None:
        net.reset_classifier(0)  # type: ignore[operator]


def load(library: str, name: str, weights: str) -> Backbone:
    """The network `name` of a library. Raises UnknownNameError, WeightsError."""
    if library not in LIBRARIES:
        raise UnknownNameError("library of networks", library, list(LIBRARIES))
    return LIBRARIES[library](name, weights)


def _load(net: nn.Module, path: Path) -> None:
    """A file of PyTorch's or of safetensors', read without executing anything."""
    try:
        state: Mapping[str, Any]
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
        net.load_state_dict(dict(state.get("state_dict", state)))
    except Exception as error:  # torch and safetensors raise many kinds for a damaged file
        raise WeightsError(f"{path} has no weights of this network: {_line(error)}") from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__


LIBRARIES: dict[str, type[Backbone]] = {"torchvision": Torchvision, "timm": Timm}
