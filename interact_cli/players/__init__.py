"""The input of a model as players."""
