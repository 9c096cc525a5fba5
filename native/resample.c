/* Resizes 8-bit pixels with a Lanczos filter in fixed point, averages them by whole factors, and
 * undoes the filters of PNG's rows.
 *
 * Pillow's own filter is scalar code: it takes up to 62 % of a render. This file is built for AVX2
 * (x86-64-v3) and NEON; elsewhere the plain loops do the same arithmetic. It sees pixels only: one
 * block of rows of 1 or 4 bytes a pixel (L, or RGBX, RGBA, CMYK), never a file.
 *
 * The rows are filtered first, one output row at a time, into 16 bits with 6 fraction bits; so
 * neither clipping nor rounding happens between the two passes.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

enum {
    OK = 0,
    NO_MEMORY = 1,
    BAD_FILTER = 2,
    RADIUS = 3,
    /* Fraction bits between the passes. The absolute values of a pixel's coefficients sum up to
     * 1.58 at most, so a filtered sample is 1.29 * 255 at most, and with 6 bits fits into 16. */
    FRACTION = 6,
    /* Bits of the coefficients, so that sums of products fit into 32 bits. */
    VERTICAL_BITS = 22,
    HORIZONTAL_BITS = 16,
    /* Coefficients are 16 bits; the largest may be raised by a few when the sum is corrected. */
    LARGEST = 32000,
    /* Bytes of a block of columns. */
    BLOCK = 32,
    /* Pixels that a vector may be read beyond a row's end; their coefficients are 0. */
    SLACK = 16,
};

/* The coefficients of one axis: `taps` a result, from source pixel `starts[i]`. */
typedef struct {
    int32_t *starts;
    int16_t *weights;
    int taps;
    int bits;
} Filter;

static double lanczos(double x) {
    if (x == 0.0) return 1.0;
    if (x <= -RADIUS || x >= RADIUS) return 0.0;
    double angle = 3.14159265358979323846 * x;
    return RADIUS * sin(angle) * sin(angle / RADIUS) / (angle * angle);
}

static void free_filter(Filter *filter) {
    free(filter->starts);
    free(filter->weights);
}

/* Rounds `count` weights to `bits`, so that they sum up to 1: a flat area keeps its value. */
static void quantize(const double *exact, int count, int bits, int16_t *weights) {
    int32_t left = 1 << bits;
    int largest = 0;
    for (int i = 0; i < count; i++) {
        weights[i] = (int16_t)lrint(ldexp(exact[i], bits));
        left -= weights[i];
        if (weights[i] > weights[largest]) largest = i;
    }
    weights[largest] = (int16_t)(weights[largest] + left);
}

/* Computes the filter from [`from`, `to`) of `source` pixels to `target` ones. Taps are a multiple
 * of `multiple`; the surplus is 0. */
static int make_filter(int source, double from, double to, int target, int multiple, int max_bits,
                       Filter *filter) {
    double scale = (to - from) / target;
    double stretch = scale > 1.0 ? scale : 1.0;
    double support = RADIUS * stretch;
    int most = (int)ceil(support) * 2 + 1;
    if (most > source) most = source;
    int taps = (most + multiple - 1) / multiple * multiple;
    double *exact = calloc((size_t)target * taps, sizeof *exact);
    filter->starts = malloc((size_t)target * sizeof *filter->starts);
    filter->weights = calloc((size_t)target * taps, sizeof *filter->weights);
    filter->taps = taps;
    if (!exact || !filter->starts || !filter->weights) {
        free(exact);
        return NO_MEMORY;
    }
    double peak = 0.0;
    for (int i = 0; i < target; i++) {
        double centre = from + (i + 0.5) * scale;
        int first = (int)floor(centre - support + 0.5);
        int last = (int)floor(centre + support + 0.5);
        if (first < 0) first = 0;
        if (last > source) last = source;
        if (last - first > most) last = first + most;
        double sum = 0.0, *row = exact + (size_t)i * taps;
        for (int x = first; x < last; x++) {
            row[x - first] = lanczos((x + 0.5 - centre) / stretch);
            sum += row[x - first];
        }
        for (int x = 0; x < last - first; x++) {
            row[x] /= sum;
            if (fabs(row[x]) > peak) peak = fabs(row[x]);
        }
        filter->starts[i] = first;
    }
    filter->bits = max_bits;
    while (ldexp(peak, filter->bits) > LARGEST) filter->bits--;
    for (int i = 0; i < target; i++)
        quantize(exact + (size_t)i * taps, taps, filter->bits, filter->weights + (size_t)i * taps);
    free(exact);
    return OK;
}

