"""Programs for the Python of `.venv-clients`: each takes a URL, prints one JSON object of what its client found."""
