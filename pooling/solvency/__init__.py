"""How long the funds last: figures, reserves, a simulation of the next 24 months, and one sentence for each fund."""
