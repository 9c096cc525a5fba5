"""IAM policy that lets an identity deploy, update and remove one stage, and nothing else."""

from lib.operations.deploy_policy.documents import (
    POLICY_LIMIT,
    Target,
    count_characters,
    make_documents,
)

__all__ = ["POLICY_LIMIT", "Target", "count_characters", "make_documents"]
