"""Places a resized image on its canvas: the background fills padding and transparent parts."""

from PIL import Image

from lib.images.geometry import Geometry


def compose(image: Image.Image, plan: Geometry, background: str, *, alpha: bool) -> Image.Image:
    """Places the resized image on its canvas.

    With `alpha`, transparent parts stay transparent, and only the padding gets the background, as
    in sharp.
    """
    transparent = image.mode in ("LA", "RGBA")
    if plan.canvas == plan.scaled and (alpha or not transparent):
        return image
    if transparent and alpha:
        canvas = Image.new("RGBA", plan.canvas, background)
        canvas.paste(image.convert("RGBA"), plan.corner)
        return canvas
    canvas = Image.new("RGB", plan.canvas, background)
    mask = image.getchannel("A") if transparent else None
    canvas.paste(image.convert("RGB"), plan.corner, mask)
    return canvas
