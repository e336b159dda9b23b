"""Reference networks and the networks of the demo: small, seeded, trained on the spot."""
