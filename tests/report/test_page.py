"""The report: made of records alone, whole offline, and drawn in a real browser."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from netspace import Budget, NetspaceError, SearchSpace, cost
from netspace.analysis import pareto_front
from netspace.documents import to_plain
from netspace.records import (
    Candidate,
    EliteSpace,
    Fidelity,
    NetworkStore,
    Planned,
    Population,
    Provenance,
    TrainedNetwork,
)
from netspace.report import (
    all_charts,
    all_tables,
    gather,
    render_page,
    watch_server,
    write_report,
)
from netspace.report.interactive import to_plotly
from tests.report.test_front_figure import leave_front

N = 8
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def write_networks(folder: Path, space: SearchSpace, populations: dict[str, float]) -> None:
    """Enter networks of the space's band around 3M with errors around a level for each population."""
    template, rng = space.template(28, 1, 10), np.random.default_rng(0)
    store = NetworkStore(folder)
    store.create(recipe="r", data="d", template="t")
    drawn = Budget.parse("3M", 0.4).band(space.full, template).draw(N, rng=rng, replace=False)
    networks = template.architectures(drawn)
    planned = [Planned(name, i, i, a, cost(a, template)) for name in populations for i, a in enumerate(networks)]
    store.add(planned)
    levels = {(p.population, p.seed): populations[p.population] for p in planned}
    rows = {row["id"]: row for row in store.rows()}
    while (claimed := store.claim()) is not None:
        network, architecture, seed = claimed
        error = levels[rows[network]["population"], seed] + 0.01 * rng.normal()
        status = "diverged" if (rows[network]["population"], seed) == ("expanded-3M", 0) else "ok"
        result = (error, error, [], 1.0, "cpu") if status == "ok" else (None, None, [], 1.0, "cpu", "the loss is nan")
        store.finish(
            network,
            TrainedNetwork(architecture, cost(architecture, template), seed, "r", "d", status, *result),  # type: ignore[arg-type]
        )


@pytest.fixture
def runs(tmp_path: Path, tiny: SearchSpace) -> list[Path]:
    run, evaluation = tmp_path / "run", tmp_path / "evaluation"
    run.mkdir()
    template, budget = tiny.template(28, 1, 10), Budget.parse("3M")
    candidate = Candidate.measure(tiny.space((0, 1, 0, 1, 1, 0)), 0.9, budget=budget, template=template)
    gate = Fidelity(0.4, -0.1, 0.7, 12, False)
    provenance = Provenance("0.1.0", "fashion", "0" * 16, "tiny", "score", 2, 0, "1" * 16, 0.5, 3_000_000, 0.3, gate)
    EliteSpace(budget, template, (candidate,), provenance).save(run)
    for epoch in (1, 2):
        state = {"expected_cost": 4e6 / epoch, "entropy": 3.0 / epoch, "probabilities": [[0.5, 0.5]] * 6}
        record = {"epoch": epoch, "epochs": 2, "warmup": epoch == 1, "seconds": 1.0, "loss": 2.0}
        record |= {"budgets": {"3M": state}, "exposure": [{"blocks": [1.0, 0.5], "channels": [1.0, 0.5]}] * 3}
        with (run / "search.jsonl").open("a") as stream:
            stream.write(json.dumps(record) + "\n")
    networks = [
        {"population": "whole-3M", "place": i, "band": "3M" if i else None, "validation_error": 0.3 + i / 50}
        | {"scores": {"super network": 0.4 + i / 60}}
        for i in range(6)
    ]
    agreement = {"score": "super network", "group": "overall", "n": 6, "tau": [1, 1, 1], "rho": [1, 1, 1]}
    (run / "fidelity.json").write_text(json.dumps({"agreements": [agreement], "networks": networks}))
    write_networks(evaluation, tiny, {"elite-3M": 0.2, "expanded-3M": 0.25, "uniform-width-3M": 0.3})
    (evaluation / "evaluation.yaml").write_text("recipe: {name: quick}\nseed: 0\n")
    return [run, evaluation]


