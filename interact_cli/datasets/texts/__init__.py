"""Texts: GLUE's tables, newsgroups, text files, the command line."""
