/* Resizes 8-bit pixels with a Lanczos filter in fixed point, and averages them by whole factors.
 *
 * Pillow's own filter is scalar code: it takes up to 62 % of a render. This file is built for AVX2
 * (x86-64-v3) and NEON; elsewhere the plain loops do the same arithmetic. It sees pixels only: one
 * block of rows of 1 or 4 bytes a pixel (L, or RGBX, RGBA, CMYK), never a file.
 *
 * The rows are filtered first, one output row at a time, into 16 bits with 6 fraction bits; so
 * neither clipping nor rounding happens between the two passes.
 */
#include "resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

enum {
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

static double lanczos(double x) {
    if (x == 0.0) return 1.0;
    if (x <= -RADIUS || x >= RADIUS) return 0.0;
    double angle = 3.14159265358979323846 * x;
    /* The radius is 3, and the sine of an angle follows from that of its third. */
    double third = sin(angle / RADIUS), sine = third * (3.0 - 4.0 * third * third);
    return RADIUS * sine * third / (angle * angle);
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

#if defined(__AVX2__)
/* Rounds the sums of a pixel's samples, of which each half has some, and stores it. */
static inline void store_pixel(__m256i sums, int shift, uint8_t *result) {
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    four = _mm_sra_epi32(_mm_add_epi32(four, _mm_set1_epi32(1 << (shift - 1))),
                         _mm_cvtsi32_si128(shift));
    four = _mm_packs_epi32(four, four);
    int32_t pixel = _mm_cvtsi128_si32(_mm_packus_epi16(four, four));
    memcpy(result, &pixel, sizeof pixel);
}
#elif defined(__ARM_NEON)
static inline void store_pixel(int32x4_t sums, int shift, uint8_t *result) {
    int16x4_t four = vqmovn_s32(vrshlq_s32(sums, vdupq_n_s32(-shift)));
    vst1_lane_u32((uint32_t *)(void *)result,
                  vreinterpret_u32_u8(vqmovun_s16(vcombine_s16(four, four))), 0);
}
#endif

/* Filters two rows of 16 bits and 4 samples a pixel, which share the coefficients; taps are a
 * multiple of 4. */
static void filter_rows_4(const int16_t *const rows[2], const Filter *filter, int offset, int width,
                          uint8_t *const results[2]) {
    int shift = filter->bits + FRACTION;
    for (int i = 0; i < width; i++) {
        size_t at = 4 * (size_t)(filter->starts[i] - offset), to = 4 * (size_t)i;
        const int16_t *upper = rows[0] + at, *lower = rows[1] + at;
        const int16_t *weights = filter->weights + (size_t)i * filter->taps;
#if defined(__AVX2__)
        const __m256i pairs = _mm256_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15,
                                               0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
        const __m256i spread = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
        __m256i sums = _mm256_setzero_si256(), other = sums;
        for (int tap = 0; tap < filter->taps; tap += 4) {
            __m128i both = _mm_loadl_epi64((const __m128i *)(weights + tap));
            __m256i weight = _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(both), spread);
            __m256i four = _mm256_loadu_si256((const __m256i *)(upper + 4 * tap));
            __m256i more = _mm256_loadu_si256((const __m256i *)(lower + 4 * tap));
            four = _mm256_shuffle_epi8(four, pairs);
            more = _mm256_shuffle_epi8(more, pairs);
            sums = _mm256_add_epi32(sums, _mm256_madd_epi16(four, weight));
            other = _mm256_add_epi32(other, _mm256_madd_epi16(more, weight));
        }
        store_pixel(sums, shift, results[0] + to);
        store_pixel(other, shift, results[1] + to);
#elif defined(__ARM_NEON)
        int32x4_t sums[4] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
        for (int tap = 0; tap < filter->taps; tap += 4) {
            int16x4_t weight = vld1_s16(weights + tap);
            int16x8_t low = vld1q_s16(upper + 4 * tap), high = vld1q_s16(upper + 4 * tap + 8);
            sums[0] = vmlal_lane_s16(sums[0], vget_low_s16(low), weight, 0);
            sums[1] = vmlal_high_lane_s16(sums[1], low, weight, 1);
            sums[0] = vmlal_lane_s16(sums[0], vget_low_s16(high), weight, 2);
            sums[1] = vmlal_high_lane_s16(sums[1], high, weight, 3);
            low = vld1q_s16(lower + 4 * tap), high = vld1q_s16(lower + 4 * tap + 8);
            sums[2] = vmlal_lane_s16(sums[2], vget_low_s16(low), weight, 0);
            sums[3] = vmlal_high_lane_s16(sums[3], low, weight, 1);
            sums[2] = vmlal_lane_s16(sums[2], vget_low_s16(high), weight, 2);
            sums[3] = vmlal_high_lane_s16(sums[3], high, weight, 3);
        }
        store_pixel(vaddq_s32(sums[0], sums[1]), shift, results[0] + to);
        store_pixel(vaddq_s32(sums[2], sums[3]), shift, results[1] + to);
#else
        for (int sample = 0; sample < 4; sample++) {
            int32_t sum = 1 << (shift - 1), other = sum;
            for (int tap = 0; tap < filter->taps; tap++) {
                sum += upper[4 * tap + sample] * weights[tap];
                other += lower[4 * tap + sample] * weights[tap];
            }
            results[0][to + sample] = to_8_bits(sum >> shift);
            results[1][to + sample] = to_8_bits(other >> shift);
        }
#endif
    }
}

/* Filters a row of 16 bits and one sample a pixel; taps are a multiple of 8. */
static void filter_row_1(const int16_t *row, const Filter *filter, int offset, int width,
                         uint8_t *result) {
    int shift = filter->bits + FRACTION, taps = filter->taps, i = 0;
    const int16_t *weights = filter->weights;
    /* Four results at once: their sums are those of the parts of a vector. */
#if defined(__AVX2__)
    __m128i half = _mm_set1_epi32(1 << (shift - 1)), count = _mm_cvtsi32_si128(shift);
    for (; i + 4 <= width; i += 4) {
        __m128i sums[4];
        for (int j = 0; j < 4; j++, weights += taps) {
            const int16_t *pixels = row + (filter->starts[i + j] - offset);
            sums[j] = _mm_setzero_si128();
            for (int tap = 0; tap < taps; tap += 8)
                sums[j] = _mm_add_epi32(
                    sums[j], _mm_madd_epi16(_mm_loadu_si128((const __m128i *)(pixels + tap)),
                                            _mm_loadu_si128((const __m128i *)(weights + tap))));
        }
        __m128i four = _mm_hadd_epi32(_mm_hadd_epi32(sums[0], sums[1]),
                                      _mm_hadd_epi32(sums[2], sums[3]));
        four = _mm_sra_epi32(_mm_add_epi32(four, half), count);
        four = _mm_packs_epi32(four, four);
        int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(four, four));
        memcpy(result + i, &bytes, sizeof bytes);
    }
#elif defined(__ARM_NEON)
    for (; i + 4 <= width; i += 4) {
        int32x4_t sums[4];
        for (int j = 0; j < 4; j++, weights += taps) {
            const int16_t *pixels = row + (filter->starts[i + j] - offset);
            sums[j] = vdupq_n_s32(0);
            for (int tap = 0; tap < taps; tap += 8) {
                int16x8_t eight = vld1q_s16(pixels + tap), weight = vld1q_s16(weights + tap);
                sums[j] = vmlal_s16(sums[j], vget_low_s16(eight), vget_low_s16(weight));
                sums[j] = vmlal_high_s16(sums[j], eight, weight);
            }
        }
        int32x4_t four = vpaddq_s32(vpaddq_s32(sums[0], sums[1]), vpaddq_s32(sums[2], sums[3]));
        int16x4_t narrow = vqmovn_s32(vrshlq_s32(four, vdupq_n_s32(-shift)));
        uint8x8_t bytes = vqmovun_s16(vcombine_s16(narrow, narrow));
        vst1_lane_u32((uint32_t *)(void *)(result + i), vreinterpret_u32_u8(bytes), 0);
    }
#endif
    for (; i < width; i++, weights += taps) {
        const int16_t *pixels = row + (filter->starts[i] - offset);
        int32_t sum = 1 << (shift - 1);
        for (int tap = 0; tap < taps; tap++) sum += pixels[tap] * weights[tap];
        result[i] = to_8_bits(sum >> shift);
    }
}

