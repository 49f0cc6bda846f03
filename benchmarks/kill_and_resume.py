"""Kill a command with SIGKILL at random moments, resume it, and compare its files with an uninterrupted run's.

    python benchmarks/kill_and_resume.py --whole runs/c10 --killed runs/c10-killed --kills 3 --between 60 200 -- \\
        netspace search --dataset ../shared/data/cifar10 --space small --budget 10M --budget 30M --budget 80M \\
        --estimator front
    python benchmarks/kill_and_resume.py --whole runs/auto --killed runs/auto-killed --kills 5 --between 5 60 \\
        --files 'network/*.safetensors' -- netspace auto --data photos --budget 5M
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path

from killing import killed_runs


def main() -> None:
    """Run, kill, resume, compare; the last line is one JSON value."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whole", type=Path, required=True, help="folder of a finished, uninterrupted run")
    parser.add_argument("--killed", type=Path, required=True, help="folder of the run that is killed")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--between", type=float, nargs=2, default=(60, 200), help="seconds before each kill")
    parser.add_argument("--files", default="elite-*.yaml", help="pattern of the files to compare")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="file to write")
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()
    command = [*args.command, "--out", str(args.killed)]
    moments = []
    for killed in killed_runs(command, args.kills, between=args.between, seed=args.seed):
        moments.append({**killed, "there": sorted(str(p.relative_to(args.killed)) for p in args.killed.glob("*"))})
        print(moments[-1], flush=True)
    subprocess.run(command, check=True)
    files = sorted(str(path.relative_to(args.whole)) for path in args.whole.glob(args.files))
    equal = {name: (args.whole / name).read_bytes() == (args.killed / name).read_bytes() for name in files}
    result = {"kills": moments, "equal_byte_for_byte": equal, "command": args.command}
    if args.json is not None:
        args.json.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
