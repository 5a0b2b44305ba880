"""Does a deployment answer? Standard library and the Azure CLI alone: it runs right after a deployment in CI."""
