#!/usr/bin/env bash
# Three machines by ssh: this one leads, HOSTS join it. On each, netspace is installed in the same folder VENV:
#   python3 -m venv ~/netspace && ~/netspace/bin/pip install 'netspace[cluster]'
# Give the arguments of a command: three_by_ssh.sh search --dataset photos --space small … --pool ray --out runs/photos
# The data and the results are on this machine alone. All ports are open among the three.
set -euo pipefail
HOSTS=(${HOSTS:-second third})
VENV=${VENV:-$HOME/netspace}
FIRST=${FIRST:-$(hostname -I | cut -d' ' -f1)} # an address that the others reach
RAY_AUTH_TOKEN=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n') # of this run; who lacks it is turned away
export RAY_USAGE_STATS_ENABLED=0 RAY_ADDRESS=$FIRST:6379 RAY_AUTH_MODE=token RAY_AUTH_TOKEN

stop() {
  for host in "${HOSTS[@]}"; do ssh "$host" "$VENV/bin/ray" stop || true; done
  "$VENV/bin/ray" stop
}
trap stop EXIT
RAY_ADDRESS='' "$VENV/bin/ray" start --head --node-ip-address "$FIRST" --port 6379
for host in "${HOSTS[@]}"; do
  ssh "$host" "read -r RAY_AUTH_TOKEN; export RAY_AUTH_TOKEN RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0;" \
    "$VENV/bin/ray" start --address "$RAY_ADDRESS" <<<"$RAY_AUTH_TOKEN"
done
"$VENV/bin/netspace" "$@"
