#!/bin/bash
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=8

# All meet at the first machine. Each process sees all GPUs of its machine and takes its own.
export MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
export MASTER_PORT=29500
export OMP_NUM_THREADS=$SLURM_CPUS_PER_TASK

srun --kill-on-bad-exit=1 netspace search --devices 4 --nodes 2 --dataset "$PWD/photos" --space small \
  --estimator front --budget 5M --budget 20M --out runs/photos
