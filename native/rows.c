/* Undoes the filters of the rows of PNGs and TIFFs, and decodes TIFF's LZW.
 *
 * It sees rows and strips only, never a file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    OK = 0,
    BAD_FILTER = 1,
    BAD_CODE = 2,
    /* Filters of rows, as numbered by PNG; of FILTER_FIRST, each row has its own before it. */
    FILTER_FIRST = -1,
    NONE = 0,
    SUB = 1,
    UP = 2,
    AVERAGE = 3,
    PAETH = 4,
};

/* Samples of a pixel, wide enough for Paeth's sums. */
typedef int16_t Pixel __attribute__((vector_size(8)));
typedef uint8_t Bytes __attribute__((vector_size(4)));

static inline Pixel widen(const uint8_t *bytes) {
    Bytes four;
    memcpy(&four, bytes, sizeof four);
    return __builtin_convertvector(four, Pixel);
}

static inline void narrow(Pixel pixel, uint8_t *bytes) {
    Bytes four = __builtin_convertvector(pixel & 255, Bytes);
    memcpy(bytes, &four, sizeof four);
}

/* Loads a pixel of a PNG: grey and alpha are spread; of 3 samples, the fourth is any byte. */
static inline Pixel load(const uint8_t *row, int samples) {
    return samples == 2 ? (Pixel){row[0], row[0], row[0], row[1]} : widen(row);
}

static inline Pixel magnitude(Pixel value) {
    Pixel negative = value < 0;
    return (value ^ negative) - negative;
}

static inline Pixel paeth(Pixel left, Pixel above, Pixel corner) {
    Pixel across = above - corner, down = left - corner;
    Pixel to_left = magnitude(across), to_above = magnitude(down);
    Pixel to_corner = magnitude(across + down);
    Pixel not_left = (to_left > to_above) | (to_left > to_corner);
    Pixel not_above = to_above > to_corner;
    Pixel other = (corner & not_above) | (above & ~not_above);
    return (other & not_left) | (left & ~not_left);
}

/* Four pixels of four samples. */
typedef uint8_t Pixels __attribute__((vector_size(16)));

/* Loads four pixels as `load` does; of 3 samples, the fourth is 0, and 16 bytes are read. */
static inline Pixels load_four(const uint8_t *row, int samples) {
    Pixels bytes = {0}, zero = {0};
    memcpy(&bytes, row, samples == 2 ? 8 : 16);
    if (samples == 2)
        return __builtin_shufflevector(bytes, zero, 0, 0, 0, 1, 2, 2, 2, 3, 4, 4, 4, 5, 6, 6, 6, 7);
    if (samples == 3)
        return __builtin_shufflevector(bytes, zero, 0, 1, 2, 16, 3, 4, 5, 16, 6, 7, 8, 16, 9, 10, 11,
                                       16);
    return bytes;
}

/* Adds to each of four pixels those before it, and `last`'s last. */
static inline Pixels add_left(Pixels pixels, Pixels last) {
    Pixels zero = {0};
    pixels += __builtin_shufflevector(pixels, zero, 16, 16, 16, 16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
                                      11);
    pixels += __builtin_shufflevector(pixels, zero, 16, 16, 16, 16, 16, 16, 16, 16, 0, 1, 2, 3, 4, 5,
                                      6, 7);
    return pixels + __builtin_shufflevector(last, last, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14,
                                            15, 12, 13, 14, 15);
}

/* Undoes one of the first three filters, four pixels at a time; returns the pixels that are done.
 */
static inline int read_fours(const uint8_t *row, int filter, int width, int samples,
                             const uint8_t *above, uint8_t *target) {
    uint8_t full = samples == 3 ? 255 : 0;
    Pixels opaque = {0, 0, 0, full, 0, 0, 0, full, 0, 0, 0, full, 0, 0, 0, full}, last = {0};
    /* Sixteen bytes have more than five pixels of 3 samples. */
    int read = samples == 3 ? 6 : 4, x = 0;
    for (; x + read <= width; x += 4, row += 4 * samples, above += 16, target += 16) {
        Pixels pixels = load_four(row, samples);
        if (filter == SUB) pixels = last = add_left(pixels, last);
        if (filter == UP) pixels += load_four(above, 4);
        pixels |= opaque;
        memcpy(target, &pixels, sizeof pixels);
    }
    return x;
}

/* Undoes the filter of a row of 2, 3 or 4 samples a pixel; it is inlined for each number. */
static inline void read_row_4(const uint8_t *row, int filter, int width, int samples,
                              const uint8_t *above, uint8_t *target) {
    Pixel opaque = {0, 0, 0, samples == 3 ? 255 : 0};
    Pixel left = {0}, corner = {0};
    int x = filter == NONE  ? read_fours(row, NONE, width, samples, above, target)
            : filter == SUB ? read_fours(row, SUB, width, samples, above, target)
            : filter == UP  ? read_fours(row, UP, width, samples, above, target)
                            : 0;
    row += (size_t)x * samples;
    above += 4 * (size_t)x;
    target += 4 * (size_t)x;
    if (x) left = widen(target - 4);
    for (; x < width; x++, row += samples, above += 4, target += 4) {
        Pixel up = widen(above), predicted = {0};
        if (filter == SUB) predicted = left;
        if (filter == UP) predicted = up;
        if (filter == AVERAGE) predicted = (left + up) >> 1;
        if (filter == PAETH) predicted = paeth(left, up, corner);
        left = (load(row, samples) + predicted) & 255;
        corner = up;
        narrow(left | opaque, target);
    }
}