static inline int16_t to_16_bits(int32_t value) {
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

static inline uint8_t to_8_bits(int32_t value) {
    return (uint8_t)(value > 255 ? 255 : value < 0 ? 0 : value);
}

/* Filters BLOCK bytes of each row to one row of 16 bits. `rows` has an even number of pointers. */
static inline void filter_block(const uint8_t *const *rows, const int16_t *weights, int taps,
                                int bits, int at, int16_t *result) {
    int shift = bits - FRACTION;
#if defined(__AVX2__)
    __m256i zero = _mm256_setzero_si256();
    __m256i sum0 = _mm256_set1_epi32(1 << (shift - 1)), sum1 = sum0, sum2 = sum0, sum3 = sum0;
    for (int tap = 0; tap < taps; tap += 2) {
        int32_t two;
        memcpy(&two, weights + tap, sizeof two);
        __m256i pair = _mm256_set1_epi32(two);
        __m256i upper = _mm256_loadu_si256((const __m256i *)(rows[tap] + at));
        __m256i lower = _mm256_loadu_si256((const __m256i *)(rows[tap + 1] + at));
        __m256i low = _mm256_unpacklo_epi8(upper, lower);
        __m256i high = _mm256_unpackhi_epi8(upper, lower);
        sum0 = _mm256_add_epi32(sum0, _mm256_madd_epi16(_mm256_unpacklo_epi8(low, zero), pair));
        sum1 = _mm256_add_epi32(sum1, _mm256_madd_epi16(_mm256_unpackhi_epi8(low, zero), pair));
        sum2 = _mm256_add_epi32(sum2, _mm256_madd_epi16(_mm256_unpacklo_epi8(high, zero), pair));
        sum3 = _mm256_add_epi32(sum3, _mm256_madd_epi16(_mm256_unpackhi_epi8(high, zero), pair));
    }
    __m128i count = _mm_cvtsi32_si128(shift);
    __m256i left = _mm256_packs_epi32(_mm256_sra_epi32(sum0, count), _mm256_sra_epi32(sum1, count));
    __m256i right =
        _mm256_packs_epi32(_mm256_sra_epi32(sum2, count), _mm256_sra_epi32(sum3, count));
    /* Unpacking and packing work in halves of 16 bytes. */
    _mm256_storeu_si256((__m256i *)result, _mm256_permute2x128_si256(left, right, 0x20));
    _mm256_storeu_si256((__m256i *)(result + 16), _mm256_permute2x128_si256(left, right, 0x31));
#elif defined(__ARM_NEON)
    for (int part = 0; part < BLOCK; part += 16) {
        int32x4_t sum0 = vdupq_n_s32(0), sum1 = sum0, sum2 = sum0, sum3 = sum0;
        for (int tap = 0; tap < taps; tap++) {
            uint8x16_t bytes = vld1q_u8(rows[tap] + at + part);
            int16x8_t low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(bytes)));
            int16x8_t high = vreinterpretq_s16_u16(vmovl_high_u8(bytes));
            sum0 = vmlal_n_s16(sum0, vget_low_s16(low), weights[tap]);
            sum1 = vmlal_high_n_s16(sum1, low, weights[tap]);
            sum2 = vmlal_n_s16(sum2, vget_low_s16(high), weights[tap]);
            sum3 = vmlal_high_n_s16(sum3, high, weights[tap]);
        }
        int32x4_t count = vdupq_n_s32(-shift);
        vst1q_s16(result + part, vcombine_s16(vqmovn_s32(vrshlq_s32(sum0, count)),
                                              vqmovn_s32(vrshlq_s32(sum1, count))));
        vst1q_s16(result + part + 8, vcombine_s16(vqmovn_s32(vrshlq_s32(sum2, count)),
                                                  vqmovn_s32(vrshlq_s32(sum3, count))));
    }
