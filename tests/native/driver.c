/* Runs the kernel on cases from standard input, so that a test can run a build for another
 * processor, or one with sanitizers. A case is ten doubles (function, width, height, samples, four
 * of a box, two of a size or of factors) and the pixels; the answer is the result's pixels. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int resample(const uint8_t *, int, int, int, const double[4], uint8_t *, int, int);
int average(const uint8_t *, int, int, const int[4], int, int, uint8_t *);

enum { FUNCTION, WIDTH, HEIGHT, SAMPLES, BOX, X = 8, Y, FIELDS };

int main(void) {
    double given[FIELDS];
    while (fread(given, sizeof *given, FIELDS, stdin) == FIELDS) {
        int width = (int)given[WIDTH], height = (int)given[HEIGHT], samples = (int)given[SAMPLES];
        int x = (int)given[X], y = (int)given[Y];
        int region[4];
        for (int i = 0; i < 4; i++) region[i] = (int)given[BOX + i];
        size_t bytes = (size_t)width * height * samples, answer = (size_t)x * y * samples;
        if (given[FUNCTION] == 1)
            answer = (size_t)((region[2] - region[0] + x - 1) / x) *
                     ((region[3] - region[1] + y - 1) / y) * samples;
        uint8_t *source = malloc(bytes), *result = malloc(answer);
        if (!source || !result || fread(source, 1, bytes, stdin) != bytes) return 1;
        int failed = given[FUNCTION] == 1
                         ? average(source, width, samples, region, x, y, result)
                         : resample(source, width, height, samples, given + BOX, result, x, y);
        if (failed || fwrite(result, 1, answer, stdout) != answer) return 1;
        free(source);
        free(result);
    }
    return 0;
}