void end_resize(Resize *resize) {
    if (!resize) return;
    free_filter(&resize->across);
    free_filter(&resize->down);
    free(resize);
}

/* Begins to resize the pixels in `box` (left, top, right, bottom) by a Lanczos filter of radius 3;
 * returns NULL without memory. */
Resize *begin_resize(int source_width, int source_height, int samples, const double box[4],
                     int target_width, int target_height) {
    Resize *resize = calloc(1, sizeof *resize);
    if (!resize) return NULL;
    resize->source_width = source_width;
    resize->samples = samples;
    resize->stride = source_width * samples;
    resize->target_width = target_width;
    if (make_filter(source_width, box[0], box[2], target_width, samples == 4 ? 4 : 8,
                    HORIZONTAL_BITS, &resize->across) ||
        make_filter(source_height, box[1], box[3], target_height, 2, VERTICAL_BITS, &resize->down)) {
        end_resize(resize);
        return NULL;
    }
    return resize;
}

/* Filters the source rows to the result's row `y`, of 16 bits. `sources` has room for the filter's
 * taps. */
static void filter_down(const Resize *resize, const uint8_t *source, int top, int count, int y,
                        const uint8_t **sources, int first, int last, int16_t *row) {
    const Filter *down = &resize->down;
    for (int tap = 0; tap < down->taps; tap++) {
        /* The surplus taps of a filter may be outside; their coefficients are 0. */
        int at = down->starts[y] + tap - top;
        at = at < 0 ? 0 : at < count ? at : count - 1;
        sources[tap] = source + (size_t)at * resize->stride;
    }
    filter_rows(sources, down->weights + (size_t)y * down->taps, down->taps, down->bits,
                first * resize->samples, last * resize->samples, row);
}

