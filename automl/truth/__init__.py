"""Intake of ground truth; as light as scoring."""
