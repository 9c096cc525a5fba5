"""A contact sheet: the photos of a folder at each size of a sizes.yml, rendered on this machine."""
