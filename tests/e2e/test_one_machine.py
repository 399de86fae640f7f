"""The compose file on one machine: what it is made of, what it answers, what it survives."""

from __future__ import annotations

import time
from typing import Any

import pytest
from docker import DockerClient

from tests.e2e.answers import BOTH_OK, statuses
from tests.e2e.compose import Figures, Project, eventually, kill_process
from trunkline.client import EdgeClient
from trunkline.demo import photographs
from trunkline.demo.expectations import disappointments
from trunkline.errors import TrunklineError

SERVICES = ("edge", "classifier", "ssd")
IMAGE_LIMIT_BYTES = 650_000_000


@pytest.fixture
def edge(one_machine: Project) -> EdgeClient:
    """A client of the published port."""
    return EdgeClient(f"http://127.0.0.1:{one_machine.variables['TRUNKLINE_PORT']}")


def infer(edge: EdgeClient, **query: object) -> dict[str, Any]:
    """The answer to one picture."""
    return edge.infer(photographs.read("chelsea"), query)


@pytest.mark.parametrize("service", ["edge", "classifier"])
def test_images_are_small(
    client: DockerClient, one_machine: Project, figures: Figures, service: str
) -> None:
    image = client.images.get(one_machine.container(service).image.id)
    figures[f"image {image.tags[0]}"] = f"{image.attrs['Size'] / 1e6:.0f} MB"
    assert image.attrs["Size"] < IMAGE_LIMIT_BYTES


@pytest.mark.parametrize("service", SERVICES)
def test_images_hold_one_engine(one_machine: Project, service: str) -> None:
    script = (
        "from importlib.util import find_spec as f;"
        "print(*(n for n in ('torch', 'onnxruntime', 'openvino', 'pip') if f(n)))"
    )
    code, output = one_machine.container(service).exec_run(["python", "-c", script])
    assert (code, output.decode().split()) == (0, ["onnxruntime"])


@pytest.mark.parametrize("service", SERVICES)
def test_containers_can_do_little(one_machine: Project, service: str) -> None:
    """No root, no capabilities, no writing but to /tmp, bounded memory."""
    container = one_machine.container(service)
    host = container.attrs["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert 0 < host["Memory"] <= 2 << 30
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    code, output = container.exec_run(["id", "-u"])
    assert (code, output.decode().strip()) == (0, "10001")
    assert container.exec_run(["touch", "/opt/trunkline/here"])[0] != 0
    assert container.exec_run(["touch", "/tmp/here"])[0] == 0


def test_only_the_edge_is_published(one_machine: Project) -> None:
    """And that on the loopback address."""
    published = {
        service: [
            (address["HostIp"], address["HostPort"])
            for addresses in one_machine.container(service).ports.values()
            for address in addresses or []
        ]
        for service in SERVICES
    }
    port = one_machine.variables["TRUNKLINE_PORT"]
    assert published == {"edge": [("127.0.0.1", port)], "classifier": [], "ssd": []}


def test_the_demo_pictures(edge: EdgeClient, figures: Figures) -> None:
    """Both tasks see in every photograph what the demo promises."""
    answers = {name: edge.infer(photographs.read(name), {}) for name in photographs.NAMES}
    assert [statuses(answer) for answer in answers.values()] == [BOTH_OK] * len(answers)
    assert not disappointments(answers)
    times = sorted(infer(edge)["timings_ms"]["total"] for _ in range(10))
    figures["a picture, median of 10, total"] = f"{times[len(times) // 2]:.0f} ms"


def test_a_killed_task_leaves_the_others_and_comes_back(
    client: DockerClient, one_machine: Project, edge: EdgeClient, figures: Figures
) -> None:
    ssd = one_machine.container("ssd")
    edge_started = one_machine.container("edge").attrs["State"]["StartedAt"]
    kill_process(client, ssd)
    partial = infer(edge, timeout_ms=500)
    assert not partial["complete"]
    assert statuses(partial) == {"classifier": "ok", "ssd": "error"}
    seconds = eventually("complete again", lambda: infer(edge)["complete"])
    figures["complete again after kill -9"] = f"{seconds:.1f} s"
    ssd.reload()
    assert ssd.attrs["RestartCount"] == 1
    assert one_machine.container("edge").attrs["State"]["StartedAt"] == edge_started


def test_stopped_tasks_come_back(one_machine: Project, edge: EdgeClient) -> None:
    """One stopped: a partial answer. All stopped: 502 within the deadline. Started: complete."""
    one_machine.compose("stop", "ssd")
    assert statuses(infer(edge)) == {"classifier": "ok", "ssd": "error"}
    one_machine.compose("stop", "classifier")
    began = time.perf_counter()
    with pytest.raises(TrunklineError, match="502"):
        infer(edge, timeout_ms=3000)
    assert time.perf_counter() - began < 4
    one_machine.compose("start", "classifier", "ssd")
    eventually("complete again", lambda: _complete(edge))


def _complete(edge: EdgeClient) -> bool:
    try:
        return bool(infer(edge)["complete"])
    except TrunklineError:
        return False


def test_tasks_come_and_go(one_machine: Project, edge: EdgeClient) -> None:
    """From the next picture on, and over a restart of the edge."""
    token = one_machine.variables["TRUNKLINE_EDGE_ADMIN_TOKEN"]
    edge.delete_task("ssd", token)
    assert statuses(infer(edge)) == {"classifier": "ok"}
    one_machine.compose("restart", "edge")
    eventually("complete again", lambda: _complete(edge))
    assert statuses(infer(edge)) == {"classifier": "ok"}
    assert edge.put_task("ssd", "ssd:50051", token)["state"] == "serving"
    assert statuses(infer(edge)) == BOTH_OK


def test_down_and_up_again(one_machine: Project, edge: EdgeClient, figures: Figures) -> None:
    """Every process drains when it is told to stop, and the images start by themselves."""
    one_machine.compose("stop")
    codes = {name: one_machine.container(name).attrs["State"]["ExitCode"] for name in SERVICES}
    assert codes == dict.fromkeys(SERVICES, 0)
    one_machine.down()
    figures["warm up, until healthy"] = f"{one_machine.up():.1f} s"
    assert infer(edge)["complete"]
