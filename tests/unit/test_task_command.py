"""`trunkline task`: settings from flags and environment, and what is refused before serving."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from trunkline import cli, flags
from trunkline.errors import ParameterError, UnknownNameError
from trunkline_tasks import probe, settings
from trunkline_tasks.settings import TaskSettings


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("pose",), "unknown task 'pose': expected one of classifier, ssd"),
        ((), "NAME (TRUNKLINE_TASK_NAME): Field required"),
        (("ssd", "--port", "no"), "--port (TRUNKLINE_TASK_PORT) is 'no'"),
        (("ssd", "--workers", "0"), "--workers (TRUNKLINE_TASK_WORKERS) is '0'"),
        (("ssd", "--log-level", "loud"), "--log-level (TRUNKLINE_TASK_LOG_LEVEL) is 'loud'"),
        (("ssd", "--port", "65000"), "say --metrics-port"),
        (("ssd", "--port", "0", "--weights", "x"), "no pair of trunk mobilenet_v2/x with task ssd"),
        (
            ("ssd", "--port", "0", "--trunk", "../x"),
            "unknown trunk '../x': expected one of mobilenet_v2, vgg16",
        ),
    ],
)
def test_what_cannot_start_says_why_in_one_line(
    arguments: tuple[str, ...],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trunkline.logs.setup", lambda *_: None)
    assert cli.main(["task", *arguments]) == 1
    text = capsys.readouterr().err
    assert text.startswith("trunkline task: ")
    assert text.count("\n") == 1
    assert words in text


def test_help_lists_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["task", "--help"])
    assert caught.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for name, field in TaskSettings.model_fields.items():
        assert f"TRUNKLINE_TASK_{name.upper()}" in text
        assert (name.upper() if name == "name" else flags.flag(name)) in text
        assert field.description
        default = "50051 for classifier" if name == "port" else "default"
        assert default in text


def test_the_command_is_light_until_it_is_chosen() -> None:
    heavy = "{'pydantic', 'grpc', 'onnxruntime', 'prometheus_client'}"
    script = f"import sys, trunkline_tasks.command; print(*({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == (0, [])


def test_ports_differ_by_task() -> None:
    ports = [settings.read({"name": name}) for name in ("classifier", "ssd")]
    assert [one.port for one in ports] == [50051, 50052]
    assert [one.served_metrics_port for one in ports] == [51051, 51052]
    assert settings.read({"name": "ssd", "metrics_port": "0"}).served_metrics_port is None
    assert settings.read({"name": "ssd", "port": "0"}).served_metrics_port is None


def test_flags_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_TASK_NAME", "ssd")
    monkeypatch.setenv("TRUNKLINE_TASK_THREADS", "3")
    monkeypatch.setenv("TRUNKLINE_TASK_PORT", "6000")
    chosen = settings.read({"threads": "1"})
    assert (chosen.name, chosen.threads, chosen.port) == ("ssd", 1, 6000)
    assert settings.read({"name": "classifier"}).name == "classifier"


def test_a_bad_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_TASK_MAX_IN_WORK", "many")
    with pytest.raises(ParameterError, match="TRUNKLINE_TASK_MAX_IN_WORK"):
        settings.read({"name": "ssd"})


def test_settings_are_frozen() -> None:
    chosen = settings.read({"name": "ssd"})
    with pytest.raises(ValidationError):
        chosen.port = 1


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="classifier, ssd"):
        settings.read({"name": "pose"})


def test_the_probe_says_what_it_missed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUNKLINE_TASK_PORT", "1")
    assert probe.main([]) == 1
    assert capsys.readouterr().err == "port 1 answers UNAVAILABLE\n"
