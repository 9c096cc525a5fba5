"""Delivery of the variants: through CloudFront, or from the bucket's own address."""
