#!/usr/bin/env bash
# One machine: Ray starts with the command, trains one network on each core, and ends with it.
set -euo pipefail
export RAY_USAGE_STATS_ENABLED=0

netspace search --dataset fashion --space tiny --budget 2M --estimator population --pool ray --out runs/there
