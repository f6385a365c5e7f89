#include "CZlib.h"

#include <limits.h>
#include <zlib.h>

/// Header and trailer of a gzip member without optional fields (RFC 1952 §2.3), beyond what zlib's own format has.
static const size_t gzip_bytes = 18;

size_t czlib_gzip_bytes_max(size_t length) { return compressBound(length) + gzip_bytes; }

size_t czlib_gzip(const uint8_t *input, size_t length, int level, uint8_t *output, size_t output_bytes_max) {
    if (length > UINT_MAX || output_bytes_max > UINT_MAX) return 0;
    z_stream stream = {0};
    // 16 more than the largest window: gzip's header and trailer in place of zlib's. 8 is zlib's default of memory.
    if (deflateInit2(&stream, level, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
    stream.next_in = (Bytef *)input;
    stream.avail_in = (uInt)length;
    stream.next_out = output;
    stream.avail_out = (uInt)output_bytes_max;
    int result = deflate(&stream, Z_FINISH);
    size_t written = stream.total_out;
    deflateEnd(&stream);
    return result == Z_STREAM_END ? written : 0;
}
