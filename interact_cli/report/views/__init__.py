"""What the arrays of a report say, with names: for the terminal, the pictures and JSON alike."""
