"""Evergreen whole on one machine: Azurite for storage, a local host for the functions, and `up`, `down`, `status`."""
