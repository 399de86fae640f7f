"""Anything else as a task: a class in a Python file that is run on feature tensors.

    class Brightness(Program):
        def run(self, features):
            return [{"mean": float(tensor.mean())} for tensor in features]

`trunkline task serve FILE.py:Brightness` serves it, with batches, metrics, health and limits as any
other task has them. Its answers travel as `google.protobuf.Struct`.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trunkline.errors import ParameterError, WeightsError
from trunkline.text import LONGEST_LINE, is_line, shown
from trunkline.types import Result
from trunkline_tasks.tasks.base import Options, Outputs, Task, only

Answer = Mapping[str, Any]


class Program(ABC):
    """What a file's class is: subclass this, or have the same methods."""

    model = ""
    """What it is called in answers; empty: by its file and class."""
    labels: Sequence[str] = ()

    def set_up(self) -> None:  # noqa: B027 - there may be nothing to do
        """Load what is needed, once, before the first frame."""

    @abstractmethod
    def run(self, features: NDArray[np.float32]) -> Sequence[Answer]:
        """An answer of JSON's types for each feature tensor of (N, C, H, W) float32.

        Called from as many threads as the task has. What it raises is logged, and its frames are
        answered INTERNAL.
        """


class Runner:
    """Runs a program as an engine runs a network."""

    def __init__(self, program: Any) -> None:  # noqa: ANN401 - anything with `run`
        self._program = program

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """One array of N answers. Raises WeightsError for another number of them."""
        try:
            answers = list(self._program.run(batch))
        except SystemExit as error:  # it would end the server, and without a word
            raise WeightsError("run ends the process (sys.exit): expected answers") from error
        if len(answers) != len(batch):
            raise WeightsError(f"run gives {len(answers)} answers for {len(batch)} tensors")
        found = np.empty(len(answers), object)
        found[:] = answers
        return [found]


class ProgramTask(Task):
    """Hands a program's answers on, once they are JSON's types."""

    defaults = Options(top_k=5, score_threshold=0.0)

    def check_outputs(self, outputs: Outputs) -> None:
        """One answer, such as can be sent."""
        self.result(outputs, (1, 1), self.defaults)

    def alike(self, one: Outputs, other: Outputs) -> bool:
        """A program says itself how many answers it gives: that is all there is to compare."""
        return len(one[0]) == len(other[0])

    def result(self, outputs: Outputs, image_size: tuple[int, int], options: Options) -> Result:
        """The answer as it is. Raises WeightsError for one that is no JSON object."""
        answer = only(outputs)[0]
        try:
            plain: dict[str, Any] = json.loads(json.dumps(answer, allow_nan=False))
        except (TypeError, ValueError, RecursionError) as error:
            raise WeightsError(f"an answer is not of JSON's types: {error}") from error
        if not isinstance(plain, dict):
            raise WeightsError(f"an answer is {type(answer).__name__}: expected a dictionary")
        return plain


def is_program(place: str) -> bool:
    """Whether it is spelled `FILE.py:Class`."""
    return place.rpartition(":")[0].endswith(".py")


def load(place: str) -> Any:  # noqa: ANN401 - anything with `run`
    """The class at `FILE.py:Class`, made and set up. Raises ParameterError where there is none.

    The file is run: whoever names it trusts it.
    """
    file, _, name = place.rpartition(":")
    path = Path(file).resolve()
    spec = importlib.util.spec_from_file_location(f"trunkline_program_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ParameterError(f"no Python file {file}: expected FILE.py:Class")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickles look a class's module up
    sys.path.insert(0, str(path.parent))  # as for any script: its neighbours can be imported
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise ParameterError(f"{file} cannot be run: {_words(error)}") from error
    kind = getattr(module, name, None)
    if not isinstance(kind, type) or not callable(getattr(kind, "run", None)):
        raise ParameterError(f"{file} has no class {name!r} with a method run: expected one")
    try:
        program = kind()
        if callable(set_up := getattr(program, "set_up", None)):
            set_up()
    except (Exception, SystemExit) as error:
        raise ParameterError(f"{name} cannot be set up: {_words(error)}") from error
    return program


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {shown(str(error))}"


def model_name(program: Any, place: str) -> str:  # noqa: ANN401 - as above
    """What a program is called in answers. Raises ParameterError for what edges do not take."""
    found = getattr(program, "model", "") or place
    if not isinstance(found, str) or not is_line(found):
        raise ParameterError(
            f"model of {type(program).__name__} is {found!r:.80}: expected one printable line of "
            f"at most {LONGEST_LINE} characters"
        )
    return found


def labels(program: Any) -> tuple[str, ...]:  # noqa: ANN401 - as above
    """A program's labels. Raises ParameterError for what are none."""
    found, kind = getattr(program, "labels", ()), type(program).__name__
    if isinstance(found, str) or not isinstance(found, Sequence):
        raise ParameterError(f"labels of {kind} are {found!r:.80}: expected a list")
    wrong = [label for label in found if not isinstance(label, str)]
    if wrong:
        raise ParameterError(f"a label of {kind} is {wrong[0]!r:.80}: expected text")
    return tuple(found)
