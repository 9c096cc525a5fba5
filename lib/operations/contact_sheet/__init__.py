"""A contact sheet: photos of a folder or a stage at each size, rendered on this machine."""
