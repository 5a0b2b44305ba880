"""From a table to a registered version: dataset, search, pipeline."""
