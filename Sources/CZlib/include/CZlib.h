#pragma once

// zlib's deflate behind two functions: Swift cannot call the macro that initialises it.

#include <stddef.h>
#include <stdint.h>

/// The most bytes that `czlib_gzip` writes for so many.
size_t czlib_gzip_bytes_max(size_t length);

/// Compresses all of `input` to one gzip member (RFC 1952), the same for the same input: without name and time.
///
/// @param level 1 to 9.
/// @param output czlib_gzip_bytes_max(length) bytes.
/// @return how many were written; 0 where there is no memory for it.
size_t czlib_gzip(const uint8_t *input, size_t length, int level, uint8_t *output, size_t output_bytes_max);
