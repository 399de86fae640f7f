"""The systems that are measured side by side: what runs where, what is sent, what comes back.

A system is named `kind` or `kind:how`; KINDS has them all.
"""

from __future__ import annotations

import importlib.util
import io
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image

from trunkline import images
from trunkline.client import EdgeClient
from trunkline.codecs import spelled
from trunkline.engines import DEFAULT_ENGINE
from trunkline.errors import ParameterError, TrunklineError, UnknownNameError
from trunkline_benchmarks.serving.drive import Door, Prepare
from trunkline_benchmarks.serving.process import POLL_S, Process
from trunkline_benchmarks.serving.quota import quota

HOST = "127.0.0.1"
TASKS = ("classifier", "ssd")
RIVALS = "trunkline_benchmarks.serving.rivals"
SIDE = 224
READY_POLLS = 2000
TIMEOUT_MS = 60_000


@dataclass(frozen=True)
class Setting:
    """What every system of a run has in common."""

    trunk: str
    set: str
    logs: Path
    engine: str = DEFAULT_ENGINE
    """Of ours."""
    precision: str = "f32"
    """Of ours."""
    threads: int = 0
    parallel: int = 2
    least_score: float = 0.3
    uplink: tuple[float, float] | None = None
    """Mbit/s and delay in milliseconds each way, between edge and cloud."""
    edge_cores: float | None = None
    """The share of a core that everything on the edge's side has; None for no limit."""
    refuses: bool = False
    """Whether our edge refuses at once what others wait for; see its `--max-wait-s`."""

    def behind(self, mbit: float, delay_ms: float) -> Setting:
        """The same with edge and cloud apart."""
        return replace(self, uplink=(mbit, delay_ms))

    def within(self, cores: float) -> Setting:
        """The same on a small edge."""
        return replace(self, edge_cores=cores)

    def refusing(self) -> Setting:
        """The same without waiting for a place."""
        return replace(self, refuses=True)

    def scoring(self, least: float) -> Setting:
        """The same with detections down to this score."""
        return replace(self, least_score=least)

    @property
    def words(self) -> str:
        """What is special about it."""
        link = "" if self.uplink is None else "{:g} Mbit/s, {:g} ms each way".format(*self.uplink)
        share = "" if self.edge_cores is None else f"{self.edge_cores:g} cores at the edge"
        return ", ".join(filter(None, (link, share))) or "loopback"


@dataclass
class Running:
    """A system that answers: its processes by where they run."""

    door: Door
    edge: list[Process] = field(default_factory=list)
    cloud: list[Process] = field(default_factory=list)
    ready_s: dict[str, float] = field(default_factory=dict)


class Builder:
    """Starts one system's processes; they end with `stack`."""

    def __init__(self, setting: Setting, stack: ExitStack) -> None:
        self.setting = setting
        self._stack = stack
        self._running = Running(Door(""))
        cores = setting.edge_cores
        self._group = None if cores is None else stack.enter_context(quota(cores))

    def edge(self, name: str, module: str, *arguments: str) -> int:
        """Start a server at the edge that answers HTTP; its port."""
        process, port = self._start(name, module, arguments, self._group)
        self._running.edge.append(process)
        return port

    def cloud(self, name: str, module: str, *arguments: str) -> int:
        """Start a server in the cloud; its port."""
        process, port = self._start(name, module, arguments, None)
        self._running.cloud.append(process)
        return port

    def far(self, *ports: int) -> list[int]:
        """Where the edge reaches these ports of the cloud: behind the uplink, if there is one."""
        if self.setting.uplink is None:
            return list(ports)
        mbit, delay = self.setting.uplink
        here = free_ports(len(ports))
        pairs = [f"{near}={far}" for near, far in zip(here, ports, strict=True)]
        link = ["--mbit", str(mbit), "--delay-ms", str(delay), "--forward", *pairs]
        module = "trunkline_benchmarks.serving.uplink"
        process = self._process("uplink", module, link, None)
        process.wait(lambda: all(listens(port) for port in here))
        return here

    def running(self, door: Door) -> Running:
        """The system, whose pictures go through `door`."""
        self._running.door = door
        return self._running

    def _start(
        self, name: str, module: str, arguments: Sequence[str], group: Path | None
    ) -> tuple[Process, int]:
        (port,) = free_ports(1)
        process = self._process(name, module, [*arguments, "--port", str(port)], group)
        self._running.ready_s[name] = process.wait(lambda: listens(port))
        return process, port

    def _process(
        self, name: str, module: str, arguments: Sequence[str], group: Path | None
    ) -> Process:
        command = [sys.executable, "-m", module, *arguments]
        return self._stack.enter_context(Process(name, command, self.setting.logs, group=group))


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


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]


def listens(port: int) -> bool:
    """Whether anybody does."""
    try:
        with socket.create_connection((HOST, port), timeout=1.0):
            return True
    except OSError:
        return False


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
