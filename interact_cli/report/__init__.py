"""Reports: HDF5 schema and files, terminal summary, pictures, exports."""

from __future__ import annotations

import os

# Before anything in this room imports h5py: HDF5 loads no filter plugin from disk.
os.environ["HDF5_PLUGIN_PRELOAD"] = "::"
