"""A module out of a file of Python."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch
from torch import Tensor, nn

from trunkline.errors import ParameterError, TrunklineError, WeightsError
from trunkline.text import one_line

LONGEST = 150
"""Characters of another's error in ours."""


def module_of(spelled: str, classes: int) -> nn.Module:
    """What FUNCTION(classes) of `FILE.py:FUNCTION` gives. Raises ParameterError, TrunklineError."""
    place, colon, name = spelled.rpartition(":")
    path = Path(place)
    if not colon or not path.is_file():
        raise ParameterError(f"{spelled!r} is no FILE.py:FUNCTION: expected a file that there is")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ParameterError(f"{path} is no Python file: expected FILE.py:FUNCTION")
    found = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(found)
        function = getattr(found, name, None)
        if not callable(function):
            raise ParameterError(f"{path} has no function {name!r}: expected FILE.py:FUNCTION")
        module = function(classes)
    except TrunklineError:
        raise
    except Exception as error:  # anybody's code
        text = one_line(str(error), LONGEST)
        raise TrunklineError(f"{spelled} fails: {type(error).__name__}: {text}") from error
    if not isinstance(module, nn.Module):
        raise ParameterError(f"{spelled} gives {type(module).__name__}: expected a torch module")
    return module


def load_weights(module: nn.Module, path: Path) -> None:
    """Fill the module from a safetensors file. Raises WeightsError where it does not fit."""
    from safetensors.torch import load_file

    try:
        module.load_state_dict(load_file(path))
    except Exception as error:  # safetensors and torch raise many kinds
        text = one_line(str(error), LONGEST)
        raise WeightsError(f"{path} does not fit the module: {text}") from error


def answers_of(module: nn.Module, example: Tensor, classes: int) -> None:
    """Raise TrunklineError unless the module makes logits (1, classes) of the example."""
    module.eval()
    try:
        with torch.no_grad():
            output = module(example)
        shape = tuple(output.shape)
    except Exception as error:  # anybody's code
        text = one_line(str(error), LONGEST)
        raise TrunklineError(
            f"the module cannot read {tuple(example.shape)}: {text}; set --side"
        ) from error
    if shape != (1, classes):
        raise TrunklineError(f"the module gives {shape}: expected logits {(1, classes)}")
