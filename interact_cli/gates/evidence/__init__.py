"""What two reports offer: whether they can be compared, which samples they share, which of their numbers are sound."""
