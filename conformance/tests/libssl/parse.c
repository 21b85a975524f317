/*
 * Reads certificates and says which key OpenSSL finds in each.
 *
 *     cc -O2 -Wall -o parse parse.c -lcrypto
 *
 * In: four octets of length, the most significant first, and so many of a certificate; and again.
 * Out: the same of its SubjectPublicKeyInfo, no octets where the library reads no certificate, or
 * where octets are left after it.
 */
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    static unsigned char der[1 << 17];
    unsigned char size[4];
    static char in[1 << 16], out[1 << 16];

    setvbuf(stdin, in, _IOFBF, sizeof in);
    setvbuf(stdout, out, _IOFBF, sizeof out);
    while (fread(size, 1, 4, stdin) == 4) {
        size_t length = (size_t)size[0] << 24 | size[1] << 16 | size[2] << 8 | size[3];
        if (length > sizeof der || fread(der, 1, length, stdin) != length)
            return 1;
        const unsigned char *at = der;
        X509 *x509 = d2i_X509(NULL, &at, (long)length);
        unsigned char *key = NULL;
        int found = 0;
        if (x509 != NULL && at == der + length)
            found = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &key);
        if (found < 0)
            found = 0;
        size[0] = 0;
        size[1] = (unsigned char)(found >> 16);
        size[2] = (unsigned char)(found >> 8);
        size[3] = (unsigned char)found;
        fwrite(size, 1, 4, stdout);
        fwrite(key, 1, (size_t)found, stdout);
        fflush(stdout);
        OPENSSL_free(key);
        X509_free(x509);
        ERR_clear_error();
    }
    return 0;
}
