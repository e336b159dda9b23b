"""Masked forward passes: the only place where the network runs on masked inputs."""
