"""From which probability a label is stated, and from which it is shown as possible."""

SURE = 0.5
"""Probability from which a finding rests on a label: it is then more likely right than wrong."""
POSSIBLE = 0.2
"""Probability from which a label that was not given is possible, and to be read."""
SENSITIVITY = tuple(round(0.05 * i, 2) for i in range(1, 20))
"""Thresholds over which counts are told, to show how far they depend on one."""
