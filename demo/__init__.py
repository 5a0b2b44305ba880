"""The demonstration: loan applications made on the spot, a world that changes, and a model that notices."""
