"""Thin adapters, one trigger or one protocol each: parse, call automl, answer. No logic."""
