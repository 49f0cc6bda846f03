"""Numbers about populations of trained networks."""

from netspace.analysis.edf import (
    Edf,
    Interval,
    complexity_weights,
    edf_band,
    error_edf,
    mean_interval,
    mean_share,
    quantile_interval,
)
from netspace.analysis.fidelity import Agreement, agreements, is_open
from netspace.analysis.pareto import distance_to_front, hypervolume, pareto_front
from netspace.analysis.populations import PopulationSummary, compare_all, summarise
from netspace.analysis.proxies import FREE, free_proxies, leave_one_out, log_features, ridge
from netspace.analysis.rank import (
    Comparison,
    bootstrap,
    compare,
    holm,
    kendall_tau,
    probability_of_beating,
    spearman_rho,
)
from netspace.analysis.samples import SamplesNeeded, draws_until, draws_until_interval, samples_needed

__all__ = [
    "FREE",
    "Agreement",
    "Comparison",
    "Edf",
    "Interval",
    "PopulationSummary",
    "SamplesNeeded",
    "agreements",
    "bootstrap",
    "compare",
    "compare_all",
    "complexity_weights",
    "distance_to_front",
    "draws_until",
    "draws_until_interval",
    "edf_band",
    "error_edf",
    "free_proxies",
    "holm",
    "hypervolume",
    "is_open",
    "kendall_tau",
    "leave_one_out",
    "log_features",
    "mean_interval",
    "mean_share",
    "pareto_front",
    "probability_of_beating",
    "quantile_interval",
    "ridge",
    "samples_needed",
    "spearman_rho",
    "summarise",
]
