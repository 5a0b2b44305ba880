"""What is known about the Bicep files without deploying them: read by tree-sitter, held against Azure's own types."""
