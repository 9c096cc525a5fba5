"""The function that makes pictures on demand, as the CDN sees it."""

from infra.delivery.parameters import DeliveryParameters

# The origin's name.
ON_DEMAND = "on-demand"
# How Serverless names what it makes of the function's `url` (infra/on_demand/functions.py).
FUNCTION_URL = "OndemandLambdaFunctionUrl"
# The distribution that alone may call it (infra/delivery/relay.py).
RELAY = "OnDemandRelay"


def has_on_demand_origin(parameters: DeliveryParameters) -> bool:
    """Whether the function is an origin; an emulator's CDN cannot call it (local/cdn.py does)."""
    return bool(parameters.on_demand and not parameters.emulator)


def has_failover(parameters: DeliveryParameters) -> bool:
    """Whether the function is asked for what S3 lacks."""
    return has_on_demand_origin(parameters) and "declared" in parameters.on_demand
