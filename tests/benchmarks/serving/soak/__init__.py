"""A soak: long load while champions change, storage fails and the host is killed, and every promise is checked."""
