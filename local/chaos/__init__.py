"""Proof under fire: the local stack while S3 fails and workers die, and as fast as it can go."""
