/*
 * What DANE costs with OpenSSL: the nanoseconds of one operation, or so many repetitions of it.
 *
 *     cc -O2 -Wall -o openssl openssl.c -lssl -lcrypto
 *     ./openssl DATA OPERATION [COUNT]
 *
 *     end-entity-p256, end-entity-rsa   a certificate is read, its key's digest is compared
 *     anchor                            two certificates are read, and verified by a `2 1 1` record
 *
 * DATA is the directory with the certificates. What can be made once is made outside of the loop: the
 * context, the SSL object, and the record.
 */
#define _GNU_SOURCE
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct der {
    unsigned char octets[4096];
    long length;
};

static struct der load(const char *directory, const char *name)
{
    struct der der;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        exit(1);
    der.length = (long)fread(der.octets, 1, sizeof der.octets, file);
    fclose(file);
    return der;
}

static X509 *parse(const struct der *der)
{
    const unsigned char *at = der->octets;
    X509 *x509 = d2i_X509(NULL, &at, der->length);
    if (x509 == NULL)
        exit(1);
    return x509;
}

static void key_digest(X509 *x509, unsigned char *digest)
{
    unsigned char *key = NULL;
    int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &key);
    if (length <= 0 || !EVP_Digest(key, (size_t)length, digest, NULL, EVP_sha256(), NULL))
        exit(1);
    OPENSSL_free(key);
}

static struct der leaf, ca;
static unsigned char wanted[32];
static SSL *ssl;
static X509_STORE *store;

static void end_entity(void)
{
    unsigned char digest[32];
    X509 *x509 = parse(&leaf);
    key_digest(x509, digest);
    if (memcmp(digest, wanted, sizeof wanted) != 0)
        exit(1);
    X509_free(x509);
}

static void anchor(void)
{
    X509 *one = parse(&leaf), *issuer = parse(&ca);
    STACK_OF(X509) *sent = sk_X509_new_null();
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    sk_X509_push(sent, one);
    sk_X509_push(sent, issuer);
    X509_STORE_CTX_init(check, store, one, sent);
    X509_STORE_CTX_set0_dane(check, SSL_get0_dane(ssl));
    X509_STORE_CTX_set_default(check, "ssl_server");
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(check), 1);
    X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(check), SSL_get0_param(ssl));
    if (X509_verify_cert(check) <= 0)
        exit(1);
    X509_STORE_CTX_free(check);
    sk_X509_pop_free(sent, X509_free);
}

static double run(void (*operation)(void), long count)
{
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (long i = 0; i < count; i++)
        operation();
    clock_gettime(CLOCK_MONOTONIC, &end);
    return (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
}

int main(int argc, char **argv)
{
    void (*operation)(void) = end_entity;
    if (argc < 3)
        return 1;
    leaf = load(argv[1], strcmp(argv[2], "end-entity-rsa") == 0 ? "leaf-rsa.der" : "leaf-p256.der");
    ca = load(argv[1], "ca-p256.der");
    X509 *x509 = parse(strcmp(argv[2], "anchor") == 0 ? &ca : &leaf);
    key_digest(x509, wanted);
    X509_free(x509);
    if (strcmp(argv[2], "anchor") == 0) {
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_dane_enable(context);
        ssl = SSL_new(context);
        store = SSL_CTX_get_cert_store(context);
        SSL_dane_enable(ssl, "mx.example.org");
        if (SSL_dane_tlsa_add(ssl, 2, 1, 1, wanted, sizeof wanted) <= 0)
            return 1;
        operation = anchor;
    }
    if (argc > 3) {
        run(operation, atol(argv[3]));
        return 0;
    }
    double best = 1e18;
    long batch = strcmp(argv[2], "anchor") == 0 ? 4 : 50;
    run(operation, 200);
    for (int i = 0; i < 300; i++) {
        double one = run(operation, batch) / (double)batch;
        best = one < best ? one : best;
    }
    printf("%.1f\n", best);
    return 0;
}
