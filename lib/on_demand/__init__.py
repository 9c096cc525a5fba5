"""Pictures made as they are asked for, by the renderer and the protocol of the queues' workers.

`declared` makes variants of declared sizes that are missing; `signed` makes pictures of any
dimensions for whoever has a signed URL; `posted` renders what a request brings along.
"""

# What metrics and logs have for a size: what is made as it is asked for counts as one.
PLACE = "on-demand"

# Where attempts are on record, beside failure records: no size's name begins with an underscore.
ATTEMPTS = "_attempts"

# What a function can answer with, in bytes: of Lambda's 6 MB a third goes to base64, and some to
# headers.
MAX_PICTURE_BYTES = 4_400_000
