"""The notes of a release, taken from CHANGELOG.md."""
