"""The systems that are measured side by side: what runs where, what is sent, what comes back.

A system is named `kind` or `kind:how`; KINDS has them all.
"""

from __future__ import annotations

import importlib.util
import io
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from urllib.parse import urlencode

from PIL import Image

from trunkline import images
from trunkline.client import EdgeClient
from trunkline.codecs import spelled
from trunkline.errors import ParameterError, TrunklineError, UnknownNameError
from trunkline_benchmarks.serving.builder import HOST, Builder, Running, Setting
from trunkline_benchmarks.serving.drive import Door, Prepare
from trunkline_benchmarks.serving.process import POLL_S

TASKS = ("classifier", "ssd")
RIVALS = "trunkline_benchmarks.serving.rivals"
SIDE = 224
READY_POLLS = 2000
TIMEOUT_MS = 60_000


def trunkline(build: Builder, how: str) -> Running:
    """Ours, with the codec `how`: `id:name=value,...`."""
    flags = _own(build.setting)
    ports = [
        build.cloud(task, "trunkline.cli", "task", task, *flags, "--metrics-port", "0")
        for task in TASKS
    ]
    far = zip(TASKS, build.far(*ports), strict=True)
    return _edge(build, how, {task: f"{HOST}:{port}" for task, port in far})


def null_tasks(build: Builder, how: str) -> Running:
    """Our edge before `COUNT,codec` tasks that answer at once: what each costs the edge."""
    count, _, codec = how.partition(",")
    setting = build.setting
    flags = ["--trunk", setting.trunk, "--set", setting.set]
    port = build.cloud("null", "trunkline_benchmarks.load.null_task", *flags)
    return _edge(build, codec, {f"task{n}": f"{HOST}:{port}" for n in range(int(count))})


def _edge(build: Builder, codec: str, addresses: Mapping[str, str]) -> Running:
    id, params = spelled.parse(codec)
    query = {"codec": id, **params, "timeout_ms": TIMEOUT_MS}
    query |= {"score_threshold": build.setting.least_score}
    tasks = ",".join(f"{name}={address}" for name, address in addresses.items())
    flags = [*_own(build.setting), "--tasks", tasks]
    flags += ["--max-wait-s", "0"] if build.setting.refuses else []
    port = build.edge("edge", "trunkline.cli", "edge", *flags)
    wait_ready(port)
    return build.running(Door(f"http://{HOST}:{port}/v1/infer?" + urlencode(query)))


def _own(setting: Setting) -> list[str]:
    """The flags of our own services."""
    flags = {
        "trunk": setting.trunk,
        "weights": setting.set,
        "engine": setting.engine,
        "precision": setting.precision,
        "threads": setting.threads,
        "parallel": setting.parallel,
    }
    return [word for name, value in flags.items() for word in (f"--{name}", str(value))]


def litserve(build: Builder, how: str, *flags: str) -> Running:
    """Rival (a): the picture `file` or `224@QUALITY` to LitServe."""
    workers = ["--workers", str(build.setting.parallel)]
    port = build.cloud("litserve", f"{RIVALS}.litserve_torch", *_whole(build), *workers, *flags)
    return _whole_door(build, port, how)


def engine(build: Builder, how: str, name: str) -> Running:
    """Rival (b): the picture to FastAPI over a serving engine."""
    flags = ["--engine", name]
    port = build.cloud(name, f"{RIVALS}.fastapi_onnx", *_whole(build), *flags)
    return _whole_door(build, port, how)


def split(build: Builder, how: str, engine: str, carrier: str) -> Running:
    """Rivals (c) and (d): the trunk at the edge, the features as `carrier` has them."""
    carried = f"{carrier}:{how}" if how else carrier
    flags = [*_whole(build), "--engine", engine, "--carrier", carried]
    ports = [
        build.cloud(f"tail-{task}", f"{RIVALS}.split_task", *flags, "--task", task)
        for task in TASKS
    ]
    addresses = [f"{HOST}:{port}" for port in build.far(*ports)]
    port = build.edge("edge", f"{RIVALS}.split_edge", *flags, "--tasks", *addresses)
    return build.running(Door(f"http://{HOST}:{port}/predict", "content"))


