"""The list of runs, what changed between two, and taking one away."""
