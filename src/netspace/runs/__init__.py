"""A run's folder opened as one value, for every command and for Python, without torch."""

from netspace.runs.run import CALIBRATION, CONFIG, FIDELITY, FRONT, TABLE, Run
from netspace.runs.scores import Readings, ScoreFile

__all__ = [
    "CALIBRATION",
    "CONFIG",
    "FIDELITY",
    "FRONT",
    "TABLE",
    "Readings",
    "Run",
    "ScoreFile",
]