#else
    for (int i = 0; i < BLOCK; i++) {
        int32_t sum = 1 << (shift - 1);
        for (int tap = 0; tap < taps; tap++) sum += rows[tap][at + i] * weights[tap];
        result[i] = to_16_bits(sum >> shift);
    }
#endif
}

/* Filters all rows to one of 16 bits, for the bytes from `first` to `last`. */
static void filter_rows(const uint8_t *const *rows, const int16_t *weights, int taps, int bits,
                        int first, int last, int16_t *result) {
    int at = first;
    for (; at + BLOCK <= last; at += BLOCK)
        filter_block(rows, weights, taps, bits, at, result + (at - first));
    for (; at < last; at++) {
        int32_t sum = 1 << (bits - FRACTION - 1);
        for (int tap = 0; tap < taps; tap++) sum += rows[tap][at] * weights[tap];
        result[at - first] = to_16_bits(sum >> (bits - FRACTION));
    }
}

/* Filters a row of 16 bits and 4 samples a pixel; taps are a multiple of 4. */
static void filter_row_4(const int16_t *row, const Filter *filter, int offset, int width,
                         uint8_t *result) {
    int shift = filter->bits + FRACTION;
    for (int i = 0; i < width; i++) {
        const int16_t *pixels = row + 4 * (size_t)(filter->starts[i] - offset);
        const int16_t *weights = filter->weights + (size_t)i * filter->taps;
#if defined(__AVX2__)
        const __m256i pairs = _mm256_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15,
                                               0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
        const __m256i spread = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
        __m256i sum = _mm256_setzero_si256();
        for (int tap = 0; tap < filter->taps; tap += 4) {
            __m256i four = _mm256_loadu_si256((const __m256i *)(pixels + 4 * tap));
            __m128i both = _mm_loadl_epi64((const __m128i *)(weights + tap));
            __m256i weight = _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(both), spread);
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi8(four, pairs), weight));
        }
        __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
        four = _mm_sra_epi32(_mm_add_epi32(four, _mm_set1_epi32(1 << (shift - 1))),
                             _mm_cvtsi32_si128(shift));
        four = _mm_packs_epi32(four, four);
        int32_t pixel = _mm_cvtsi128_si32(_mm_packus_epi16(four, four));
        memcpy(result + 4 * (size_t)i, &pixel, sizeof pixel);
#elif defined(__ARM_NEON)
        int32x4_t sum = vdupq_n_s32(0), other = sum;
        for (int tap = 0; tap < filter->taps; tap += 4) {
            int16x4_t weight = vld1_s16(weights + tap);
            int16x8_t low = vld1q_s16(pixels + 4 * tap), high = vld1q_s16(pixels + 4 * tap + 8);
            sum = vmlal_lane_s16(sum, vget_low_s16(low), weight, 0);
            other = vmlal_high_lane_s16(other, low, weight, 1);
            sum = vmlal_lane_s16(sum, vget_low_s16(high), weight, 2);
            other = vmlal_high_lane_s16(other, high, weight, 3);
        }
        int16x4_t four = vqmovn_s32(vrshlq_s32(vaddq_s32(sum, other), vdupq_n_s32(-shift)));
        vst1_lane_u32((uint32_t *)(void *)(result + 4 * (size_t)i),
                      vreinterpret_u32_u8(vqmovun_s16(vcombine_s16(four, four))), 0);
#else
        for (int sample = 0; sample < 4; sample++) {
            int32_t sum = 1 << (shift - 1);
            for (int tap = 0; tap < filter->taps; tap++)
                sum += pixels[4 * tap + sample] * weights[tap];
            result[4 * (size_t)i + sample] = to_8_bits(sum >> shift);
        }
#endif
    }
}

