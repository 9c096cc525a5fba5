"""Keys of the metadata of variants and originals (S3 stores them as x-amz-meta-*).

A module of its own, so that readers of metadata do not import the image libraries.
"""

ORIGINAL_ETAG = "original-etag"
RECIPE = "recipe"
# Pixels of the original, such as 4032x3024, and of the variant, such as 400x300.
ORIGINAL_PIXELS = "original-pixels"
PIXELS = "pixels"
# The focal point of the original, such as 0.3,0.4: of an original that has one, and of variants of
# it whose size is cropped to it.
FOCUS = "focus"
# The placeholder: ThumbHash in base64, and the most frequent colour as #rrggbb.
THUMBHASH = "thumbhash"
COLOR = "color"
