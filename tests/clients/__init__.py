"""The running app, talked to over sockets by the clients that others wrote for these protocols."""
