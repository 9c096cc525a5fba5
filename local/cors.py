"""Repairs the API's CORS settings in the emulator after each deploy.

The emulator stores the settings under CloudFormation's names (AllowOrigins), but reads API
Gateway's (allowOrigins), and so refuses every browser. UpdateApi sets the right names.
"""

import json
from pathlib import Path
from typing import Any


def update(apis: Any, api_id: str, template: Path) -> None:
    """Sets the compiled template's CORS settings; `apis` is an apigatewayv2 client."""
    resources = json.loads(template.read_text())["Resources"].values()
    (api,) = (each for each in resources if each["Type"] == "AWS::ApiGatewayV2::Api")
    # boto3 accepts CloudFormation's names, and sends API Gateway's.
    apis.update_api(ApiId=api_id, CorsConfiguration=api["Properties"]["CorsConfiguration"])
