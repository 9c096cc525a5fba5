"""A stack whose parameters a test changes: with every kind of size, and by default all on."""

from pathlib import Path

from PIL import Image

from local.stack import DeployedStack, LocalDeployment
from tests.pictures import encoded
from tests.service import Service

_SIZES = """sizes:
  - 400x300
  - 1200x
  - {name: thumbnail, width: 200, height: 150, fit: inside, format: webp}
  - name: hero
    width: 200
    height: 150
    formats: [avif, webp]
    position: focus
    fallback: attention
    placeholder: true
    watermark: {file: marks/logo.png, width: 50%}
  - {name: small, width: 200, height: 150}
  - {name: avatar, width: 96, height: 96, paths: ["avatars/*.avatar.jpg"]}
"""
# The one that is not made of photos at other paths.
LIMITED = "avatar"
# White, with a clear corner.
_LOGO = Image.new("RGBA", (60, 30), (255, 255, 255, 200))
_LOGO.paste((0, 0, 0, 0), (0, 0, 20, 10))
# All that a CDN may have.
EVERYTHING = {
    "on_demand": "[declared, signed]",
    "serve_formats": "true",
    "serve_queries": "true",
    "render": "true",
}
# What CloudFront shows to holders of its signatures only: what is there, and all that may be.
SIGNED = {"viewers": "signed", "serve_formats": "true"}
PRIVATE = EVERYTHING | SIGNED


class Site:
    """The stack, deployed with the parameters that were asked for last."""

    def __init__(self, folder: Path) -> None:
        (folder / "service").mkdir()
        self.service = Service(folder / "service", with_packages=True)
        (self.service.folder / "sizes.yml").write_text(_SIZES)
        (self.service.folder / "marks").mkdir()
        (self.service.folder / "marks" / "logo.png").write_bytes(encoded(_LOGO, "PNG"))
        self.local = LocalDeployment(folder / "state", self.service.folder)
        self._file = self.service.folder / "serverless.yml"
        self._lines = self._file.read_text().splitlines(keepends=True)
        self._deployed: dict[str, str] | None = None
        self._is_private = False

    def have(self, **parameters: str) -> DeployedStack:
        """Deploy with these parameters, unless it has them, with others or without."""
        if self._deployed is not None and parameters.items() <= self._deployed.items():
            return self.local.read()
        return self.deploy(**parameters)

    def deploy(self, **parameters: str) -> DeployedStack:
        """Deploy with these parameters in place of the local stage's own, unless it is so."""
        if self._deployed == parameters:
            return self.local.read()
        is_private = parameters.get("viewers") == "signed"
        # A test that makes its images public again means it.
        public = {"abandon_secrets": "true"} if self._is_private and not is_private else {}
        self._deployed = None
        written = parameters | public
        names = tuple(f"    {name}:" for name in written)
        lines = [line for line in self._lines if not line.startswith(names)]
        here = lines.index("  default:\n") + 1
        lines[here:here] = [f"    {name}: {value}\n" for name, value in written.items()]
        self._file.write_text("".join(lines))
        stack = self.local.up(on_progress=print)
        self._deployed, self._is_private = parameters, is_private
        return stack