def test_every_kind_of_record_becomes_a_chart_and_a_table(runs: list[Path]) -> None:
    material = gather(runs)
    names = [chart.name for chart in all_charts(material)]
    assert names == ["error-flops", "edf-3M", "fidelity", "expected-flops", "entropy", "theta-3M", "exposure"]
    tables = {table.title: table for table in all_tables(material)}
    assert len(tables) == 7
    (elite,) = tables["Elite Spaces"].rows
    assert elite[-1] == "NOT TRUSTWORTHY, τ 0.40"
    assert [row[:2] for row in tables["Spaces compared"].rows] == [
        ["elite-3M", "expanded-3M"],
        ["elite-3M", "uniform-width-3M"],
    ]
    assert tables["Trainings that did not go well"].rows == [["expanded-3M", "0", "diverged", "the loss is nan"]]


def test_figures_are_drawn_from_the_rows_of_the_store(runs: list[Path]) -> None:
    material = gather(runs)
    chart = all_charts(material)[0]
    points = [s for s in chart.series if s.kind == "points"]
    assert sum(len(s.x) for s in points) == 3 * N - 1
    row = material.networks[0]
    text = next(h for s in points for h in s.hover if f"{row['population']} #{row['place']} " in h)
    assert f"row {row['id']}" in text
    assert str(row["depth"]) in text
    cloud = material.populations()["expanded-3M"]
    front = next(s for s in chart.series if s.name == "front of the whole space")
    kept = pareto_front([r["flops"] for r in cloud], [r["test_error"] for r in cloud])
    assert sorted(front.y[:-1]) == sorted(r["test_error"] for r, k in zip(cloud, kept, strict=True) if k)
    assert front.x[-1] == max(row["flops"] for row in material.networks)
    assert "n = 23 networks, recipe quick, seed 0" in chart.note


def test_the_page_is_one_file_that_loads_nothing(runs: list[Path], tmp_path: Path) -> None:
    files = write_report(runs, tmp_path / "out" / "report.html")
    assert {path.suffix for path in files[1:]} == {".png", ".svg"}
    assert len(files) == 1 + 2 * 7
    assert all(path.stat().st_size > 2000 for path in files)
    text = files[0].read_text()
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=", text)


def test_a_page_runs_the_scripts_that_it_was_written_with_and_no_other(runs: list[Path], tmp_path: Path) -> None:
    text = write_report(runs, tmp_path / "report.html")[0].read_text()
    (allowed,) = re.findall(r'Content-Security-Policy" content="default-src \'none\'; script-src ([^;]*);', text)
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) > 7
    digests = {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts}
    assert {f"'sha256-{digest}'" for digest in digests} == set(allowed.split())
    assert text.index("Content-Security-Policy") < text.index("<script")
    assert not re.findall(r"<[a-z][^>]* on[a-z]+=", re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL))