/* Filters a row of 16 bits and one sample a pixel. */
static void filter_row_1(const int16_t *row, const Filter *filter, int offset, int width,
                         uint8_t *result) {
    int shift = filter->bits + FRACTION;
    for (int i = 0; i < width; i++) {
        const int16_t *pixels = row + (filter->starts[i] - offset);
        const int16_t *weights = filter->weights + (size_t)i * filter->taps;
        int32_t sum = 1 << (shift - 1);
        for (int tap = 0; tap < filter->taps; tap += 8)
            for (int j = 0; j < 8; j++) sum += pixels[tap + j] * weights[tap + j];
        result[i] = to_8_bits(sum >> shift);
    }
}

static int filter_image(const uint8_t *source, int source_width, int source_height, int samples,
                        const Filter *across, const Filter *down, uint8_t *target,
                        int target_width, int target_height) {
    int first = across->starts[0];
    int last = across->starts[target_width - 1] + across->taps;
    if (last > source_width) last = source_width;
    size_t width = (size_t)(last - first + across->taps + SLACK) * samples;
    int16_t *row = calloc(width, sizeof *row);
    const uint8_t **rows = malloc((size_t)down->taps * sizeof *rows);
    if (!row || !rows) {
        free(row);
        free(rows);
        return NO_MEMORY;
    }
    size_t stride = (size_t)source_width * samples;
    for (int y = 0; y < target_height; y++) {
        for (int tap = 0; tap < down->taps; tap++) {
            int from = down->starts[y] + tap;
            rows[tap] = source + (size_t)(from < source_height ? from : source_height - 1) * stride;
        }
        filter_rows(rows, down->weights + (size_t)y * down->taps, down->taps, down->bits,
                    first * samples, last * samples, row);
        uint8_t *result = target + (size_t)y * target_width * samples;
        if (samples == 4)
            filter_row_4(row, across, first, target_width, result);
        else
            filter_row_1(row, across, first, target_width, result);
    }
    free(row);
    free(rows);
    return OK;
}

/* Resizes the pixels in `box` (left, top, right, bottom) by a Lanczos filter of radius 3. */
int resample(const uint8_t *source, int source_width, int source_height, int samples,
             const double box[4], uint8_t *target, int target_width, int target_height) {
    Filter across = {0}, down = {0};
    int failed = make_filter(source_width, box[0], box[2], target_width, samples == 4 ? 4 : 8,
                             HORIZONTAL_BITS, &across) ||
                 make_filter(source_height, box[1], box[3], target_height, 2, VERTICAL_BITS, &down);
    if (!failed)
        failed = filter_image(source, source_width, source_height, samples, &across, &down, target,
                              target_width, target_height);
    free_filter(&across);
    free_filter(&down);
    return failed ? NO_MEMORY : OK;
}

/* Returns the factor of 2^40 that divides by `count`: exact for sums below 2^40 / `count`, and a
 * cell of 255 x 255 pixels of 255 stays below. */
static inline uint64_t reciprocal(int count) { return ((1ULL << 40) + count - 1) / count; }

static uint8_t *average_row_4(const uint16_t *sums, int width, int across, int rows,
                              uint8_t *target) {
    for (int x = 0; x < width; x += across) {
        int columns = width - x < across ? width - x : across;
        int count = columns * rows;
        uint32_t sum[4] = {count / 2, count / 2, count / 2, count / 2};
        for (int i = 0; i < columns; i++)
            for (int sample = 0; sample < 4; sample++) sum[sample] += sums[4 * (x + i) + sample];
        uint64_t factor = reciprocal(count);
        for (int sample = 0; sample < 4; sample++)
            *target++ = (uint8_t)(sum[sample] * factor >> 40);
    }
    return target;
}

static uint8_t *average_row_1(const uint16_t *sums, int width, int across, int rows,
                              uint8_t *target) {
    for (int x = 0; x < width; x += across) {
        int columns = width - x < across ? width - x : across;
        int count = columns * rows;
        uint32_t sum = count / 2;
        for (int i = 0; i < columns; i++) sum += sums[x + i];
        *target++ = (uint8_t)(sum * reciprocal(count) >> 40);
    }
    return target;
}

/* Averages cells of `across` x `down` pixels, 255 at most each, of the pixels from (left, top) to
 * (right, bottom); cells at the right and bottom edges may be smaller. */
