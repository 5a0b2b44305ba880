"""Prediction and truth records: their format, ids, the append writer and the readers."""
