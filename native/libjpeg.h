/* What jpeg.c uses of libjpeg's interface: version 6.2 as libjpeg-turbo builds it, for processors
 * with pointers of 64 bits.
 *
 * The declarations are this project's own: fields that are not used have no names. libjpeg checks
 * the sizes of Decoder and Encoder when it creates them, and refuses others.
 */
#ifndef LIBJPEG_H
#define LIBJPEG_H

#include <stddef.h>
#include <stdint.h>

enum {
    LIBJPEG_VERSION = 62,
    YCBCR = 3,
    /* Samples along an edge of a block. */
    BLOCK_SIZE = 8,
    MOST_COMPONENTS = 3,
};

typedef struct Common Common;

typedef struct {
    void (*exit)(Common *);
    /* Levels below 0 are warnings. */
    void (*message)(Common *, int level);
    uint8_t others[152];
} Errors;

typedef struct {
    void *others[6];
    void (*allocate_arrays)(Common *);
    uint8_t more[48];
} Memory;

typedef struct {
    const uint8_t *next;
    size_t left;
    void (*begin)(void *);
    int (*fill)(void *);
    void (*skip)(void *, long);
    int (*resync)(void *, int);
    void (*end)(void *);
} Source;

struct Common {
    Errors *errors;
    Memory *memory;
    void *progress, *client;
    int32_t is_decoder, state;
};

/* A component: its sampling factors, and the samples that become of a block's edge. */
typedef struct {
    int32_t id, index, across, down, tables[3];
    uint32_t columns, rows;
    int32_t scaled;
    uint32_t width, height;
    uint8_t others[48];
} Component;

typedef struct {
    Common common;
    Source *source;
    uint32_t width, height;
    int32_t count, colours, out_colours;
    uint32_t numerator, denominator;
    uint8_t gamma[12];
    int32_t buffered, raw;
    uint8_t settings[200];
    int32_t precision;
    Component *components;
    uint8_t state[96];
    int32_t most_across, most_down, scaled;
    uint8_t others[212];
} Decoder;

typedef struct {
    Common common;
    void *destination;
    uint32_t width, height;
    int32_t count, colours;
    uint8_t gamma[24];
    Component *components;
    uint8_t settings[160];
    int32_t raw;
    uint8_t others[260];
} Encoder;

_Static_assert(sizeof(Errors) == 168 && sizeof(Memory) == 104 && sizeof(Source) == 56, "ABI");
_Static_assert(sizeof(Component) == 96 && offsetof(Component, scaled) == 36, "ABI");
_Static_assert(sizeof(Decoder) == 632 && offsetof(Decoder, source) == 40, "ABI");
_Static_assert(offsetof(Decoder, raw) == 92 && offsetof(Decoder, precision) == 296, "ABI");
_Static_assert(offsetof(Decoder, components) == 304 && offsetof(Decoder, scaled) == 416, "ABI");
_Static_assert(sizeof(Encoder) == 520 && offsetof(Encoder, destination) == 40, "ABI");
_Static_assert(offsetof(Encoder, components) == 88 && offsetof(Encoder, raw) == 256, "ABI");

/* libjpeg's functions, in the order of FUNCTIONS in lib/images/jpeg_planes.py. */
typedef struct {
    Errors *(*std_error)(Errors *);
    void (*destroy)(Common *);
    void (*create_decompress)(Decoder *, int version, size_t size);
    int (*read_header)(Decoder *, int require_image);
    int (*start_decompress)(Decoder *);
    uint32_t (*read_raw_data)(Decoder *, uint8_t ***planes, uint32_t lines);
    int (*finish_decompress)(Decoder *);
    int (*resync_to_restart)(void *, int);
    void (*create_compress)(Encoder *, int version, size_t size);
    void (*mem_dest)(Encoder *, uint8_t **data, unsigned long *size);
    void (*set_defaults)(Encoder *);
    void (*set_quality)(Encoder *, int quality, int force_baseline);
    void (*simple_progression)(Encoder *);
    void (*start_compress)(Encoder *, int write_all_tables);
    uint32_t (*write_raw_data)(Encoder *, uint8_t ***planes, uint32_t lines);
    void (*finish_compress)(Encoder *);
} Libjpeg;

#endif
