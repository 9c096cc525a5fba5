"""The function that serves the console's files, and the output with its address."""

from typing import Any

from infra.api.parameters import ApiParameters
from infra.dashboard import dashboard_url
from infra.delivery import images_url
from infra.functions import build_role
from infra.naming import arn, sub
from infra.originals import originals_bucket
from infra.parameters import Parameters
from lib.keys import CONSOLE_FOLDER
from lib.sizes import Size, pack_sizes

CONSOLE = f"GET /{CONSOLE_FOLDER}/{{path+}}"
_FUNCTION = "console"
_ROLE = "RoleOfConsole"
_ORIGINALS = "https://%s.s3.${AWS::Region}.${AWS::URLSuffix}"


def console_function(parameters: Parameters, sizes: list[Size]) -> dict[str, Any]:
    """Builds the function's entry in serverless.yml's `functions`; everybody may call it.

    Its files hold no data: what they show, they ask the API for, with the visitor's token.
    """
    method, path = CONSOLE.split()
    return {
        _FUNCTION: {
            "name": f"{parameters.prefix}-{_FUNCTION}",
            "description": "Serves the console",
            "handler": "handlers.console.handler",
            "role": arn(_ROLE),
            "memorySize": 512,
            "timeout": 10,
            "environment": {
                "STAGE": parameters.stage,
                "API_URL": parameters.api_url,
                "AUTH": parameters.auth,
                "IMAGES_URL": images_url(parameters),
                # Where the tickets' forms are posted to.
                "ORIGINALS_URL": parameters.emulator
                or sub(_ORIGINALS % originals_bucket(parameters)),
                "PACKED_SIZES": pack_sizes(sizes),
                "RENDER": str(parameters.render).lower(),
                "IS_PRIVATE": str(parameters.is_private).lower(),
                "UPLOAD_TYPES": parameters.upload_types_json,
                "DASHBOARD_URL": "" if parameters.emulator else dashboard_url(parameters),
            },
            "events": [{"httpApi": {"method": method, "path": path}}],
        }
    }


def console_resources(parameters: ApiParameters) -> dict[str, Any]:
    """Builds the function's role, without permissions."""
    return {_ROLE: build_role(parameters, _FUNCTION)}


def console_outputs(parameters: Parameters) -> dict[str, Any]:
    """Builds the output with the console's address."""
    if not parameters.console:
        return {}
    base = parameters.api_url if parameters.is_public else images_url(parameters)
    path = f"/{CONSOLE_FOLDER}/index.html"
    return {"ConsoleUrl": {"Value": {"Fn::Join": ["", [base, path]]}}}
