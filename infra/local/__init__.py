"""The system on one machine: Azurite, the local functions host, up and down."""