def test_a_report_needs_no_torch_and_no_images(runs: list[Path], tmp_path: Path) -> None:
    arguments = ["netspace", "report", *map(str, runs), "--out", str(tmp_path / "report.html")]
    code = (
        f"import sys; sys.argv = {arguments!r}\n"
        "from netspace.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "sys.exit('torch' in sys.modules or 'datasets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "14 pictures" in done.stdout


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: apt-get install chromium)")
def test_a_browser_draws_every_figure_without_an_error(runs: list[Path], tmp_path: Path) -> None:
    leave_front(runs[0])
    (page, *_) = write_report(runs, tmp_path / "report.html")
    profile = tmp_path / "profile"
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--enable-logging=stderr",
    ]
    flags += [f"--user-data-dir={profile}", "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=8000"]
    done = subprocess.run(
        [str(CHROMIUM), *flags, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=400, check=False
    )
    plots = done.stdout.split('class="plotly-graph-div js-plotly-plot"')[1:]
    assert len(plots) == 8
    assert all('class="main-svg"' in plot and ('class="trace' in plot or 'class="hm"' in plot) for plot in plots)
    assert "CONSOLE" not in done.stderr


def test_watching_shows_the_run_as_it_is_now(runs: list[Path], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for folders, wanted in (([empty], "Nothing to show yet"), (runs, "Elite Spaces")):
        server = watch_server(folders, 0)
        assert server.server_address[0] == "127.0.0.1"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_address[1]}/") as answer:
            text = answer.read().decode()
        server.shutdown()
        server.server_close()
        assert wanted in text
        assert 'http-equiv="refresh"' in text


def test_a_page_says_how_far_runs_are(runs: list[Path]) -> None:
    material = gather(runs)
    assert "Searching:" not in render_page(material, [])
    assert "Training:" not in render_page(material, [])
    material.epochs[-1]["epochs"] = 5
    material.waiting.append(material.networks.pop())
    text = render_page(material, [])
    assert "Searching: epoch 2 of 5. Training: 23 of 24 networks are done." in text


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetspaceError, match="holds no run to report"):
        gather([tmp_path])


def test_evaluations_of_two_recipes_are_not_mixed(runs: list[Path], tmp_path: Path) -> None:
    other = tmp_path / "other"
    NetworkStore(other).create(recipe="another", data="d", template="t")
    with pytest.raises(NetspaceError, match="hold networks of another recipe each .*report them apart"):
        gather([*runs, other])


def test_a_chart_survives_as_plain_data(runs: list[Path]) -> None:
    for chart in all_charts(gather(runs)):
        assert asdict(chart)["name"] == chart.name
        assert len(to_plotly(chart).data) >= max(len(chart.heat_maps), 1)


def test_elites_of_two_runs_from_two_folders_are_compared_and_not_mixed(tmp_path: Path, tiny: SearchSpace) -> None:
    def text(choice: int) -> str:
        return json.dumps(to_plain(tiny.space((choice,) * 6)))

    one = Population("elite-3M", "elite", "elite", run="a", space=text(0)).at(Budget.parse("3M"))
    for folder, population in (("first", one), ("again", one), ("second", replace(one, run="b", space=text(1)))):
        write_networks(tmp_path / folder, tiny, {"elite-3M": 0.2, "expanded-3M": 0.3})
        NetworkStore(tmp_path / folder).add([], [population])
        (tmp_path / folder / "evaluation.yaml").write_text("populations: {elite-3M: {members: 8, in_band: 2}}\nn: 8\n")
    material = gather([tmp_path / folder for folder in ("first", "again", "second")])
    sizes = {name: len(rows) for name, rows in material.populations().items()}
    assert sizes == {"elite-3M": 2 * N, "expanded-3M": 3 * (N - 1), "elite-3M-b": N}
    assert material.pairs() == [
        ("elite-3M", "elite-3M-b"),
        ("elite-3M", "expanded-3M"),
        ("elite-3M-b", "expanded-3M"),
    ]
    assert set(material.space_sizes()) == {"elite-3M", "elite-3M-b"}
    assert {row["folder"] for row in material.populations()["elite-3M-b"]} == {str(tmp_path / "second")}


def test_elites_have_a_colour_of_their_own_whatever_they_are_called(tmp_path: Path, tiny: SearchSpace) -> None:
    write_networks(tmp_path, tiny, {"found": 0.2, "expanded-3M": 0.3})
    NetworkStore(tmp_path).add([], [Population("found", "elite", "elite").at(Budget.parse("3M"))])
    material = gather([tmp_path])
    cloud, distribution = all_charts(material)[:2]
    (look,) = [s for s in cloud.series if s.name.startswith("found")]
    assert look.filled
    assert distribution.name == "edf-3M"
    assert [s.name for s in distribution.series if s.kind == "band"] == ["expanded-3M 95 %", "found 95 %"]
