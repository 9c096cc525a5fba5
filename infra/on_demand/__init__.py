"""Resources that render variants and signed images on demand."""
