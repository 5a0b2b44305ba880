"""Tests of the intake of ground truth."""
