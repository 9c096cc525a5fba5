"""Code that several Lambda handlers share."""
