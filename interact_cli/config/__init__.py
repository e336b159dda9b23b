"""Frozen settings: what the user asked for, resolved once, stored in every report."""
