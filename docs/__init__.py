"""The documentation, and what builds the parts of it that the code knows better."""
