"""Images in the layouts that people have."""
