"""From a path to one set of weights and a file's own words about them; nothing unsafe is opened."""
