"""Indices of games: exact from a full table, sampled from designs of coalitions. numpy only."""
