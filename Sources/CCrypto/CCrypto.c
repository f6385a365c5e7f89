#include "CCrypto.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <pthread.h>

// The opaque types of the header are OpenSSL's own contexts; the pointers are only cast.
static EVP_CIPHER_CTX *cipher_context(ccrypto_gcm *gcm) { return (EVP_CIPHER_CTX *)gcm; }
static EVP_MD_CTX *digest_context(ccrypto_digest *digest) { return (EVP_MD_CTX *)digest; }

static struct {
    EVP_CIPHER *gcm;
    EVP_CIPHER *ecb;
    EVP_MD *sha256;
    EVP_MD *sha512;
    EVP_KDF *hkdf;
    EVP_MAC *hmac;
} algorithms;

static void fetch_algorithms(void) {
    algorithms.gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    algorithms.ecb = EVP_CIPHER_fetch(NULL, "AES-256-ECB", NULL);
    algorithms.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    algorithms.sha512 = EVP_MD_fetch(NULL, "SHA512", NULL);
    algorithms.hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    algorithms.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
}

// What could not be fetched stays NULL; every user checks its own.
static void require_algorithms(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fetch_algorithms);
}

// OpenSSL queues its reasons a thread; a queue that nobody reads would hold stale ones for the next reader.
static int failed(void) {
    ERR_clear_error();
    return 0;
}

ccrypto_gcm *ccrypto_gcm_create(const uint8_t *key, int seals) {
    require_algorithms();
    EVP_CIPHER_CTX *context = algorithms.gcm == NULL ? NULL : EVP_CIPHER_CTX_new();
    // The nonce length is GCM's default, 12 bytes; the nonce itself comes with each chunk.
    if (context == NULL || EVP_CipherInit_ex2(context, algorithms.gcm, key, NULL, seals, NULL) != 1) {
        EVP_CIPHER_CTX_free(context);
        failed();
        return NULL;
    }
    return (ccrypto_gcm *)context;
}

void ccrypto_gcm_destroy(ccrypto_gcm *gcm) { EVP_CIPHER_CTX_free(cipher_context(gcm)); }

// Sets the nonce, keeps key and direction, and takes the data that is authenticated only.
static int begin(EVP_CIPHER_CTX *context, const uint8_t *nonce, const uint8_t *aad, size_t aad_length) {
    int written = 0;
    if (aad_length > INT_MAX || EVP_CipherInit_ex2(context, NULL, NULL, nonce, -1, NULL) != 1) { return 0; }
    return aad_length == 0 || EVP_CipherUpdate(context, NULL, &written, aad, (int)aad_length) == 1;
}

int ccrypto_gcm_seal(
    ccrypto_gcm *gcm, const uint8_t *nonce, const uint8_t *aad, size_t aad_length, const uint8_t *plaintext,
    size_t length, uint8_t *sealed) {
    EVP_CIPHER_CTX *context = cipher_context(gcm);
    int written = 0;
    if (length > INT_MAX || !begin(context, nonce, aad, aad_length)) { return failed(); }
    // An update without bytes is left out: to a provider, no input at all means the end.
    if (length > 0 && EVP_EncryptUpdate(context, sealed, &written, plaintext, (int)length) != 1) { return failed(); }
    if (EVP_EncryptFinal_ex(context, sealed + length, &written) != 1) { return failed(); }
    if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, CCRYPTO_TAG_BYTES, sealed + length) != 1) {
        return failed();
    }
    return 1;
}

int ccrypto_gcm_open(
    ccrypto_gcm *gcm, const uint8_t *nonce, const uint8_t *aad, size_t aad_length, const uint8_t *sealed,
    size_t sealed_length, uint8_t *plaintext) {
    EVP_CIPHER_CTX *context = cipher_context(gcm);
    int written = 0;
    if (sealed_length < CCRYPTO_TAG_BYTES || sealed_length > INT_MAX) { return 0; }
    size_t length = sealed_length - CCRYPTO_TAG_BYTES;
    // OpenSSL only reads the tag, though its control call takes a pointer to anything.
    void *tag = (void *)(uintptr_t)(sealed + length);
    int opened = begin(context, nonce, aad, aad_length)
        && (length == 0 || EVP_DecryptUpdate(context, plaintext, &written, sealed, (int)length) == 1)
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, CCRYPTO_TAG_BYTES, tag) == 1
        && EVP_DecryptFinal_ex(context, plaintext + length, &written) == 1;
    if (opened) { return 1; }
    // GCM decrypts before it knows that the tag is wrong: what it wrote must not be mistaken for plaintext.
    OPENSSL_cleanse(plaintext, length);
    return failed();
}

