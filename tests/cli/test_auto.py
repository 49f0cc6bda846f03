"""The command auto: what a step ends with, auto ends with; what is done is whole."""

import shlex
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from netspace import Budget, DataSettings, find_spaces
from netspace.choices import Choices
from netspace.cli import faults
from netspace.cli.main import app
from netspace.config import load_search_space
from netspace.documents import to_yaml
from netspace.handover import load_card, writable
from netspace.handover.formats import FILES, KINDS
from netspace.pipeline import Pipeline
from netspace.report import page, write_report
from tests.conftest import quick_config
from tests.handover.conftest import delivery  # noqa: F401

TINY = Choices("tiny", "quick")


class Done(NamedTuple):
    code: int
    out: str
    err: str


def auto(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, out: Path) -> Done:
    given = ["auto", "--data", "fashion", "--budget", "2M", "--out", str(out), "--space", "tiny", "--recipe", "quick"]
    monkeypatch.setattr("sys.argv", ["netspace", *given])
    code = faults.run(app)
    captured = capsys.readouterr()
    return Done(code, captured.out, captured.err)


@pytest.fixture
def trained(tmp_path: Path, delivery: object) -> Path:  # noqa: F811
    """A folder in which `auto` has come as far as its export."""
    out = tmp_path / "out"
    find_spaces(quick_config(budgets=["2M"]), out / "search")
    (out / "architecture").mkdir()
    (out / "architecture" / "architecture-1.yaml").write_text("depth: [1, 2, 1]\nwidth: [8, 8, 12]\n")
    (out / "network").symlink_to(delivery.trained)  # type: ignore[attr-defined]
    return out


def test_ctrl_c_in_a_step_ends_auto_and_starts_no_other_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("netspace.pipeline.find_spaces", interrupted)
    done = auto(capsys, monkeypatch, tmp_path / "out")
    assert done.code == 130
    assert "auto stopped in step 'search', which ended with exit code 130; run the same command again" in done.err
    assert "nas: netspace nas" not in done.err
    assert "done" not in done.out


