/* Runs the kernel on cases from standard input, so that a test can run a build for another
 * processor, or one with sanitizers. A case is twelve doubles and its bytes; the answer is the
 * result's bytes. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Resize Resize;
Resize *begin_resize(int, int, int, const double[4], int, int);
int resize_rows(const Resize *, const uint8_t *, int, int, int, int, uint8_t *);
void end_resize(Resize *);
int average(const uint8_t *, int, int, const int[4], int, int, uint8_t *);
int read_rows(const uint8_t *, int, int, int, int, const uint8_t *, uint8_t *);
int read_lzw(const uint8_t *, size_t, uint8_t *, size_t);
void premultiply(const uint8_t *, int, uint8_t *);

enum { RESAMPLE, AVERAGE, READ_ROWS, PREMULTIPLY, READ_LZW };
enum { FUNCTION, GIVEN_BYTES, RESULT_BYTES, WIDTH, HEIGHT, SAMPLES, BOX, X = BOX + 4, Y, FIELDS };

/* The whole result of a resize, in two calls. */
static int resample(const uint8_t *source, int width, int height, int samples, const double *box,
                    uint8_t *result, int target_width, int target_height) {
    int half = target_height / 2;
    Resize *resize = begin_resize(width, height, samples, box, target_width, target_height);
    int failed = !resize || resize_rows(resize, source, 0, height, 0, half, result) ||
                 resize_rows(resize, source, 0, height, half, target_height, result);
    end_resize(resize);
    return failed;
}

static int run(const double *fields, const uint8_t *given, uint8_t *result) {
    int width = (int)fields[WIDTH], height = (int)fields[HEIGHT], samples = (int)fields[SAMPLES];
    int x = (int)fields[X], y = (int)fields[Y];
    int region[4];
    for (int i = 0; i < 4; i++) region[i] = (int)fields[BOX + i];
    switch ((int)fields[FUNCTION]) {
        case RESAMPLE:
            return resample(given, width, height, samples, fields + BOX, result, x, y);
        case AVERAGE:
            return average(given, width, samples, region, x, y, result);
        case READ_ROWS: {
            /* The row above follows the byte that may be read beyond the rows. */
            size_t row = (size_t)width * samples + (x < 0);
            return read_rows(given, x, height, width, samples, given + height * row + 1, result);
        }
        case READ_LZW:
            /* Broken codes are an answer, too: one byte for all. */
            if (read_lzw(given, (size_t)fields[GIVEN_BYTES], result, (size_t)fields[RESULT_BYTES]))
                memset(result, '!', (size_t)fields[RESULT_BYTES]);
            return 0;
        default:
            premultiply(given, width * height, result);
            return 0;
    }
}

int main(void) {
    double fields[FIELDS];
    while (fread(fields, sizeof *fields, FIELDS, stdin) == FIELDS) {
        size_t given_bytes = (size_t)fields[GIVEN_BYTES], bytes = (size_t)fields[RESULT_BYTES];
        uint8_t *given = malloc(given_bytes), *result = malloc(bytes);
        if (!given || !result || fread(given, 1, given_bytes, stdin) != given_bytes) return 1;
        if (run(fields, given, result) || fwrite(result, 1, bytes, stdout) != bytes) return 1;
        free(given);
        free(result);
    }
    return 0;
}
