#pragma once

// OpenSSL 3's EVP behind typed functions: Swift can call neither its macros nor its OSSL_PARAM arrays.
//
// Unless said otherwise a function returns 1 when it did its work and 0 when it did not; after a 0 nothing that it
// wrote may be used. Algorithms are fetched once a process: an implicit fetch a call costs more than sealing a small
// chunk.

#include <stddef.h>
#include <stdint.h>

enum {
    CCRYPTO_KEY_BYTES = 32,
    CCRYPTO_NONCE_BYTES = 12,
    CCRYPTO_TAG_BYTES = 16,
    CCRYPTO_BLOCK_BYTES = 16,
    CCRYPTO_SHA256_BYTES = 32,
};

/// AES-256-GCM under one key, for one direction. Not for two threads at once. Owned by the caller of `create`.
typedef struct ccrypto_gcm ccrypto_gcm;

/// @param key CCRYPTO_KEY_BYTES bytes; only the expanded key is kept.
/// @param seals 1 to seal, 0 to open.
/// @return NULL where OpenSSL would not.
ccrypto_gcm *ccrypto_gcm_create(const uint8_t *key, int seals);

/// Wipes the key and frees the context.
void ccrypto_gcm_destroy(ccrypto_gcm *gcm);

/// Writes length + CCRYPTO_TAG_BYTES bytes to `sealed`. `nonce` has CCRYPTO_NONCE_BYTES bytes and is never used twice.
int ccrypto_gcm_seal(
    ccrypto_gcm *gcm, const uint8_t *nonce, const uint8_t *aad, size_t aad_length, const uint8_t *plaintext,
    size_t length, uint8_t *sealed);

/// Writes sealed_length - CCRYPTO_TAG_BYTES bytes to `plaintext`. On 0 the tag did not verify, and `plaintext` was
/// wiped.
int ccrypto_gcm_open(
    ccrypto_gcm *gcm, const uint8_t *nonce, const uint8_t *aad, size_t aad_length, const uint8_t *sealed,
    size_t sealed_length, uint8_t *plaintext);

/// One block of AES-256-ECB: `output` = AES(key, input), both CCRYPTO_BLOCK_BYTES bytes.
int ccrypto_aes256_block(const uint8_t *key, const uint8_t *input, uint8_t *output);

/// HKDF-Expand with SHA-512 (RFC 5869 section 2.3).
int ccrypto_hkdf_expand_sha512(
    const uint8_t *key, size_t key_length, const uint8_t *info, size_t info_length, uint8_t *output,
    size_t output_length);

/// A running digest. Owned by the caller of `create`, which returns NULL where OpenSSL would not.
typedef struct ccrypto_digest ccrypto_digest;
ccrypto_digest *ccrypto_sha256_create(void);
ccrypto_digest *ccrypto_sha512_create(void);
void ccrypto_digest_destroy(ccrypto_digest *digest);
int ccrypto_digest_update(ccrypto_digest *digest, const uint8_t *bytes, size_t length);
/// Writes the `length` bytes that the algorithm has, or fails. The digest takes no more afterwards.
int ccrypto_digest_finish(ccrypto_digest *digest, uint8_t *output, size_t length);

/// HMAC-SHA-256 (RFC 2104). Writes CCRYPTO_SHA256_BYTES bytes.
int ccrypto_hmac_sha256(
    const uint8_t *key, size_t key_length, const uint8_t *message, size_t length, uint8_t *mac);

/// Random bytes that stay secret, from OpenSSL's private generator.
int ccrypto_random_secret(uint8_t *bytes, size_t length);
/// Random bytes that the world may see, from a generator whose output tells nothing of the private one.
int ccrypto_random_public(uint8_t *bytes, size_t length);

/// 1 when both are equal; the time taken depends on `length` alone.
int ccrypto_equal(const uint8_t *left, const uint8_t *right, size_t length);

/// Overwrites memory in a way that the compiler does not remove.
void ccrypto_wipe(void *bytes, size_t length);
