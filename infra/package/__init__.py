"""What is sent to Azure: one package for each app, each with its own requirements. Standard library alone."""
