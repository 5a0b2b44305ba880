"""Where Evergreen runs: Bicep for Azure, `local/` for one laptop."""