def test_a_mistake_that_a_step_finds_ends_auto_with_its_error_and_names_the_step(
    trained: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (trained / "export").mkdir()
    (trained / "export" / "mine.txt").write_text("")
    done = auto(capsys, monkeypatch, trained)
    assert done.code == 2
    assert "auto stopped in step 'export'; run the same command again" in done.err
    assert "is there and not an empty folder" in done.err.splitlines()[-1]
    assert (trained / "export" / "mine.txt").exists()


def test_an_export_in_which_a_format_fails_its_check_is_not_done_and_is_made_again(
    trained: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no such operator")

    with monkeypatch.context() as patch:
        patch.setitem(KINDS, "torch-export", replace(KINDS["torch-export"], write=broken))
        done = auto(capsys, patch, trained)
    assert done.code == 1
    assert "torch-export failed its check and is deleted: no such operator" in done.err
    assert "auto stopped in step 'export', which ended with exit code 1" in done.err
    assert not (trained / "report.html").exists()
    assert {export.format for export in load_card(trained / "export").exports} == set(writable()) - {"torch-export"}
    done = auto(capsys, monkeypatch, trained)
    assert done.code == 0, done.err
    assert "train: done already" in done.err
    assert {export.format for export in load_card(trained / "export").exports} == set(writable())
    assert sorted(path.name for path in trained.iterdir() if "export" in path.name) == ["export"]
    assert (trained / "report.html").exists()
    again = auto(capsys, monkeypatch, trained)
    assert again.err.count("done already") == 5
    assert all((trained / "export" / FILES[name]).exists() for name in writable())


def test_a_page_is_there_only_when_all_its_pictures_are(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, drawn, real = trained / "report.html", [], page.save_pictures

    def killed(*given: object) -> list[Path]:
        if drawn:
            raise KeyboardInterrupt
        drawn.extend(real(*given))  # type: ignore[arg-type]
        return drawn

    with monkeypatch.context() as patch:
        patch.setattr(page, "save_pictures", killed)
        with pytest.raises(KeyboardInterrupt):
            write_report([trained / "search"], out)
    assert drawn
    assert not list(Pipeline(DataSettings("fashion"), Budget(2_000_000), TINY, trained).steps())[-1].done
    files = write_report([trained / "search"], out)
    assert all(file.exists() for file in files)


def test_a_step_is_done_when_what_it_removes_is_gone_and_what_was_put_aside_comes_back(tmp_path: Path) -> None:
    pipeline = Pipeline(DataSettings("d"), Budget(2_000_000), TINY, tmp_path)
    steps = {step.name: step for step in pipeline.steps()}
    train, export = steps["train"], steps["export"]
    (tmp_path / "network" / "checkpoint-0003").mkdir(parents=True)
    train.result.write_text("{}")
    assert not train.done
    (tmp_path / "network" / "checkpoint-0003").rmdir()
    assert train.done
    export.result.parent.mkdir()
    export.result.write_text("first")
    with suppress(KeyboardInterrupt), export.cleared():
        assert not export.result.parent.exists()
        raise KeyboardInterrupt
    assert export.result.read_text() == "first"
    with export.cleared():
        export.result.parent.mkdir()
        export.result.write_text("second")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export", "network"]
    assert export.result.read_text() == "second"


def test_the_chain_does_what_the_commands_that_it_shows_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ["auto", "--data", "fashion", "--budget", "300K", "--space", "tiny", "--image-size", "8"]
    recipe = tmp_path / "short.yaml"
    recipe.write_text("name: short\nepochs: 1\nbatch_size: 32\nwarmup_epochs: 0\ntrain_images: 100\n")
    whole = load_search_space("tiny")
    settings = "search: {estimator: score, epochs: 2, warmup_epochs: 1, steps_per_epoch: 4, batch_size: 16}\n"
    space = tmp_path / "space.yaml"
    space.write_text(to_yaml(whole) + settings)
    given[6] = str(space)
    out = tmp_path / "out"
    monkeypatch.setattr("sys.argv", ["netspace", *given, "--recipe", str(recipe), "--out", str(out), "--seed", "3"])
    assert faults.run(app) == 0
    told = capsys.readouterr().err
    shown = [line.strip() for line in told.split("plan:")[1].splitlines() if line.startswith("    netspace ")][:5]
    assert [line.split()[1] for line in shown] == ["search", "nas", "train", "export", "report"]
    other = tmp_path / "by-hand"
    for line in shown:
        words = shlex.split(line.replace(str(out), str(other)))
        if words[1] == "nas":  # where it looks is known when the search is done
            own = Choices(str(space), str(recipe))
            done = Pipeline(DataSettings("fashion", image_size=8), Budget(300_000), own, other, 3)
            words = ["netspace", *list(done.steps())[1].command]
        monkeypatch.setattr("sys.argv", words)
        assert faults.run(app) == 0, capsys.readouterr().err
    for name in ("search/elite-300K.yaml", "architecture/architecture-1.yaml", "network/model.safetensors"):
        one, two = ((folder / name).read_bytes().replace(str(folder).encode(), b"") for folder in (out, other))
        assert one == two, name
    assert load_card(out / "network").test_error == load_card(other / "network").test_error


def test_auto_goes_on_with_what_it_chose_and_refuses_what_was_asked_otherwise(
    trained: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert auto(capsys, monkeypatch, trained).code == 0
    written = (trained / "auto.yaml").read_text()
    assert "space: tiny" in written
    given = ["auto", "--data", "fashion", "--budget", "2M", "--out", str(trained), "--space", "tiny"]
    monkeypatch.setattr("sys.argv", ["netspace", *given, "--recipe", "few"])
    assert faults.run(app) == 2
    assert "was begun with other settings: recipe quick, not few; give another --out" in capsys.readouterr().err
    assert (trained / "auto.yaml").read_text() == written
