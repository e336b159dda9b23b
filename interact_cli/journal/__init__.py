"""Finished work on disk, so that a run that stops can go on."""
