"""Tables of numbers: delimited text, Parquet, and the papers' tables."""
