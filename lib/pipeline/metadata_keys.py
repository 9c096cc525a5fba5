"""Keys of every variant's metadata (S3 stores them as x-amz-meta-*).

A module of its own, so that readers of metadata do not import the image libraries.
"""

ORIGINAL_ETAG = "original-etag"
RECIPE = "recipe"
# Pixels of the original, such as 4032x3024, and of the variant, such as 400x300.
ORIGINAL_PIXELS = "original-pixels"
PIXELS = "pixels"
