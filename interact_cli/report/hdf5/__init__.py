"""The report as one HDF5 file: schema, atomic writer, allow-list reader."""
