"""Engines through their one door."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from trunkline import engines
from trunkline.errors import EngineError, MissingExtraError, UnknownNameError
from trunkline.weights import ModelStore

LIGHT = ["openvino", "onnxruntime"]


@pytest.fixture(scope="module")
def trunk() -> Path:
    return ModelStore.default().trunk("mobilenet_v2", "keras-160").verified_path()


@pytest.fixture(scope="module")
def batch() -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (3, 3, 224, 224)).astype(np.float32)


LET_GO = """
import gc, os, signal, sys, threading
from pathlib import Path
from trunkline import engines

networks = [engines.load(sys.argv[1], Path(sys.argv[2]), threads=1)]
other = threading.Thread(target=lambda: (networks.clear(), gc.collect()))
other.start()
other.join()
signal.signal(signal.SIGUSR1, lambda *_: print("still here", flush=True))
os.kill(os.getpid(), signal.SIGUSR1)
"""


@pytest.mark.parametrize("name", LIGHT)
def test_a_signal_survives_a_network_that_another_thread_lets_go(name: str, trunk: Path) -> None:
    """OpenVINO's CPU plugin gives a thread a stack for signals, and frees it in any other one."""
    command = [sys.executable, "-c", LET_GO, name, str(trunk)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "still here\n")


REPORTING = """
import sys
from pathlib import Path
import numpy
from trunkline import engines

network = engines.load(sys.argv[1], Path(sys.argv[2]), threads=1)
network.run(numpy.zeros((1, 3, 224, 224), numpy.float32))
"""


@pytest.mark.parametrize("name", LIGHT)
def test_engines_keep_no_record_of_their_use(name: str, trunk: Path, tmp_path: Path) -> None:
    """ONNX Runtime and OpenVINO report to their makers, and leave an identity in files for it."""
    environment = {
        name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"
    }
    environment |= {"TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    command = [sys.executable, "-c", REPORTING, name, str(trunk)]
    subprocess.run(command, check=True, env=environment, cwd=tmp_path, timeout=60)
    assert list(tmp_path.rglob("*")) == []


AT_ONCE = """
import threading
import openvino
from trunkline.engines.openvino import OpenVinoNetwork

start = threading.Barrier(8)

def look_up():
    start.wait()
    openvino.Type.f32.to_dtype()

threads = [threading.Thread(target=look_up) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("done", flush=True)
"""


def test_first_calls_of_openvino_may_come_at_once() -> None:
    """What every call looks up first locked its callers up, in two of three processes."""
    for _ in range(4):
        command = [sys.executable, "-c", AT_ONCE]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        assert (done.returncode, done.stdout) == (0, "done\n")


@pytest.mark.parametrize("name", LIGHT)
def test_a_batch_is_its_pictures_one_by_one(name: str, trunk: Path, batch: np.ndarray) -> None:
    network = engines.load(name, trunk, threads=1)
    (together,) = network.run(batch)
    assert together.shape == (3, 32, 28, 28)
    assert together.dtype == np.float32
    for index in range(3):
        (alone,) = network.run(batch[index : index + 1])
        np.testing.assert_allclose(alone[0], together[index], atol=1e-4)


@pytest.mark.parametrize("name", LIGHT)
def test_threads_do_not_mix_their_pictures_up(name: str, trunk: Path, batch: np.ndarray) -> None:
    network = engines.load(name, trunk, threads=1)
    expected = [network.run(batch[index : index + 1])[0] for index in range(3)]
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda i: network.run(batch[i % 3 : i % 3 + 1])[0], range(48)))
    for index, features in enumerate(got):
        np.testing.assert_array_equal(features, expected[index % 3])


@pytest.mark.parametrize("threads", [0, 1])
@pytest.mark.parametrize("name", LIGHT)
def test_threads_are_bound_to_no_core(
    name: str, threads: int, trunk: Path, batch: np.ndarray
) -> None:
    """Bound ones are bound to the same core in every process of a machine."""
    network = engines.load(name, trunk, threads=threads)
    everywhere = os.sched_getaffinity(0)
    if len(everywhere) < 2:
        pytest.skip("needs two cores")
    running = True

    def run() -> None:
        while running:
            network.run(batch)

    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(run)
        try:
            places = [_affinities() for _ in range(200)]
        finally:
            running = False
        work.result()
    assert {frozenset(everywhere)} == set().union(*places)


def _affinities() -> set[frozenset[int]]:
    """Where this process's threads may run."""
    found = set()
    for thread in Path("/proc/self/task").iterdir():
        with contextlib.suppress(ProcessLookupError):  # it has ended
            found.add(frozenset(os.sched_getaffinity(int(thread.name))))
    return found


def test_an_output_outlives_the_next_call(trunk: Path, batch: np.ndarray) -> None:
    network = engines.load("openvino", trunk, threads=1)
    (first,) = network.run(batch[:1])
    kept = first.copy()
    network.run(batch[1:2])
    np.testing.assert_array_equal(first, kept)


def test_unknown_engines_are_refused(trunk: Path) -> None:
    with pytest.raises(UnknownNameError, match="onnxruntime, openvino, torch"):
        engines.load("abacus", trunk)


def test_unknown_precisions_are_refused(trunk: Path) -> None:
    with pytest.raises(UnknownNameError, match="bf16, f32"):
        engines.load("openvino", trunk, precision="f64")


def test_negative_threads_are_refused(trunk: Path) -> None:
    with pytest.raises(EngineError, match="threads is -1"):
        engines.load("openvino", trunk, threads=-1)


def test_other_devices_need_torch(trunk: Path) -> None:
    with pytest.raises(EngineError, match="CPU only"):
        engines.load("openvino", trunk, device="cuda")


@pytest.mark.parametrize("name", LIGHT)
def test_bf16_is_computed_or_refused(name: str, trunk: Path, batch: np.ndarray) -> None:
    try:
        network = engines.load(name, trunk, precision="bf16")
    except EngineError as error:
        assert "f32" in str(error)  # noqa: PT017 - a machine with bf16 raises nothing
        return
    (exact,) = engines.load(name, trunk).run(batch[:1])
    (rough,) = network.run(batch[:1])
    assert 0 < np.abs(rough - exact).max() < 0.1 * np.ptp(exact)


@pytest.mark.parametrize("name", LIGHT)
def test_damaged_files_are_refused_in_one_line(name: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no graph at all")
    with pytest.raises(EngineError, match=r"cannot load broken\.onnx") as caught:
        engines.load(name, path)
    assert "\n" not in str(caught.value)


def test_an_engine_that_is_not_installed_names_its_extra(
    trunk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"trunkline\[build\]"):
        engines.load("torch", trunk)
