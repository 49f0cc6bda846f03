"""How long a space's networks take on a device: measured here, or told by a table of measurements made elsewhere."""

from netspace.profiling.elsewhere import emit_networks, profile_of_table
from netspace.profiling.profile import profile_space
from netspace.profiling.targets import TARGETS, check_target

__all__ = ["TARGETS", "check_target", "emit_networks", "profile_of_table", "profile_space"]
