"""How often the rules of deciding err, and how late they are, on streams drawn by chance: `make simulate`."""
