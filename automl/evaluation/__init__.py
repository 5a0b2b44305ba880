"""Metrics of a model, and the tests that tell a real difference from chance. numpy only."""
