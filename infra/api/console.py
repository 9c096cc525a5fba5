"""The function that serves the console's files, and the output with its address."""

from infra.dashboard import dashboard_url
from infra.delivery.resources import images_url
from infra.functions import Part, build_function, route_event
from infra.naming import sub
from infra.originals import originals_bucket
from infra.parameters import Parameters
from lib.keys import CONSOLE_FOLDER
from lib.sizes import Size, pack_sizes

CONSOLE = f"GET /{CONSOLE_FOLDER}/{{path+}}"
_ORIGINALS = "https://%s.s3.${AWS::Region}.${AWS::URLSuffix}"


def console(parameters: Parameters, sizes: list[Size]) -> Part:
    """Builds the function, which everybody may call; nothing on a stage without the console.

    Its files hold no data: what they show, they ask the API for, with the visitor's token.
    """
    if not parameters.console:
        return Part()
    originals = sub(_ORIGINALS % originals_bucket(parameters))
    part = build_function(
        parameters,
        "console",
        "Serves the console",
        timeout=10,
        environment={
            "STAGE": parameters.stage,
            "API_URL": parameters.api_url,
            "AUTH": parameters.auth,
            "IMAGES_URL": images_url(parameters),
            # Where the tickets' forms are posted to.
            "ORIGINALS_URL": parameters.emulator or originals,
            "PACKED_SIZES": pack_sizes(sizes),
            "RENDER": str(parameters.render).lower(),
            "IS_PRIVATE": str(parameters.is_private).lower(),
            "UPLOAD_TYPES": parameters.upload_types_json,
            "DASHBOARD_URL": "" if parameters.emulator else dashboard_url(parameters),
        },
        events=[route_event(CONSOLE)],
    )
    base = parameters.api_url if parameters.is_public else images_url(parameters)
    path = f"/{CONSOLE_FOLDER}/index.html"
    part.outputs["ConsoleUrl"] = {"Value": {"Fn::Join": ["", [base, path]]}}
    return part