/* Makes the result's rows from `from` to `to`, of the `count` source rows from `top`: all that these
 * need. */
int resize_rows(const Resize *resize, const uint8_t *source, int top, int count, int from, int to,
                uint8_t *target) {
    const Filter *across = &resize->across;
    int samples = resize->samples, width = resize->target_width;
    int first = across->starts[0];
    int last = across->starts[width - 1] + across->taps;
    if (last > resize->source_width) last = resize->source_width;
    size_t filtered = (size_t)(last - first + across->taps + SLACK) * samples;
    int16_t *buffer = calloc(2 * filtered, sizeof *buffer);
    const uint8_t **sources = malloc((size_t)resize->down.taps * sizeof *sources);
    if (!buffer || !sources) {
        free(buffer);
        free(sources);
        return NO_MEMORY;
    }
    for (int y = from; y < to; y += 2) {
        /* Of an odd number of rows, the last one is made twice. */
        int two = y + 1 < to;
        int16_t *const rows[2] = {buffer, buffer + two * filtered};
        uint8_t *const results[2] = {target + (size_t)y * width * samples,
                                     target + (size_t)(y + two) * width * samples};
        for (int i = 0; i <= two; i++)
            filter_down(resize, source, top, count, y + i, sources, first, last, rows[i]);
        if (samples == 4) {
            filter_rows_4((const int16_t *const *)rows, across, first, width, results);
        } else {
            for (int i = 0; i <= two; i++)
                filter_row_1(rows[i], across, first, width, results[i]);
        }
    }
    free(buffer);
    free(sources);
    return OK;
}

/* Returns the factor of 2^40 that divides by `count`: exact for sums below 2^40 / `count`, and a
 * cell of 255 x 255 pixels of 255 stays below. */
static inline uint64_t reciprocal(int count) { return ((1ULL << 40) + count - 1) / count; }

/* Averages `cells` of `columns` sums each; it is inlined for 1 and 4 samples. */
static inline void average_cells(const uint16_t *sums, int cells, int columns, int rows,
                                 int samples, uint8_t *target) {
    int count = columns * rows;
    uint64_t factor = reciprocal(count);
    for (; cells > 0; cells--, sums += columns * samples, target += samples) {
        uint32_t sum[4] = {0};
        for (int i = 0; i < columns; i++)
            for (int sample = 0; sample < samples; sample++)
                sum[sample] += sums[samples * i + sample];
        for (int sample = 0; sample < samples; sample++)
            target[sample] = (uint8_t)((sum[sample] + count / 2) * factor >> 40);
    }
}

static inline uint8_t *average_row(const uint16_t *sums, int width, int across, int rows,
                                   int samples, uint8_t *target) {
    int cells = width / across, rest = width % across;
    average_cells(sums, cells, across, rows, samples, target);
    target += cells * samples;
    if (!rest) return target;
    average_cells(sums + cells * across * samples, 1, rest, rows, samples, target);
    return target + samples;
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
        target = samples == 4 ? average_row(sums, right - left, across, rows, 4, target)
                              : average_row(sums, right - left, across, rows, 1, target);
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
