"""Tasks that come and go while the edge runs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.edge_support import FakeTask, Loop, infer, info, states, wait_for
from trunkline.commands import task_add, task_remove
from trunkline.errors import TrunklineError
from trunkline_edge.task_list import TaskList

TOKEN = "swordfish"


@pytest.fixture
def first() -> Iterator[FakeTask]:
    with FakeTask(info("first")) as task:
        yield task


@pytest.fixture
def second() -> Iterator[FakeTask]:
    with FakeTask(info("second")) as task:
        yield task


@contextmanager
def edge(loop: Loop, file: Path, *tasks: FakeTask) -> Iterator[str]:
    with loop.edge(*tasks, admin_token=TOKEN, tasks_file=str(file)) as url:
        wait_for(lambda: set(states(url).values()) <= {"serving"})
        yield url


def put(url: str, name: str, body: object, token: str = TOKEN) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.put(f"{url}/v1/tasks/{name}", content=content, headers=headers, timeout=20)


def delete(url: str, name: str, token: str = TOKEN) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.delete(f"{url}/v1/tasks/{name}", headers=headers, timeout=20)


def answered(url: str) -> dict[str, str]:
    """The tasks in an answer, with their status."""
    return {name: task["status"] for name, task in infer(url).json()["tasks"].items()}


def test_a_task_is_used_from_the_next_picture_on_until_it_is_removed(
    loop: Loop, tmp_path: Path, first: FakeTask, second: FakeTask
) -> None:
    with edge(loop, tmp_path / "tasks.json", first) as url:
        assert answered(url) == {"first": "ok"}
        added = put(url, "second", {"address": second.address})
        assert added.status_code == 200
        assert (added.json()["name"], added.json()["state"]) == ("second", "serving")
        assert states(url)["second"] == "serving", "it was asked already"
        assert answered(url) == {"first": "ok", "second": "ok"}
        assert set(states(url)) == {"first", "second"}
        assert delete(url, "second").status_code == 204
        assert answered(url) == {"first": "ok"}
        assert delete(url, "first").status_code == 204
        assert infer(url).status_code == 503
        gone = delete(url, "first")
        assert (gone.status_code, gone.json()["type"]) == (
            404,
            "urn:trunkline:problem:unknown-task",
        )


def test_a_task_moves(loop: Loop, tmp_path: Path, first: FakeTask, second: FakeTask) -> None:
    with edge(loop, tmp_path / "tasks.json", first) as url:
        assert put(url, "first", {"address": second.address}).status_code == 200
        before = first.calls
        assert answered(url) == {"first": "ok"}
        assert (first.calls, second.calls) == (before, 1)


def test_changes_outlive_a_restart(
    loop: Loop, tmp_path: Path, first: FakeTask, second: FakeTask
) -> None:
    file = tmp_path / "state" / "tasks.json"
    with edge(loop, file, first) as url:
        put(url, "second", {"address": second.address})
        delete(url, "first")
    with edge(loop, file, first) as url:
        assert answered(url) == {"second": "ok"}
        put(url, "first", {"address": first.address})
        assert set(answered(url)) == {"first", "second"}


def test_another_process_of_the_edge_follows(
    loop: Loop, tmp_path: Path, first: FakeTask, second: FakeTask
) -> None:
    file = tmp_path / "tasks.json"
    with edge(loop, file, first) as one, edge(loop, file, first) as other:
        put(one, "second", {"address": second.address})
        assert answered(other) == {"first": "ok", "second": "ok"}
        delete(other, "first")
        assert answered(one) == {"second": "ok"}


def test_no_picture_is_lost_meanwhile(
    loop: Loop, tmp_path: Path, first: FakeTask, second: FakeTask
) -> None:
    with edge(loop, tmp_path / "tasks.json", first) as url, ThreadPoolExecutor(4) as pool:
        over = threading.Event()

        def post() -> list[tuple[int, bool]]:
            found = []
            while not over.is_set():
                response = infer(url)
                found.append((response.status_code, response.json().get("complete", False)))
            return found

        clients = [pool.submit(post) for _ in range(4)]
        for _ in range(5):
            assert put(url, "second", {"address": second.address}).status_code == 200
            assert delete(url, "second").status_code == 204
        over.set()
        answers = [answer for client in clients for answer in client.result()]
    assert {status for status, _ in answers} == {200}
    assert all(complete for _, complete in answers)


def test_a_call_under_way_is_finished(loop: Loop, tmp_path: Path, first: FakeTask) -> None:
    first.delay_s = 1.0
    with edge(loop, tmp_path / "tasks.json", first) as url, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(answered, url)
        wait_for(lambda: first.calls == 1)
        assert delete(url, "first").status_code == 204
        assert answer.result() == {"first": "ok"}


def test_a_stranger_is_refused(loop: Loop, tmp_path: Path, first: FakeTask) -> None:
    other = info("other", accepts=("ee" * 32,))
    with FakeTask(other) as stranger, edge(loop, tmp_path / "tasks.json", first) as url:
        refused = put(url, "other", {"address": stranger.address})
        assert refused.status_code == 409
        assert "ee" * 32 in refused.json()["detail"]
        stranger.stop()
        nobody = put(url, "other", {"address": stranger.address})
        assert nobody.status_code == 502
        assert set(states(url)) == {"first"}


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("second", b"", 400),
        ("second", b"[]", 400),
        ("second", b"[" * 4000, 400),
        ("second", b"x" * 5000, 413),
        ("second", {"address": 5}, 400),
        ("second", {"address": "nowhere"}, 400),
        ("second", {"address": "host:port"}, 400),
        ("second", {"address": "a:1,b=c:2"}, 400),
        ("second", {"address": "127.0.0.1:99999"}, 400),
        ("second", {"address": "127.0.0.1:0"}, 400),
        ("second", {"address": "\u001b[31m:80"}, 400),
        ("second", {"address": "\ud800:80"}, 400),
        ("second", {"address": "dns:///host:80"}, 400),
        ("second", {"address": "host:١"}, 400),
        ("s" * 65, {"address": "host:1"}, 400),
        ("v%C3%B6gel", {"address": "host:1"}, 400),
        ("sec%3Dond", {"address": "host:1"}, 400),
        ("%20", {"address": "host:1"}, 400),
        ("sec%0Aond", {"address": "host:1"}, 400),
    ],
)
def test_bad_requests(
    loop: Loop, tmp_path: Path, first: FakeTask, name: str, body: Any, status: int
) -> None:
    with edge(loop, tmp_path / "tasks.json", first) as url:
        response = put(url, name, body)
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        assert set(states(url)) == {"first"}


def test_who_has_no_token(loop: Loop, tmp_path: Path, first: FakeTask) -> None:
    with edge(loop, tmp_path / "tasks.json", first) as url:
        for token in ("sword", "swordfish2", "schwértfisch"):
            headers = {b"Authorization": f"Bearer {token}".encode()}
            response = httpx.delete(f"{url}/v1/tasks/first", headers=headers)
            assert response.status_code == 401
            assert response.headers["www-authenticate"] == "Bearer"
        assert httpx.delete(f"{url}/v1/tasks/first").status_code == 401
        basic = httpx.delete(f"{url}/v1/tasks/first", auth=("admin", TOKEN))
        assert basic.status_code == 401
    with loop.edge(first) as url:
        for token in ("x", TOKEN):
            assert delete(url, "first", token).status_code == 403
            assert put(url, "first", {"address": first.address}, token).status_code == 403


def test_a_damaged_list_is_named(tmp_path: Path) -> None:
    file = tmp_path / "tasks.json"
    for text in ("", "[]", "{}", '{"added": [], "removed": []}', '{"added": {"a": 1}}'):
        file.write_text(text)
        with pytest.raises(TrunklineError, match=r"tasks\.json is no list of changed tasks"):
            TaskList({}, file).read()


def test_an_edge_goes_on_with_the_tasks_it_has(loop: Loop, tmp_path: Path, first: FakeTask) -> None:
    file = tmp_path / "tasks.json"
    with edge(loop, file, first) as url:
        file.write_text("damaged")
        assert answered(url) == {"first": "ok"}
        failed = delete(url, "first")
        assert failed.status_code == 500
        assert str(tmp_path) not in failed.text


def test_the_commands(
    loop: Loop,
    tmp_path: Path,
    first: FakeTask,
    second: FakeTask,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from trunkline import cli

    commands = {"task-add": task_add.command, "task-remove": task_remove.command}
    monkeypatch.setattr(cli, "find_commands", lambda: commands)
    monkeypatch.delenv("TRUNKLINE_EDGE_ADMIN_TOKEN", raising=False)
    with edge(loop, tmp_path / "tasks.json", first) as url:
        words = ["task", "add", "second", second.address, "--edge", url]
        assert cli.main(words) == 1
        assert "no admin token" in capsys.readouterr().err
        file = tmp_path / "token"
        file.write_text(f"{TOKEN}\n")
        assert cli.main([*words, "--token-file", str(file)]) == 0
        assert "second: serving at" in capsys.readouterr().out
        monkeypatch.setenv("TRUNKLINE_EDGE_ADMIN_TOKEN", TOKEN)
        assert cli.main(["task", "remove", "second", "--edge", url, "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"name": "second", "state": "removed"}
        assert cli.main(["task", "remove", "second", "--edge", url]) == 1
        assert "edge answers 404: unknown task 'second'" in capsys.readouterr().err
        assert cli.main(["task", "add", "x/y", "127.0.0.1:1", "--edge", url]) == 1
        assert "'x/y' is no task's name: expected letters" in capsys.readouterr().err
        assert cli.main(["task", "add", "x", "127.0.0.1:70000", "--edge", url]) == 1
        assert "'127.0.0.1:70000' is no HOST:PORT" in capsys.readouterr().err
        assert cli.main([*words, "--token-file", "/dev/zero"]) == 1
        assert "/dev/zero is no token's file" in capsys.readouterr().err
        assert cli.main(["task", "add", "x", "127.0.0.1:1", "--edge", url]) == 1
        assert "edge answers 502" in capsys.readouterr().err
