"""Tests of the prediction and truth log."""