int average(const uint8_t *source, int source_width, int samples, const int region[4], int across,
            int down, uint8_t *target) {
    int left = region[0], top = region[1], right = region[2], bottom = region[3];
    int width = (right - left) * samples;
    /* 255 rows of 255 fit into 16 bits. */
    uint16_t *sums = malloc((size_t)width * sizeof *sums);
    if (!sums) return NO_MEMORY;
    for (int y = top; y < bottom; y += down) {
        int rows = bottom - y < down ? bottom - y : down;
        memset(sums, 0, (size_t)width * sizeof *sums);
        for (int i = 0; i < rows; i++) {
            const uint8_t *row = source + ((size_t)(y + i) * source_width + left) * samples;
            for (int at = 0; at < width; at++) sums[at] = (uint16_t)(sums[at] + row[at]);
        }
        target = samples == 4 ? average_row_4(sums, right - left, across, rows, target)
                              : average_row_1(sums, right - left, across, rows, target);
    }
    free(sums);
    return OK;
}

/* Multiplies the colours of `count` RGBA pixels by their alpha, rounded to the nearest. */
void premultiply(const uint8_t *source, int count, uint8_t *target) {
    for (int i = 0; i < count; i++, source += 4, target += 4) {
        int alpha = source[3];
        for (int sample = 0; sample < 3; sample++) {
            int product = source[sample] * alpha + 128;
            target[sample] = (uint8_t)((product + (product >> 8)) >> 8);
        }
        target[3] = source[3];
    }
}

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

/* Undoes the filter of a row of 2, 3 or 4 samples a pixel; it is inlined for each number. */
static inline int read_row_4(const uint8_t *row, int width, int samples, const uint8_t *above,
                             uint8_t *target) {
    int filter = *row++;
    if (filter > 4) return BAD_FILTER;
    Pixel opaque = {0, 0, 0, samples == 3 ? 255 : 0};
    Pixel left = {0}, corner = {0};
    for (int x = 0; x < width; x++, row += samples, above += 4, target += 4) {
        Pixel up = widen(above), predicted = {0};
        if (filter == 1) predicted = left;
        if (filter == 2) predicted = up;
        if (filter == 3) predicted = (left + up) >> 1;
        if (filter == 4) predicted = paeth(left, up, corner);
        left = (load(row, samples) + predicted) & 255;
        corner = up;
        narrow(left | opaque, target);
    }
    return OK;
}

static int read_row_1(const uint8_t *row, int width, const uint8_t *above, uint8_t *target) {
    int filter = *row++;
    if (filter > 4) return BAD_FILTER;
    int left = 0, corner = 0;
    for (int x = 0; x < width; x++) {
        int up = above[x], predicted = 0;
        if (filter == 1) predicted = left;
        if (filter == 2) predicted = up;
        if (filter == 3) predicted = (left + up) / 2;
        if (filter == 4) {
            int to_left = abs(up - corner), to_up = abs(left - corner);
            int to_corner = abs(left + up - 2 * corner);
            predicted = to_up <= to_corner ? up : corner;
            if (to_left <= to_up && to_left <= to_corner) predicted = left;
        }
        left = (row[x] + predicted) & 255;
        corner = up;
        target[x] = (uint8_t)left;
    }
    return OK;
}

/* Undoes the filters of a PNG's rows of 1 to 4 samples of 8 bits a pixel, each behind the number of
 * its filter; `rows` is readable for one more byte. The pixels become those of an image of 1 sample,
 * or 4: grey with alpha is spread, and 255 is added to RGB. `above` is the image's row above them,
 * of zeros at the top. */
int read_png_rows(const uint8_t *rows, int count, int width, int samples, const uint8_t *above,
                  uint8_t *target) {
    size_t stride = (size_t)width * (samples == 1 ? 1 : 4);
    for (int y = 0; y < count; y++) {
        int failed = samples == 1   ? read_row_1(rows, width, above, target)
                     : samples == 2 ? read_row_4(rows, width, 2, above, target)
                     : samples == 3 ? read_row_4(rows, width, 3, above, target)
                                    : read_row_4(rows, width, 4, above, target);
        if (failed) return failed;
        above = target;
        rows += (size_t)width * samples + 1;
        target += stride;
    }
    return OK;
}
