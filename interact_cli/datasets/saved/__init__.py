"""A folder that the library ``datasets`` saved, read without it."""
