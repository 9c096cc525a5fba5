/* Decodes JPEGs into resized planes of luma and chroma, and encodes such planes.
 *
 * Chroma is neither brought to luma's size nor converted to RGB and back. libjpeg decodes, the one
 * that Pillow brings; its rows are filtered as they come, so that no image is in memory but the
 * result. Whatever libjpeg warns of is left to Pillow.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "libjpeg.h"
#include "resample.h"

enum {
    REFUSED = 1,
    LUMA_AND_CHROMA = 2,
    /* Components of a JPEG, and parts of its file. */
    PLANES = 3,
    PARTS = 2,
    /* Rows of blocks that fit into a plane's buffer, besides those that its filter reads again. */
    BANDS = 3,
    /* The most rows of a plane in a row of blocks: four blocks of eight. */
    MOST_ROWS = 32,
    /* Variants are 4:2:0. */
    HALF = 2,
};

/* Where to go on after an error, behind libjpeg's own fields. */
typedef struct {
    Errors errors;
    jmp_buf escape;
} Escape;

/* Rows of a plane: `count` from `top`, of which the results from `next` on are still to be made. */
typedef struct {
    Resize *resize;
    uint8_t *rows, *target;
    int height, target_height, band, capacity, top, count, next;
} Plane;

typedef struct {
    Decoder jpeg;
    Escape escape;
    Source source;
    const Libjpeg *libjpeg;
    const uint8_t *const *parts;
    const size_t *lengths;
    int part;
    void (*allocate_arrays)(Common *);
    Resize *resizes[LUMA_AND_CHROMA];
    Plane planes[PLANES];
} Decoding;

static void leave(Common *jpeg) { longjmp(((Escape *)(void *)jpeg->errors)->escape, 1); }

static void leave_at_warnings(Common *jpeg, int level) {
    if (level < 0) leave(jpeg);
}

static void ignore(Common *jpeg, int level) {
    (void)jpeg;
    (void)level;
}

static void set_errors(const Libjpeg *libjpeg, Escape *escape, Common *jpeg) {
    jpeg->errors = libjpeg->std_error(&escape->errors);
    escape->errors.exit = leave;
    escape->errors.message = leave_at_warnings;
}

static void do_nothing(void *jpeg) { (void)jpeg; }

/* Goes on to the file's next part; behind the last, the file breaks off. */
static int fill(void *jpeg) {
    Decoding *decoding = jpeg;
    if (decoding->part == PARTS) leave(jpeg);
    decoding->source.next = decoding->parts[decoding->part];
    decoding->source.left = decoding->lengths[decoding->part++];
    return 1;
}

static void skip(void *jpeg, long count) {
    Decoding *decoding = jpeg;
    while (count > (long)decoding->source.left) {
        count -= (long)decoding->source.left;
        fill(jpeg);
    }
    if (count <= 0) return;
    decoding->source.next += count;
    decoding->source.left -= (size_t)count;
}

/* Returns the samples that become of the edge of a block of chroma: the least that leave as many
 * between the samples of a variant as luma has. Libjpeg would choose as many as luma has in all. */
static int scale_chroma(const Decoder *jpeg) {
    const Component *chroma = &jpeg->components[1];
    int across = jpeg->most_across * jpeg->scaled, down = jpeg->most_down * jpeg->scaled, scaled = 1;
    while (scaled < BLOCK_SIZE && (chroma->across * scaled * HALF < across ||
                                   chroma->down * scaled * HALF < down))
        scaled *= 2;
    return scaled;
}

/* Libjpeg calls this when it has chosen the scales, and before it makes use of them. */
static void set_scales(Common *common) {
    Decoding *decoding = (Decoding *)(void *)common;
    for (int i = 1; i < PLANES; i++)
        decoding->jpeg.components[i].scaled = scale_chroma(&decoding->jpeg);
    decoding->allocate_arrays(common);
}

/* Returns whether the three components are luma, and chroma of the same size or less. */
static int is_usual(const Decoder *jpeg, int width, int height) {
    if ((int64_t)jpeg->width != width || (int64_t)jpeg->height != height ||
        jpeg->count != PLANES || jpeg->colours != YCBCR || jpeg->precision != 8)
        return 0;
    const Component *luma = jpeg->components, *blue = luma + 1, *red = luma + 2;
    return luma->across == jpeg->most_across && luma->down == jpeg->most_down &&
           blue->across == red->across && blue->down == red->down &&
           luma->across % blue->across == 0 && luma->down % blue->down == 0;
}

static int ceil_divide(int64_t value, int64_t by) { return (int)((value + by - 1) / by); }

/* Begins to resize a plane, with one filter for both of chroma; `box` is in pixels of the photo,
 * whose chroma lies amid its luma. */
