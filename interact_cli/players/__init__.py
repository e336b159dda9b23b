"""The parts of an input, or of an activation, as players."""
