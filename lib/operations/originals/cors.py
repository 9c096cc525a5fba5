"""The rule that lets browsers post upload forms to a bucket, beside the rules of others."""

from typing import Any, NamedTuple

from lib.aws.buckets import read_cors, write_cors
from lib.aws.clients import S3Client
from lib.errors import ConfigError

# S3's limit on a bucket's rules.
_MAX_RULES = 100
# Seconds that browsers cache the answer, as for a bucket that the stack creates.
_MAX_AGE = 3600


class CorsPlan(NamedTuple):
    """A bucket's rules as they are, and as they would be."""

    before: list[dict[str, Any]]
    after: list[dict[str, Any]]

    @property
    def changes(self) -> bool:
        """Whether there is anything to write."""
        return self.before != self.after


def make_rule(rule_id: str, origins: list[str]) -> dict[str, Any]:
    """Builds the rule: pages of these origins may post forms, and nothing else."""
    return {
        "ID": rule_id,
        "AllowedMethods": ["POST"],
        "AllowedOrigins": origins,
        "AllowedHeaders": ["*"],
        "MaxAgeSeconds": _MAX_AGE,
    }


def plan_cors(s3: S3Client, bucket: str, rule_id: str, origins: list[str] | None) -> CorsPlan:
    """Reads a bucket's rules and adds or changes the one of this id; removes it without origins.

    Raises ConfigError if S3 takes no further rule.
    """
    before = read_cors(s3, bucket)
    after = [rule for rule in before if rule.get("ID") != rule_id]
    if origins is not None:
        after.append(make_rule(rule_id, origins))
    if len(after) > _MAX_RULES:
        raise ConfigError(
            f"The bucket {bucket} has {len(before)} CORS rules, and S3 takes {_MAX_RULES}: remove "
            "one first"
        )
    same = sorted(map(str, before)) == sorted(map(str, after))
    return CorsPlan(before, before if same else after)


def apply_cors(s3: S3Client, bucket: str, plan: CorsPlan) -> None:
    """Writes the planned rules; raises ConfigError if somebody else changed them meanwhile."""
    if read_cors(s3, bucket) != plan.before:
        raise ConfigError(
            f"The CORS rules of the bucket {bucket} have just been changed by somebody else: run "
            "the command again"
        )
    write_cors(s3, bucket, plan.after)
