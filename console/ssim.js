// Structural similarity of two pictures of the same pixels: 1 if they are alike.

// Edge of the windows that are compared, in pixels, and the usual constants for 8 bits.
const WINDOW = 8;
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

/** Returns the mean SSIM of the lightness of two ImageBitmaps; null if their pixels differ. */
export function ssim(one, other) {
  const { width, height } = one;
  if (other.width !== width || other.height !== height || width < WINDOW || height < WINDOW) return null;
  const a = lightness(one);
  const b = lightness(other);
  let sum = 0;
  let windows = 0;
  for (let top = 0; top + WINDOW <= height; top += WINDOW / 2) {
    for (let left = 0; left + WINDOW <= width; left += WINDOW / 2) {
      sum += compare(a, b, top * width + left, width);
      windows += 1;
    }
  }
  return sum / windows;
}

function compare(a, b, start, width) {
  let sumA = 0, sumB = 0, squaresA = 0, squaresB = 0, products = 0;
  for (let row = 0; row < WINDOW; row++) {
    for (let i = start + row * width, end = i + WINDOW; i < end; i++) {
      sumA += a[i];
      sumB += b[i];
      squaresA += a[i] * a[i];
      squaresB += b[i] * b[i];
      products += a[i] * b[i];
    }
  }
  const n = WINDOW * WINDOW;
  const meanA = sumA / n;
  const meanB = sumB / n;
  const varianceA = squaresA / n - meanA * meanA;
  const varianceB = squaresB / n - meanB * meanB;
  const covariance = products / n - meanA * meanB;
  return ((2 * meanA * meanB + C1) * (2 * covariance + C2)) / ((meanA ** 2 + meanB ** 2 + C1) * (varianceA + varianceB + C2));
}

function lightness(bitmap) {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const result = new Float32Array(data.length / 4);
  for (let i = 0; i < result.length; i++) result[i] = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
  return result;
}
