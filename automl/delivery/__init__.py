"""Events on their way to a webhook: what is sent, to whom, and what has arrived. The monitor's timer drives it."""
