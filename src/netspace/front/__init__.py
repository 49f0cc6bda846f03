"""The whole front of spaces from one set of scores: every space of the grid judged at every budget, without torch."""
