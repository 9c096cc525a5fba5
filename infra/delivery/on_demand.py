"""The on-demand function as an origin of the CDN."""

from infra.delivery.parameters import DeliveryParameters

# Name of the origin.
ON_DEMAND = "on-demand"
# Serverless's logical id of the Function URL (infra/on_demand/functions.py).
FUNCTION_URL = "OndemandLambdaFunctionUrl"
# The only distribution that may call it (infra/delivery/relay.py).
RELAY = "OnDemandRelay"


def has_on_demand_origin(parameters: DeliveryParameters) -> bool:
    """Returns whether the function is an origin; for an emulator's CDN, local/cdn.py calls it."""
    return bool(parameters.on_demand and not parameters.emulator)


def has_failover(parameters: DeliveryParameters) -> bool:
    """Returns whether the CDN asks the function for objects that S3 lacks."""
    return has_on_demand_origin(parameters) and "declared" in parameters.on_demand
