"""Describes a contact sheet's photos as JSON documents."""

from collections.abc import Sequence
from typing import Any

from lib.operations.contact_sheet.columns import Column
from lib.operations.contact_sheet.rendering import Cell, Row, SheetImage, pair_images
from lib.operations.contact_sheet.wording import find_change


def make_document(row: Row, columns: Sequence[Column]) -> dict[str, Any]:
    """Returns a photo with its images; of a comparison, with both files' and their difference."""
    return {
        "path": row.path,
        "bytes": row.length,
        "format": row.format or None,
        "width": row.width or None,
        "height": row.height or None,
        "sizes": {
            column.name: _describe_column(column, cells)
            for column, cells in zip(columns, row.cells, strict=True)
        },
    }


def _describe_column(column: Column, cells: Sequence[Cell]) -> dict[str, Any]:
    if len(cells) == 1:
        return _describe_cell(cells[0])
    before, after = map(_describe_cell, cells)
    return {
        "differs_in": list(column.changes),
        "before": before,
        "after": after,
        "differences": [
            {
                "formats": [one.format, other.format],
                "bytes_percent": find_change(len(one.data), len(other.data)),
            }
            for one, other in pair_images(cells)
            if one and other
        ],
    }


def _describe_cell(cell: Cell) -> dict[str, Any]:
    if cell.images:
        return {"images": [_describe_image(image) for image in cell.images]}
    return {"images": [], "reason": cell.reason or None, "note": cell.note}


def _describe_image(image: SheetImage) -> dict[str, Any]:
    return {
        "format": image.format,
        "width": image.width,
        "height": image.height,
        "bytes": len(image.data),
        "quality": image.quality,
    }
