"""What the timer does: ingest, join, detect, judge, decide."""
