"""NAS in each Elite Space against NAS in the whole space: the experiment of the paper's Table 1 on a run."""

from netspace.nas_comparison.asked import NasComparison, open_comparison
from netspace.nas_comparison.comparison import compare_nas
from netspace.nas_comparison.plan import glance_at_comparison, plan_comparison, seeds_within

__all__ = [
    "NasComparison",
    "compare_nas",
    "glance_at_comparison",
    "open_comparison",
    "plan_comparison",
    "seeds_within",
]
