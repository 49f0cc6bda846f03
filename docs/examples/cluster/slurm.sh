#!/usr/bin/env bash
# In a SLURM allocation: sbatch slurm.sh. The first node leads and runs the command; all nodes train. Submitted again
# after a time limit, it goes on where it was stopped.
#SBATCH --job-name=netspace
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=32
#SBATCH --time=08:00:00
#SBATCH --signal=B:TERM@120
# With GPUs: #SBATCH --gpus-per-node=4 and --pool ray,gpus=0.25 below; Ray finds those that SLURM allots.
set -euo pipefail
source "${VENV:-$HOME/netspace}/bin/activate" # on a disk that all nodes see
mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
first=${nodes[0]}
address=$(srun --nodes=1 --ntasks=1 --nodelist="$first" hostname --ip-address | awk '{print $1}')
port=$((20000 + SLURM_JOB_ID % 10000)) # two jobs may share a node
RAY_AUTH_TOKEN=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n') # of this job; who lacks it is turned away
export RAY_USAGE_STATS_ENABLED=0 RAY_ADDRESS=$address:$port RAY_AUTH_MODE=token RAY_AUTH_TOKEN

srun --nodes=1 --ntasks=1 --nodelist="$first" --cpus-per-task="$SLURM_CPUS_PER_TASK" --overlap env -u RAY_ADDRESS \
  ray start --head --node-ip-address "$address" --port "$port" --num-cpus "$SLURM_CPUS_PER_TASK" --block &
sleep 15
if ((${#nodes[@]} > 1)); then
  others=$((${#nodes[@]} - 1))
  srun --nodes=$others --ntasks=$others --exclude="$first" --cpus-per-task="$SLURM_CPUS_PER_TASK" --overlap \
    ray start --address "$RAY_ADDRESS" --num-cpus "$SLURM_CPUS_PER_TASK" --block &
fi
sleep 15

netspace search --dataset photos --space small --budget 20M --estimator population \
  --set search.front.population=500 --pool ray --out runs/photos &
command=$!
trap 'kill -TERM "$command"; wait "$command"' TERM # what is being trained waits again
wait "$command"
