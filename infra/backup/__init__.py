"""Saves everything a deployment knows into a folder, and brings it back into an empty account."""