static int begin_plane(Decoding *decoding, int index, const double box[4], const int size[2],
                       uint8_t *target) {
    const Decoder *jpeg = &decoding->jpeg;
    Plane *plane = &decoding->planes[index];
    Resize **resize = &decoding->resizes[index > 0];
    const Component *component = &jpeg->components[index];
    int across = component->across * component->scaled, whole = jpeg->most_across * BLOCK_SIZE;
    int down = component->down * component->scaled, high = jpeg->most_down * BLOCK_SIZE;
    double x = (double)across / whole, y = (double)down / high;
    double inner[4] = {box[0] * x, box[1] * y, box[2] * x, box[3] * y};
    int width = ceil_divide((int64_t)jpeg->width * across, whole);
    plane->height = ceil_divide((int64_t)jpeg->height * down, high);
    plane->target = target;
    plane->target_height = size[1];
    plane->band = down;
    if (!*resize) *resize = begin_resize(width, plane->height, 1, inner, size[0], size[1]);
    if (!*resize) return NO_MEMORY;
    plane->resize = *resize;
    plane->resize->stride = ceil_divide(jpeg->width, whole) * across;
    plane->capacity = plane->resize->down.taps + BANDS * down;
    plane->rows = malloc((size_t)plane->capacity * plane->resize->stride);
    return plane->rows ? OK : NO_MEMORY;
}

/* Makes the results that the rows suffice for. */
static int use_rows(Plane *plane) {
    const Filter *down = &plane->resize->down;
    int end = plane->top + plane->count, next = plane->next;
    if (end > plane->height) end = plane->height;
    while (next < plane->target_height &&
           (end == plane->height || down->starts[next] + down->taps <= end))
        next++;
    int failed = next > plane->next && resize_rows(plane->resize, plane->rows, plane->top,
                                                   end - plane->top, plane->next, next,
                                                   plane->target);
    plane->next = next;
    return failed;
}

/* Makes room for a row of blocks: rows that no later result needs are dropped. */
static void make_room(Plane *plane) {
    if (plane->count + plane->band <= plane->capacity) return;
    int end = plane->top + plane->count;
    int first = end;
    if (plane->next < plane->target_height) first = plane->resize->down.starts[plane->next];
    if (first > end) first = end;
    size_t stride = (size_t)plane->resize->stride;
    plane->count = end - first;
    memmove(plane->rows, plane->rows + (size_t)(first - plane->top) * stride,
            (size_t)plane->count * stride);
    plane->top = first;
}

static int read_planes(Decoding *decoding) {
    uint8_t *rows[PLANES][MOST_ROWS], **planes[PLANES];
    Plane *all = decoding->planes;
    for (int done = 0; done < all[0].height; done += all[0].band) {
        for (int i = 0; i < PLANES; i++) {
            Plane *plane = &all[i];
            make_room(plane);
            planes[i] = rows[i];
            for (int y = 0; y < plane->band; y++)
                rows[i][y] = plane->rows + (size_t)(plane->count + y) * plane->resize->stride;
        }
        if (!decoding->libjpeg->read_raw_data(&decoding->jpeg, planes, (uint32_t)all[0].band))
            return REFUSED;
        for (int i = 0; i < PLANES; i++) {
            all[i].count += all[i].band;
            if (use_rows(&all[i])) return REFUSED;
        }
    }
    return OK;
}

static int decode(Decoding *decoding, int width, int height, int scale,
                  const double boxes[LUMA_AND_CHROMA][4], const int sizes[LUMA_AND_CHROMA][2],
                  uint8_t *const targets[PLANES]) {
    const Libjpeg *libjpeg = decoding->libjpeg;
    Decoder *jpeg = &decoding->jpeg;
    libjpeg->create_decompress(jpeg, LIBJPEG_VERSION, sizeof *jpeg);
    decoding->source = (Source){NULL, 0, do_nothing, fill, skip, libjpeg->resync_to_restart,
                                do_nothing};
    jpeg->source = &decoding->source;
    libjpeg->read_header(jpeg, 1);
    if (!is_usual(jpeg, width, height)) return REFUSED;
    jpeg->numerator = 1;
    jpeg->denominator = (uint32_t)scale;
    jpeg->out_colours = YCBCR;
    jpeg->raw = 1;
    decoding->allocate_arrays = jpeg->common.memory->allocate_arrays;
    jpeg->common.memory->allocate_arrays = set_scales;
    libjpeg->start_decompress(jpeg);
    for (int i = 0; i < PLANES; i++)
        if (begin_plane(decoding, i, boxes[i > 0], sizes[i > 0], targets[i]))
            return REFUSED;
    if (read_planes(decoding)) return REFUSED;
    /* As in Pillow, a file needs an end, behind whatever lies below the crop. */
    decoding->escape.errors.message = ignore;
    libjpeg->finish_decompress(jpeg);
    return OK;
}

/* Decodes the JPEG in two `parts` at 1/`scale`, and resizes `boxes` (of luma and chroma, in pixels of
 * the photo) to `sizes`. `width` and `height` are the photo's. Returns whether that failed. */
