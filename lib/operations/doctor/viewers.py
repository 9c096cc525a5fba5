"""Checks a private stage: who CloudFront shows images to, and whether anything can sign for it."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from lib.auth.viewer_keys import ViewerKeys, find_signing_key
from lib.operations.doctor.findings import Finding, ok, problem, warning


def check_behaviours(open_paths: list[str]) -> Finding:
    """Checks that every behaviour of the distribution requires a signature."""
    if open_paths:
        return problem(
            f"the CDN: {', '.join(open_paths)} requires no signature, though viewers is signed",
            "everyone can see the images there",
        )
    return ok("the CDN: every image requires a signature")


def check_key_group(members: list[str], cloudfront_ids: Mapping[str, str]) -> Iterator[Finding]:
    """Checks that CloudFront's key group has the keys of the last deploy, and no others."""
    missing = set(cloudfront_ids.values()) - set(members)
    foreign = set(members) - set(cloudfront_ids.values())
    if missing:
        yield problem(
            f"the viewer keys: {', '.join(sorted(missing))} was taken out of the key group",
            "URLs and cookies that are signed with it get 403",
        )
    if foreign:
        yield problem(
            f"the viewer keys: the key group has {', '.join(sorted(foreign))}, which no deploy "
            "put there",
            "whoever has its private key can see all images",
        )
    if not missing and not foreign:
        yield ok("the viewer keys: the key group is as it was deployed")


def check_keys(
    keys: ViewerKeys, cloudfront_ids: Mapping[str, str], now: datetime
) -> Iterator[Finding]:
    """Checks that the secret's keys are those that CloudFront has, and that one of them signs."""
    known = {key.id for key in keys}
    waiting = [key.id for key in keys if key.id not in cloudfront_ids]
    retired = sorted(cloudfront_ids.keys() - known)
    if find_signing_key(keys, cloudfront_ids, now) is None:
        yield problem(
            "the viewer keys: none of the secret's keys is in CloudFront's key group and signs",
            "no URL can be signed, and those that exist cannot be renewed",
        )
        return
    if waiting:
        yield warning(
            f"the viewer keys: {', '.join(waiting)} waits for a deploy to put it to use",
            "a rotation is not finished: the older key signs, and may be the one that leaked",
        )
    elif any(key.signs_from is None for key in keys):
        yield warning(
            "the viewer keys: the last step of the last deploy is missing, so its new key does "
            "not sign",
            "a rotation is not finished: the older key signs, and may be the one that leaked",
        )
    if retired:
        yield warning(
            f"the viewer keys: {', '.join(retired)} is out of the secret, and still in "
            "CloudFront's key group",
            "URLs and cookies of that key still show images",
        )
    if not waiting and not retired:
        yield ok("the viewer keys: CloudFront has those of the secret")
