"""The worked examples of "extend netspace": short, and each does what it says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))
PRINTS = {
    "block": "params=137850, activations=126986) 137850",
    "cost": "194,203 networks move traffic=2M",
    "estimator": "d=[",
    "knob": "5,445 of 110,592 networks cost 20M",
}


def test_there_is_an_example_of_each_kind() -> None:
    assert [file.stem for file in EXAMPLES] == sorted(PRINTS)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_is_shorter_than_40_lines_and_prints_what_it_says(file: Path, tmp_path: Path) -> None:
    assert len(file.read_text().splitlines()) < 40
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(file)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert PRINTS[file.stem] in done.stdout


def test_the_page_on_several_devices_shows_the_file_for_slurm_as_it_is() -> None:
    text = (ROOT / "docs" / "examples" / "slurm.sh").read_text()
    assert f"```bash\n{text}```" in (ROOT / "docs" / "supernetwork.md").read_text()
    assert subprocess.run(["bash", "-n", "-c", text], check=False).returncode == 0


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_the_page_shows_the_example_as_it_is(file: Path) -> None:
    assert f"```python\n{file.read_text()}```" in (ROOT / "docs" / "extend.md").read_text()
