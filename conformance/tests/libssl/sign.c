/*
 * Signs with the private keys of a file.
 *
 *     cc -O2 -Wall -o sign sign.c -lcrypto
 *     ./sign keys.pem
 *
 * First it writes the SubjectPublicKeyInfo of each key in hexadecimal, a line each, and an empty line.
 * Then it reads lines of a key's number, the name of a digest (`-` for none), `pss` or `-` for the
 * padding, and the octets to be signed in hexadecimal, and writes a line with the signature.
 *
 * The same line always gives the same signature: what is random in one comes from the octets that are
 * signed. That is for tests alone.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long long state;

/* Octets that are not random at all, by xorshift. */
static int octets_of_state(unsigned char *to, int length)
{
    for (int i = 0; i < length; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        to[i] = (unsigned char)(state >> 24);
    }
    return 1;
}

static int ready(void)
{
    return 1;
}

static const RAND_METHOD not_random = {
    .bytes = octets_of_state, .pseudorand = octets_of_state, .status = ready
};

static void hex(const unsigned char *octets, size_t length)
{
    for (size_t i = 0; i < length; i++)
        printf("%02x", octets[i]);
    putchar('\n');
}

int main(int argc, char **argv)
{
    static char line[1 << 18], digest[32], padding[32], text[1 << 18];
    static unsigned char octets[1 << 17], signature[2048];
    EVP_PKEY *keys[64];
    int count = 0, number;
    FILE *file = argc > 1 ? fopen(argv[1], "r") : NULL;

    if (file == NULL || RAND_set_rand_method(&not_random) != 1)
        return 1;
    while (count < 64 && (keys[count] = PEM_read_PrivateKey(file, NULL, NULL, NULL)) != NULL) {
        unsigned char *info = NULL;
        int length = i2d_PUBKEY(keys[count++], &info);
        hex(info, (size_t)length);
        OPENSSL_free(info);
    }
    putchar('\n');
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "%d %31s %31s %262143s", &number, digest, padding, text) != 4 ||
            number >= count)
            return 1;
        size_t length = strlen(text) / 2, size = sizeof signature;
        state = 0x9e3779b97f4a7c15 ^ (unsigned long long)number;
        for (size_t i = 0; i < length; i++) {
            if (sscanf(text + 2 * i, "%2hhx", &octets[i]) != 1)
                return 1;
            state = (state ^ octets[i]) * 0x100000001b3;
        }
        state |= 1;
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        EVP_PKEY_CTX *parameters;
        const EVP_MD *md = strcmp(digest, "-") == 0 ? NULL : EVP_get_digestbyname(digest);
        int good = EVP_DigestSignInit(context, &parameters, md, NULL, keys[number]) > 0;
        if (good && strcmp(padding, "pss") == 0)
            good = EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) > 0 &&
                   EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) > 0;
        if (!good || EVP_DigestSign(context, signature, &size, octets, length) <= 0)
            size = 0;
        hex(signature, size);
        fflush(stdout);
        EVP_MD_CTX_free(context);
    }
    return 0;
}
