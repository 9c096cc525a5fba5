"""Limits of AWS that decide how fast a burst is rendered, each with the page that documents it."""

# An event source mapping begins with five concurrent invocations, adds up to 300 a minute while
# messages wait, and never has more than 1,250:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
INITIAL_CONCURRENCY = 5
CONCURRENCY_PER_MINUTE = 300
MAX_CONCURRENCY = 1250
# The most that a mapping's maximum concurrency can be set to (the same page).
MAX_CONCURRENCY_SETTING = 1000
# A function gets at most 1,000 more execution environments every 10 seconds:
# https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html
ENVIRONMENTS_PER_10_SECONDS = 1000
# Concurrent executions of all functions of an account in a region, until AWS raises it:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ACCOUNT_CONCURRENCY = 1000
# Requests per second and prefix that S3 serves at least; it takes more once it has split the
# prefix: https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
S3_WRITES_PER_SECOND = 3500
S3_READS_PER_SECOND = 5500
# At this memory a function has one vCPU; less memory is a share of it:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
ONE_CPU_MEMORY = 1769
# A poller waits so long for a message; five ask while nothing arrives. Fewer would, but not with a
# maximum concurrency (the page of the first constants):
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
LONG_POLL_SECONDS = 20

MONTH_SECONDS = 30 * 24 * 60 * 60
IDLE_POLLS = INITIAL_CONCURRENCY * MONTH_SECONDS // LONG_POLL_SECONDS
# How much the concurrency of one size grows in a second.
RAMP_PER_SECOND = min(CONCURRENCY_PER_MINUTE / 60, ENVIRONMENTS_PER_10_SECONDS / 10)
