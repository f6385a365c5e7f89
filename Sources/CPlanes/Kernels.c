#include "Kernels.h"

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Plain loops that the compiler turns into vectors, compiled once for each kind of processor. By hand and not by
// `target_clones`: that is resolved by the dynamic linker before the sanitizers are ready for it.

#define BLOCK 64

static inline __attribute__((always_inline)) void rows_body(
    const uint8_t *const *restrict rows, const int16_t *restrict weights, int taps, int16_t *restrict line,
    size_t width) {
    // Rows and line have room for whole blocks (ROW_SLACK): no remainder.
    for (size_t left = 0; left < width; left += BLOCK) {
        int32_t sums[BLOCK];
        for (int i = 0; i < BLOCK; i++) sums[i] = 1 << (WEIGHT_BITS - LINE_BITS - 1);
        for (int tap = 0; tap < taps; tap++) {
            const uint8_t *restrict row = rows[tap] + left;
            int32_t weight = weights[tap];
            for (int i = 0; i < BLOCK; i++) sums[i] += row[i] * weight;
        }
        for (int i = 0; i < BLOCK; i++) line[left + i] = (int16_t)(sums[i] >> (WEIGHT_BITS - LINE_BITS));
    }
}

static inline uint8_t clamped(int32_t sum, const line_weights *by) {
    int32_t sample = sum >> (LINE_BITS + WEIGHT_BITS);
    return (uint8_t)(sample < by->low ? by->low : sample > by->high ? by->high : sample);
}

/// One sample of the rendition.
static inline __attribute__((always_inline)) int32_t weighed(
    const int16_t *restrict line, const line_weights *restrict by, int index) {
    const int16_t *restrict samples = line + by->firsts[index];
    const int16_t *restrict weights = by->weights + (size_t)index * (size_t)by->taps;
    int32_t sum = by->bias;
    for (int tap = 0; tap < by->taps; tap++) sum += (int32_t)samples[tap] * weights[tap];
    return sum;
}

#if defined(__SSE2__)
/// The same, as four sums yet to be added.
static inline __attribute__((always_inline)) __m128i parts(
    const int16_t *restrict line, const line_weights *restrict by, int index) {
    const int16_t *restrict samples = line + by->firsts[index];
    const int16_t *restrict weights = by->weights + (size_t)index * (size_t)by->taps;
    __m128i sum = _mm_setzero_si128();
    for (int tap = 0; tap < by->taps; tap += TAPS_STEP) {
        __m128i some = _mm_loadu_si128((const __m128i *)(samples + tap));
        sum = _mm_add_epi32(sum, _mm_madd_epi16(some, _mm_loadu_si128((const __m128i *)(weights + tap))));
    }
    return sum;
}

/// Four samples at a time, so that adding up within a vector, which processors are slow at, is done for all at once.
static inline __attribute__((always_inline)) int line_by_fours(
    const int16_t *restrict line, const line_weights *restrict by, uint8_t *restrict out) {
    const __m128i bias = _mm_set1_epi32(by->bias);
    const __m128i low = _mm_set1_epi8((char)by->low);
    const __m128i high = _mm_set1_epi8((char)by->high);
    int index = 0;
    for (; index + 4 <= by->count; index += 4) {
        __m128i a = parts(line, by, index), b = parts(line, by, index + 1);
        __m128i c = parts(line, by, index + 2), d = parts(line, by, index + 3);
        __m128i ab = _mm_add_epi32(_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b));
        __m128i cd = _mm_add_epi32(_mm_unpacklo_epi32(c, d), _mm_unpackhi_epi32(c, d));
        __m128i sums = _mm_add_epi32(_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd));
        sums = _mm_srai_epi32(_mm_add_epi32(sums, bias), LINE_BITS + WEIGHT_BITS);
        __m128i narrow = _mm_packus_epi16(_mm_packs_epi32(sums, sums), sums);
        narrow = _mm_min_epu8(_mm_max_epu8(narrow, low), high);
        int32_t four = _mm_cvtsi128_si32(narrow);
        memcpy(out + index, &four, sizeof four);
    }
    return index;
}
#else
static inline int line_by_fours(const int16_t *line, const line_weights *by, uint8_t *out) {
    (void)line; (void)by; (void)out;
    return 0;
}
#endif

static inline __attribute__((always_inline)) void line_body(
    const int16_t *restrict line, const line_weights *restrict by, uint8_t *restrict out) {
    for (int index = line_by_fours(line, by, out); index < by->count; index++)
        out[index] = clamped(weighed(line, by, index), by);
}

#define KERNELS(name, target)                                                                                  \
    target static void rows_##name(                                                                            \
        const uint8_t *const *rows, const int16_t *weights, int taps, int16_t *line, size_t width) {           \
        rows_body(rows, weights, taps, line, width);                                                           \
    }                                                                                                          \
    target static void line_##name(const int16_t *line, const line_weights *by, uint8_t *out) {                \
        line_body(line, by, out);                                                                              \
    }

KERNELS(plain, )

#if defined(__x86_64__)
// What the x86-64 psABI calls x86-64-v3 and x86-64-v4, as far as these loops are concerned.
KERNELS(v3, __attribute__((target("avx2"))))
KERNELS(v4, __attribute__((target("avx2,avx512f,avx512bw,avx512dq,avx512vl,prefer-256-bit"))))
#endif

kernels kernels_for_this_processor(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        return (kernels){rows_v4, line_v4};
    if (__builtin_cpu_supports("avx2")) return (kernels){rows_v3, line_v3};
#endif
    return (kernels){rows_plain, line_plain};
}
