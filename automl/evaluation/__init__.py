"""Metrics and comparisons of models, in plain numpy."""