static void read_row_1(const uint8_t *row, int filter, int width, const uint8_t *above,
                       uint8_t *target) {
    int left = 0, corner = 0;
    for (int x = 0; x < width; x++) {
        int up = above[x], predicted = 0;
        if (filter == SUB) predicted = left;
        if (filter == UP) predicted = up;
        if (filter == AVERAGE) predicted = (left + up) / 2;
        if (filter == PAETH) {
            int to_left = abs(up - corner), to_up = abs(left - corner);
            int to_corner = abs(left + up - 2 * corner);
            predicted = to_up <= to_corner ? up : corner;
            if (to_left <= to_up && to_left <= to_corner) predicted = left;
        }
        left = (row[x] + predicted) & 255;
        corner = up;
        target[x] = (uint8_t)left;
    }
}

/* Undoes the filters of rows of 1 to 4 samples of 8 bits a pixel: all of one filter, or each behind
 * the number of its own (FILTER_FIRST). `rows` is readable for one more byte. The pixels become those
 * of an image of 1 sample, or 4: grey with alpha is spread, and 255 is added to RGB. `above` is the
 * image's row above them, of zeros at the top. */
int read_rows(const uint8_t *rows, int filter, int count, int width, int samples,
              const uint8_t *above, uint8_t *target) {
    size_t stride = (size_t)width * (samples == 1 ? 1 : 4);
    for (int y = 0; y < count; y++) {
        int own = filter == FILTER_FIRST ? *rows++ : filter;
        if (own > PAETH) return BAD_FILTER;
        if (samples == 1) read_row_1(rows, own, width, above, target);
        if (samples == 2) read_row_4(rows, own, width, 2, above, target);
        if (samples == 3) read_row_4(rows, own, width, 3, above, target);
        if (samples == 4) read_row_4(rows, own, width, 4, above, target);
        above = target;
        rows += (size_t)width * samples;
        target += stride;
    }
    return OK;
}

enum {
    CLEAR = 256,
    END = 257,
    FIRST = 258,
    MOST_BITS = 12,
    /* As libtiff: a table may have entries that no code reaches. */
    MOST_ENTRIES = (1 << MOST_BITS) + 1023,
    LENGTH_BITS = 12,
};

/* Bits of the source, the first one the highest; zeros follow its end. */
typedef struct {
    const uint8_t *next, *end;
    uint64_t bits;
    int count;
} Bits;

static inline int take(Bits *from, int count) {
    if (from->end - from->next >= 8) {
        uint64_t more;
        memcpy(&more, from->next, sizeof more);
        if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) more = __builtin_bswap64(more);
        from->bits |= more >> from->count;
        from->next += (63 - from->count) >> 3;
        from->count |= 56;
    } else {
        for (; from->count <= 56 && from->next < from->end; from->count += 8)
            from->bits |= (uint64_t)*from->next++ << (56 - from->count);
    }
    int value = (int)(from->bits >> (64 - count));
    from->bits <<= count;
    from->count -= count;
    return value;
}

/* Decodes a strip in TIFF's LZW (the highest bit of a byte first) to `size` bytes, 2^20 at most.
 *
 * The string of an entry is in the result already: that of a code, and one byte of the next. */
int read_lzw(const uint8_t *source, size_t length, uint8_t *target, size_t size) {
    uint32_t strings[1 << MOST_BITS];
    Bits bits = {source, source + length, 0, 0};
    int width = 9, entries = FIRST;
    size_t done = 0, last = 0, last_length = 0;
    if (take(&bits, width) != CLEAR) return BAD_CODE;
    while (done < size) {
        int code = take(&bits, width);
        if (bits.count < 0 || code == END) return BAD_CODE;
        if (code == CLEAR) {
            width = 9, entries = FIRST, last_length = 0;
            continue;
        }
        if (last_length) {
            if (entries >= MOST_ENTRIES) return BAD_CODE;
            if (entries < 1 << MOST_BITS)
                strings[entries] = (uint32_t)(last << LENGTH_BITS | (last_length + 1));
            entries++;
            if (entries > (1 << width) - 2 && width < MOST_BITS) width++;
        }
        last = done;
        if (code < CLEAR) {
            target[done++] = (uint8_t)code;
            last_length = 1;
            continue;
        }
        if (code >= entries) return BAD_CODE;
        const uint8_t *string = target + (strings[code] >> LENGTH_BITS);
        last_length = strings[code] & ((1 << LENGTH_BITS) - 1);
        size_t left = last_length < size - done ? last_length : size - done;
        uint8_t *to = target + done;
        done += left;
        /* Eight bytes at a time, where they neither overlap nor exceed the result. */
        if (to - string >= 8 && size - done >= 8) {
            for (size_t at = 0; at < left; at += 8) memcpy(to + at, string + at, 8);
        } else {
            for (size_t at = 0; at < left; at++) to[at] = string[at];
        }
    }
    return OK;
}