int ccrypto_aes256_block(const uint8_t *key, const uint8_t *input, uint8_t *output) {
    require_algorithms();
    EVP_CIPHER_CTX *context = algorithms.ecb == NULL ? NULL : EVP_CIPHER_CTX_new();
    int written = 0;
    int done = context != NULL && EVP_EncryptInit_ex2(context, algorithms.ecb, key, NULL, NULL) == 1
        && EVP_CIPHER_CTX_set_padding(context, 0) == 1
        && EVP_EncryptUpdate(context, output, &written, input, CCRYPTO_BLOCK_BYTES) == 1
        && written == CCRYPTO_BLOCK_BYTES;
    EVP_CIPHER_CTX_free(context);
    return done ? 1 : failed();
}

int ccrypto_hkdf_expand_sha512(
    const uint8_t *key, size_t key_length, const uint8_t *info, size_t info_length, uint8_t *output,
    size_t output_length) {
    require_algorithms();
    EVP_KDF_CTX *context = algorithms.hkdf == NULL ? NULL : EVP_KDF_CTX_new(algorithms.hkdf);
    if (context == NULL) { return failed(); }
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    // The parameters are only read; OSSL_PARAM has one pointer for both directions.
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, "SHA512", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key, key_length),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info, info_length),
        OSSL_PARAM_construct_end(),
    };
    int done = EVP_KDF_derive(context, output, output_length, parameters) == 1;
    EVP_KDF_CTX_free(context);
    return done ? 1 : failed();
}

static ccrypto_digest *create_digest(EVP_MD *algorithm) {
    EVP_MD_CTX *context = algorithm == NULL ? NULL : EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestInit_ex2(context, algorithm, NULL) != 1) {
        EVP_MD_CTX_free(context);
        failed();
        return NULL;
    }
    return (ccrypto_digest *)context;
}

ccrypto_digest *ccrypto_sha256_create(void) {
    require_algorithms();
    return create_digest(algorithms.sha256);
}

ccrypto_digest *ccrypto_sha512_create(void) {
    require_algorithms();
    return create_digest(algorithms.sha512);
}

void ccrypto_digest_destroy(ccrypto_digest *digest) { EVP_MD_CTX_free(digest_context(digest)); }

int ccrypto_digest_update(ccrypto_digest *digest, const uint8_t *bytes, size_t length) {
    return EVP_DigestUpdate(digest_context(digest), bytes, length) == 1 ? 1 : failed();
}

int ccrypto_digest_finish(ccrypto_digest *digest, uint8_t *output, size_t length) {
    EVP_MD_CTX *context = digest_context(digest);
    if (EVP_MD_CTX_get_size(context) != (int)length) { return 0; }
    return EVP_DigestFinal_ex(context, output, NULL) == 1 ? 1 : failed();
}

int ccrypto_hmac_sha256(
    const uint8_t *key, size_t key_length, const uint8_t *message, size_t length, uint8_t *mac) {
    require_algorithms();
    EVP_MAC_CTX *context = algorithms.hmac == NULL ? NULL : EVP_MAC_CTX_new(algorithms.hmac);
    if (context == NULL) { return failed(); }
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    // A null pointer would stand for "the key of before".
    const uint8_t *own_key = key_length == 0 ? (const uint8_t *)"" : key;
    size_t written = 0;
    int done = EVP_MAC_init(context, own_key, key_length, parameters) == 1
        && EVP_MAC_update(context, message, length) == 1
        && EVP_MAC_final(context, mac, &written, CCRYPTO_SHA256_BYTES) == 1 && written == CCRYPTO_SHA256_BYTES;
    EVP_MAC_CTX_free(context);
    return done ? 1 : failed();
}

int ccrypto_random_secret(uint8_t *bytes, size_t length) {
    if (length > INT_MAX) { return 0; }
    return RAND_priv_bytes(bytes, (int)length) == 1 ? 1 : failed();
}

int ccrypto_random_public(uint8_t *bytes, size_t length) {
    if (length > INT_MAX) { return 0; }
    return RAND_bytes(bytes, (int)length) == 1 ? 1 : failed();
}

int ccrypto_equal(const uint8_t *left, const uint8_t *right, size_t length) {
    return CRYPTO_memcmp(left, right, length) == 0;
}

void ccrypto_wipe(void *bytes, size_t length) { OPENSSL_cleanse(bytes, length); }
