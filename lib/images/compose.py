"""The background: under what is transparent, and beside what is smaller than its canvas."""

from PIL import Image

from lib.images.geometry import Geometry


def compose(image: Image.Image, plan: Geometry, background: str, *, alpha: bool) -> Image.Image:
    """The resized picture on its canvas.

    `alpha` tells whether the format can be transparent: then what is, stays, and only the
    padding takes the background, as sharp does it.
    """
    transparent = image.mode in ("LA", "RGBA")
    if plan.canvas == plan.scaled and (alpha or not transparent):
        return image
    if transparent and alpha:
        page = Image.new("RGBA", plan.canvas, background)
        page.paste(image.convert("RGBA"), plan.corner)
        return page
    page = Image.new("RGB", plan.canvas, background)
    mask = image.getchannel("A") if transparent else None
    page.paste(image.convert("RGB"), plan.corner, mask)
    return page
