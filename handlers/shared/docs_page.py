"""The page /docs: Swagger UI, which Powertools contains, below a form that uploads a photo.

Swagger UI cannot post a ticket's form itself: it sends the fields in any order, and S3 ignores
those after the file.
"""

from importlib.resources import files
from pathlib import Path

from aws_lambda_powertools.event_handler.openapi import swagger_ui

_FORM = Path(__file__).with_name("upload_form.html")


def make_page(document: str, *, has_form: bool) -> str:
    """Builds the page for an OpenAPI document; `has_form` adds the form."""
    assets = files(swagger_ui)
    page = swagger_ui.generate_swagger_html(
        # `</script>` in a text would end the script that the document is in.
        document.replace("</", "<\\/"),
        (assets / "swagger-ui-bundle.min.js").read_text(encoding="utf-8"),
        (assets / "swagger-ui.min.css").read_text(encoding="utf-8"),
        swagger_base_url="",
        oauth2_config=None,
    )
    if not has_form:
        return page
    return page.replace("<body>", f"<body>\n{_FORM.read_text(encoding='utf-8')}", 1)
