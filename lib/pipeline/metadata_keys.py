"""Names of the metadata that every variant carries (S3 stores them as x-amz-meta-*).

Apart from what renders, so that those who only ask about variants load no pixels.
"""

ORIGINAL_ETAG = "original-etag"
RECIPE = "recipe"
# Such as 4032x3024, the photo as it was taken, and 400x300, the variant.
ORIGINAL_PIXELS = "original-pixels"
PIXELS = "pixels"
