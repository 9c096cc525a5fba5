"""The fan-out: renders current variants for S3 events."""

# The size of metrics of the whole stage: no size's name begins with an underscore.
WHOLE_STAGE = "_all"
