"""The edge's settings: sources, order, mistakes; the default codec."""

from __future__ import annotations

import argparse
from typing import Any

import pytest
from pydantic import ValidationError

from trunkline import codecs, flags
from trunkline.codecs import spelled
from trunkline.errors import MissingExtraError, ParameterError
from trunkline_edge import command, default_codec, settings


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.EdgeSettings.model_fields:
        monkeypatch.delenv(flags.variable(settings.PREFIX, name), raising=False)


def test_defaults() -> None:
    chosen = settings.read({})
    assert (chosen.host, chosen.port) == ("127.0.0.1", 8080)
    assert chosen.tasks == {"classifier": "127.0.0.1:50051", "ssd": "127.0.0.1:50052"}
    assert (chosen.max_bytes, chosen.max_pixels) == (20_000_000, 50_000_000)
    assert chosen.codec == ""


def test_flags_go_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_EDGE_PORT", "1234")
    monkeypatch.setenv("TRUNKLINE_EDGE_TASKS", "a=host:1, b=[::1]:2")
    assert settings.read({}).port == 1234
    assert settings.read({}).tasks == {"a": "host:1", "b": "[::1]:2"}
    assert settings.read({"port": "99", "tasks": "c=d:3"}).port == 99
    assert settings.read({"port": "99", "tasks": "c=d:3"}).tasks == {"c": "d:3"}


def test_frozen() -> None:
    with pytest.raises(ValidationError):
        settings.read({}).port = 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "x"),
        ("port", "65536"),
        ("max_bytes", "0"),
        ("max_pixels", "200000000"),
        ("workers", "0"),
        ("timeout_ms", "nan"),
        ("timeout_ms", "0"),
        ("tasks", "a"),
        ("tasks", "a=b"),
        ("tasks", "a=:1"),
        ("tasks", "=b:1"),
        ("tasks", "a b=c:1"),
        ("tasks", "a=b:1,a=c:2"),
        ("log_level", "loud"),
    ],
)
def test_mistakes_name_flag_and_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(flags.variable(settings.PREFIX, name), value)
    with pytest.raises(ParameterError) as caught:
        settings.read({})
    assert flags.flag(name) in str(caught.value)
    assert flags.variable(settings.PREFIX, name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_setting_has_a_flag() -> None:
    parser = argparse.ArgumentParser()
    command.configure(parser)
    words = ["--port", "0", "--max-in-work", "7", "--log-level", "debug"]
    given = vars(parser.parse_args(words))
    assert given == {"port": "0", "max_in_work": "7", "log_level": "debug"}
    assert settings.read(given).max_in_work == 7


def test_the_default_codec_gives_way_only_if_nobody_wished_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = codecs.get

    def without_bpg(id: str, **params: Any) -> Any:
        if id == "bpg":
            raise MissingExtraError("codec bpg", "hevc")
        return real(id, **params)

    monkeypatch.setattr(codecs, "get", without_bpg)
    (id, params), note = default_codec.choose("", "mobilenet_v2")
    assert (id, params) == ("webp", {})
    assert "webp" in note
    assert "trunkline[hevc]" in note
    with pytest.raises(MissingExtraError):
        default_codec.choose("bpg:qp=32", "mobilenet_v2")


@pytest.mark.parametrize(
    ("trunk", "params"), [("mobilenet_v2", {"qp": 32, "effort": 1}), ("vgg16", {"qp": 32})]
)
def test_the_default_codec_suits_the_trunk(trunk: str, params: dict[str, int]) -> None:
    assert default_codec.choose("", trunk) == (("bpg", params), "")


def test_the_default_codec_with_parameters() -> None:
    chosen, note = default_codec.choose("webp:quality=60,lossless=true", "mobilenet_v2")
    assert chosen == ("webp", {"quality": 60, "lossless": True})
    assert note == ""


@pytest.mark.parametrize(
    "text", ["", "zip", "webp:60", "webp:quality=x", "webp:qp=3", "png:level=99"]
)
def test_a_bad_default_codec(text: str) -> None:
    with pytest.raises(ParameterError):
        spelled.parse(text)
