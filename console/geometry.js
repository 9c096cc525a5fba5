// The shape of a variant before it is there, as lib/images/geometry.py computes it.

/** Returns width / height of an original of these pixels at a size. */
export function ratioOf(size, width, height) {
  const own = width / height;
  if (!size.width || !size.height) return own;
  const box = size.width / size.height;
  const fit = size.fit || 'cover';
  if (fit === 'inside') return own;
  if (fit === 'fill' && !size.enlarge) return Math.min(size.width, width) / Math.min(size.height, height);
  return box;
}

/** Returns the pixels of a picture file, upright; null for a type that this browser cannot show. */
export async function measure(file) {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
    const { width, height } = bitmap;
    bitmap.close();
    return { width, height };
  } catch {
    return null;
  }
}
