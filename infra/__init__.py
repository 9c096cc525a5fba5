"""CloudFormation by concern, and the part that is generated for each size."""
