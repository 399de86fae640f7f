"""The agent that learns the masks, and the masks that it leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from trunkline.files import make_folder
from trunkline_training.pruning import removed
from trunkline_training.pruning.labelled import Labelled
from trunkline_training.pruning.masks import budget
from trunkline_training.pruning.masks.environment import MaskEnvironment
from trunkline_training.pruning.masks.recogniser import Recogniser
from trunkline_training.pruning.module_settings import ModulePruning
from trunkline_training.pruning.prunable import Prunable
from trunkline_training.pruning.removed import MadeOf
from trunkline_training.pruning.structure import Group, Indices
from trunkline_training.train import checkpoint

LEAST_SHARE = 1 / 8
"""Of each layer's remaining filters, what goes in a pass where the agent's masks are too few."""


def learnt(
    config: ModulePruning,
    prunable: Prunable,
    found: Sequence[Group],
    parts: tuple[Labelled, Labelled],
    made_of: MadeOf,
    resume: bool,
) -> Mapping[str, Indices]:
    """The filters that go, by the root of their group; the module then has the weights with which
    they are zero, and re-learnt.

    Kept in the run's folder: a run that goes on learns them once. Raises TrunklineError where what
    is kept there was made of something else.
    """
    path = config.folder / removed.MASKS
    if resume and path.is_file():
        state = checkpoint.load(path)
        checkpoint.require_same(made_of, state["made_of"], path)
        prunable.module.load_state_dict(state["module"])
        return {root: np.array(it, np.int64) for root, it in state["gone"].items()}
    chosen, target = budget.get(config.budget), config.share
    checked = parts[1].some(chosen.checked)
    recogniser = Recogniser(config, prunable, found, parts[0], checked)
    environment = MaskEnvironment(recogniser, target, chosen)
    _learn(environment, config.seed, chosen.episodes * chosen.rounds * len(found), len(found))
    if environment.best is not None:
        recogniser.take(environment.best)
    _fill(recogniser, target, chosen.steps)
    gone = recogniser.gone()
    kept = {root: indices.tolist() for root, indices in gone.items()}
    make_folder(config.folder)
    state = {"module": prunable.module.state_dict(), "gone": kept, "made_of": dict(made_of)}
    checkpoint.save(path, state)
    return gone


def _learn(environment: MaskEnvironment, seed: int, steps: int, layers: int) -> None:
    from sb3_contrib import RecurrentPPO

    model = RecurrentPPO(
        "MlpLstmPolicy",
        environment,
        n_steps=2 * layers,
        batch_size=2 * layers,
        n_epochs=4,
        gamma=0.99,
        ent_coef=0.01,
        seed=seed,
        device="cpu",
        policy_kwargs={"lstm_hidden_size": 64, "net_arch": [64]},
    )
    model.learn(steps)
    # what the agent has learnt, without the chance that it tries things with
    seen, _ = environment.reset()
    memory, ended, first = None, False, True
    while not ended:
        action, memory = model.predict(
            seen, state=memory, episode_start=np.array([first]), deterministic=True
        )
        seen, _, reached, over, _ = environment.step(int(action))
        ended, first = reached or over, False


def _fill(recogniser: Recogniser, target: float, steps: int) -> None:
    """Zero some more of every layer until the target is met, or nothing more may go."""
    last = -1.0
    while last < recogniser.removed < target:
        last = recogniser.removed
        for group in recogniser.groups:
            recogniser.zero(group, LEAST_SHARE, target)
        if recogniser.removed == last:
            for group in recogniser.groups:
                recogniser.zero(group, 1.0, target)
        recogniser.learn(steps)
