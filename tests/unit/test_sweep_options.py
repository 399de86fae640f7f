"""Which settings a command line asks for."""

from __future__ import annotations

import argparse

import pytest

from trunkline.errors import ParameterError, TrunklineError, UnknownNameError
from trunkline_benchmarks.sweep import options, ways
from trunkline_benchmarks.sweep.presets import PRESETS
from trunkline_benchmarks.sweep.settings import BASELINE, REFERENCE, Setting, read


def asked(*words: str) -> list[Setting]:
    """The settings behind these words."""
    parser = argparse.ArgumentParser()
    options.configure(parser)
    return options.asked(parser.parse_args(["--data", ".", *words]))


def keys(*words: str) -> list[str]:
    """Their names without the two that are always there."""
    always = (REFERENCE.key, BASELINE.key)
    return [setting.key for setting in asked(*words) if setting.key not in always]


def test_the_issue_of_options() -> None:
    """Each codec has the values behind it, in every arrangement."""
    words = "--codec bpg --qp 10 35 --codec webp --quality 10..30 --arrangement luma rgb"
    assert keys(*words.split()) == [
        "features bpg luma qp=10",
        "features bpg luma qp=35",
        "features bpg rgb qp=10",
        "features bpg rgb qp=35",
        "features webp luma quality=10",
        "features webp luma quality=20",
        "features webp luma quality=30",
        "features webp rgb quality=10",
        "features webp rgb quality=20",
        "features webp rgb quality=30",
    ]


def test_reference_and_baseline_are_always_there_once() -> None:
    """Changes and percents need them."""
    found = asked("--codec", "png", "--picture", "jpeg", "--quality", "75")
    assert [it.key for it in found] == ["features png luma", BASELINE.key, REFERENCE.key]


def test_ranges_steps_and_other_parameters() -> None:
    """Both ends are in; parameters multiply; types are the codec's own."""
    found = asked("--codec", "bpg", "--qp", "30..36..3", "--param", "effort=0,2")
    assert [dict(it.params) for it in found[:-2]] == [
        {"qp": qp, "effort": effort} for qp in (30, 33, 36) for effort in (0, 2)
    ]
    (lossless, *_) = asked("--codec", "webp", "--param", "lossless=true")
    assert lossless.params == {"lossless": True}
    assert keys("--codec", "png", "--bits", "16") == ["features png luma 16bit"]


def test_without_words_it_is_the_paper() -> None:
    """And every preset's settings can be had."""
    assert [it.key for it in asked()] == [it.key for it in asked("--preset", "paper")]
    named = set(keys("--preset", "paper"))
    assert {"features bpg rgb qp=35", "features webp luma quality=90"} <= named
    assert {"picture avif quality=50", "answer edge-only", "file cloud-only"} <= named
    for name in PRESETS:
        for setting in asked("--preset", name):
            assert ways.load(setting) is not None


def test_keys_tell_settings_apart_and_documents_bring_them_back() -> None:
    """What rows are joined by."""
    found = asked("--preset", "paper")
    assert len({setting.key for setting in found}) == len(found)
    assert [read(setting.document()) for setting in found] == found


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("--qp 10", "--qp stands before any codec"),
        ("--codec bpg --qp 10 --qp 20", "bpg: qp is given twice"),
        ("--codec bpg --qp 20..10", "qp 20..10: expected FIRST..LAST"),
        ("--codec bpg --qp 10..20..0", "rising"),
        ("--codec bpg --qp 0..9999..1", "qp 0..9999..1: expected"),
        ("--codec bpg --qp ten", "qp is 'ten': expected a whole number"),
        ("--codec bpg --param effort", "--param 'effort': expected NAME=VALUE"),
        ("--codec mpeg --qp 1", "unknown codec 'mpeg': expected one of"),
        ("--preset mine", "unknown preset 'mine': expected one of anchors, paper"),
    ],
)
def test_words_that_make_no_setting(words: str, complaint: str) -> None:
    """One line each."""
    with pytest.raises(ParameterError, match=complaint):
        asked(*words.split())


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("--codec webp --qp 30", "webp has no parameter 'qp': it takes quality"),
        ("--codec bpg --qp 52", "qp is 52: expected int from 0 to 51"),
        ("--codec jpeg --bits 16", "codec jpeg takes 8"),
        ("--picture png", "unknown format of pictures 'png'"),
        ("--picture webp --param method=4", "picture webp has no 'method': it takes quality"),
        ("--picture avif --quality 101", "quality is 101: expected 0 to 100"),
    ],
)
def test_settings_that_no_codec_takes(words: str, complaint: str) -> None:
    """Refused as soon as the way is made, before any picture is read."""
    with pytest.raises(TrunklineError, match=complaint):
        ways.load(asked(*words.split())[0])


def test_an_unknown_way() -> None:
    """The table lists the known ones."""
    with pytest.raises(UnknownNameError, match="expected one of answer, features"):
        ways.load(Setting("pigeon", ""))
