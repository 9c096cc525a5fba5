"""The API's CORS settings, put right in the emulator after each deploy.

Of an API that CloudFormation makes, it keeps them under CloudFormation's names (AllowOrigins),
looks for API Gateway's own (allowOrigins), and turns every browser away. UpdateApi is heard.
"""

import json
from pathlib import Path
from typing import Any


def mend(apis: Any, api_id: str, template: Path) -> None:
    """Give an HTTP API the settings of the compiled template; `apis` is an apigatewayv2 client."""
    resources = json.loads(template.read_text())["Resources"].values()
    (api,) = (each for each in resources if each["Type"] == "AWS::ApiGatewayV2::Api")
    # boto3 takes CloudFormation's names, and sends API Gateway's.
    apis.update_api(ApiId=api_id, CorsConfiguration=api["Properties"]["CorsConfiguration"])