int resize_jpeg(const Libjpeg *libjpeg, const uint8_t *const parts[PARTS],
                const size_t lengths[PARTS], int width, int height, int scale,
                const double boxes[LUMA_AND_CHROMA][4], const int sizes[LUMA_AND_CHROMA][2],
                uint8_t *const targets[PLANES]) {
    Decoding *decoding = calloc(1, sizeof *decoding);
    if (!decoding) return NO_MEMORY;
    decoding->libjpeg = libjpeg;
    decoding->parts = parts;
    decoding->lengths = lengths;
    set_errors(libjpeg, &decoding->escape, &decoding->jpeg.common);
    /* Assigned before and after only: a jump leaves local variables undefined. */
    volatile int failed = REFUSED;
    if (!setjmp(decoding->escape.escape))
        failed = decode(decoding, width, height, scale, boxes, sizes, targets);
    libjpeg->destroy(&decoding->jpeg.common);
    for (int i = 0; i < PLANES; i++) free(decoding->planes[i].rows);
    for (int i = 0; i < LUMA_AND_CHROMA; i++) end_resize(decoding->resizes[i]);
    free(decoding);
    return failed;
}

typedef struct {
    Encoder jpeg;
    Escape escape;
    uint8_t *rows;
    unsigned long size;
} Encoding;

/* Copies a row of a plane, and repeats its last sample up to the end of a block. */
static void pad(const uint8_t *row, int width, int padded, uint8_t *target) {
    memcpy(target, row, (size_t)width);
    memset(target + width, row[width - 1], (size_t)(padded - width));
}

static void write_planes(const Libjpeg *libjpeg, Encoding *encoding,
                         const uint8_t *const planes[PLANES]) {
    uint8_t *rows[PLANES][HALF * BLOCK_SIZE], **bands[PLANES];
    int width = (int)encoding->jpeg.width, height = (int)encoding->jpeg.height;
    int padded = ceil_divide(width, HALF * BLOCK_SIZE) * HALF * BLOCK_SIZE;
    encoding->rows = malloc((size_t)padded * PLANES * HALF * BLOCK_SIZE);
    if (!encoding->rows) leave(&encoding->jpeg.common);
    uint8_t *next = encoding->rows;
    for (int i = 0; i < PLANES; i++) {
        bands[i] = rows[i];
        for (int y = 0; y < HALF * BLOCK_SIZE; y++, next += padded) rows[i][y] = next;
    }
    for (int top = 0; top < height; top += HALF * BLOCK_SIZE) {
        for (int i = 0; i < PLANES; i++) {
            int by = i ? HALF : 1, columns = ceil_divide(width, by), last = ceil_divide(height, by);
            for (int y = 0; y < HALF * BLOCK_SIZE / by; y++) {
                int at = top / by + y < last ? top / by + y : last - 1;
                pad(planes[i] + (size_t)at * columns, columns, padded / by, rows[i][y]);
            }
        }
        libjpeg->write_raw_data(&encoding->jpeg, bands, HALF * BLOCK_SIZE);
    }
}

static void encode(const Libjpeg *libjpeg, Encoding *encoding, const uint8_t *const planes[PLANES],
                   int width, int height, int quality, uint8_t **data) {
    Encoder *jpeg = &encoding->jpeg;
    libjpeg->create_compress(jpeg, LIBJPEG_VERSION, sizeof *jpeg);
    libjpeg->mem_dest(jpeg, data, &encoding->size);
    jpeg->width = (uint32_t)width;
    jpeg->height = (uint32_t)height;
    jpeg->count = PLANES;
    jpeg->colours = YCBCR;
    /* 4:2:0, too. */
    libjpeg->set_defaults(jpeg);
    libjpeg->set_quality(jpeg, quality, 1);
    libjpeg->simple_progression(jpeg);
    jpeg->raw = 1;
    libjpeg->start_compress(jpeg, 1);
    write_planes(libjpeg, encoding, planes);
    libjpeg->finish_compress(jpeg);
}

/* Encodes planes as a progressive JPEG, of which chroma has half the width and height. Returns the
 * number of its bytes, or 0; `end_jpeg` frees them. */
size_t write_jpeg(const Libjpeg *libjpeg, const uint8_t *const planes[PLANES], int width,
                  int height, int quality, uint8_t **data) {
    Encoding *encoding = calloc(1, sizeof *encoding);
    if (!encoding) return 0;
    volatile size_t size = 0;
    set_errors(libjpeg, &encoding->escape, &encoding->jpeg.common);
    if (!setjmp(encoding->escape.escape)) {
        encode(libjpeg, encoding, planes, width, height, quality, data);
        size = encoding->size;
    }
    libjpeg->destroy(&encoding->jpeg.common);
    free(encoding->rows);
    free(encoding);
    return size;
}

void end_jpeg(uint8_t *data) { free(data); }
