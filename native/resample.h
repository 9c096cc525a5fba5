/* The resize of resample.c, for jpeg.c. */
#ifndef RESAMPLE_H
#define RESAMPLE_H

#include <stdint.h>

enum { OK = 0, NO_MEMORY = 1 };

/* The coefficients of one axis: `taps` a result, from source pixel `starts[i]`. */
typedef struct {
    int32_t *starts;
    int16_t *weights;
    int taps;
    int bits;
} Filter;

/* A resize of a box, of which some rows may be asked for at a time. */
typedef struct {
    Filter across, down;
    int source_width, samples, target_width;
    /* Bytes from one row of the source to the next. */
    int stride;
} Resize;

Resize *begin_resize(int source_width, int source_height, int samples, const double box[4],
                     int target_width, int target_height);
int resize_rows(const Resize *resize, const uint8_t *source, int top, int count, int from, int to,
                uint8_t *target);
void end_resize(Resize *resize);

#endif