def local(build: Builder, how: str) -> Running:
    """Rival (e): everything at the edge, on the engine `how`."""
    port = build.edge("local", f"{RIVALS}.fastapi_onnx", *_whole(build), "--engine", how)
    return build.running(Door(f"http://{HOST}:{port}/predict", "content"))


KINDS: dict[str, Callable[[Builder, str], Running]] = {
    "trunkline": trunkline,
    "null-tasks": null_tasks,
    "litserve": litserve,
    "litserve-torchvision": lambda build, how: litserve(build, how, "--torchvision"),
    "onnxruntime": partial(engine, name="onnxruntime"),
    "openvino": partial(engine, name="openvino"),
    "float32": partial(split, engine="onnxruntime", carrier="float32"),
    "plain": partial(split, engine="torch", carrier="cwebp"),
    "local": local,
}
PROGRAMS = {"plain": ("cwebp", "dwebp")}
MODULES = {"litserve": "litserve", "litserve-torchvision": "litserve", "openvino": "openvino"}
"""What kinds need beyond the extra `bench`."""
UNTAUGHT = ("litserve-torchvision",)
"""Kinds whose networks have learnt nothing: there is no accuracy to state."""


def require(names: Sequence[str]) -> None:
    """Raise UnknownNameError, TrunklineError where one of these systems could not be started."""
    for name in names:
        kind = name.partition(":")[0]
        if kind not in KINDS:
            raise UnknownNameError("system", kind, list(KINDS))
        missing = [it for it in PROGRAMS.get(kind, ()) if shutil.which(it) is None]
        if kind in MODULES and importlib.util.find_spec(MODULES[kind]) is None:
            missing.append(MODULES[kind])
        if missing:
            raise TrunklineError(
                f"system {kind} needs {' and '.join(missing)}: install it, or leave the system out"
            )


@contextmanager
def started(name: str, setting: Setting) -> Iterator[Running]:
    """The system called `name`, answering; ended with the `with`.

    Raises UnknownNameError, ParameterError, TrunklineError where a process does not get ready.
    """
    require([name])
    kind, _, how = name.partition(":")
    with ExitStack() as stack:
        yield KINDS[kind](Builder(setting, stack), how)


def wait_ready(port: int) -> None:
    """Wait until our edge sees all of its tasks serving."""
    client = EdgeClient(f"http://{HOST}:{port}")
    for _ in range(READY_POLLS):
        _, answer = client.get("/v1/tasks")
        tasks = answer["tasks"]
        if tasks and all(task["state"] == "serving" for task in tasks):
            return
        time.sleep(POLL_S)
    raise TrunklineError("the edge does not see its tasks")


def _whole(build: Builder) -> list[str]:
    setting = build.setting
    flags = ["--trunk", setting.trunk, "--set", setting.set, "--threads", str(setting.threads)]
    return [*flags, "--least", str(setting.least_score)]


def _whole_door(build: Builder, port: int, how: str) -> Running:
    (far,) = build.far(port)
    return build.running(Door(f"http://{HOST}:{far}/predict", "content", _prepare(how)))


def _prepare(how: str) -> Prepare | None:
    """`file`: as it is. `224@QUALITY`: squashed to the network's size and coded again."""
    if how in ("", "file"):
        return None
    side, at, quality = how.partition("@")
    if not at or side != str(SIDE) or not quality.isdigit():
        raise ParameterError(f"pictures are sent as {how!r}: expected file or {SIDE}@QUALITY")
    return partial(squashed_jpeg, int(quality))


def squashed_jpeg(quality: int, data: bytes) -> bytes:
    """The picture as a JPEG of the network's own size."""
    small = images.decode(data).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    with io.BytesIO() as file:
        small.save(file, "JPEG", quality=quality)
        return file.getvalue()
