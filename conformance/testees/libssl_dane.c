/*
 * A testee for dane.verify over libssl: one JSON request a line in, one answer a line out.
 *
 *     cc -O2 -Wall -o libssl_dane libssl_dane.c -lssl -lcrypto
 *
 * The library verifies the chain as a TLS client would (purpose "TLS server", authentication level
 * 1), without a socket. Of JSON it reads what the requests hold: an object of strings, numbers and
 * lists of strings. The profile is that of RFC 7672: usages 0 and 1 are left out.
 */
#define _GNU_SOURCE
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ITEMS 128

struct list {
    char *item[MAX_ITEMS];
    int count;
};

/* Finds the value of a member of the outermost object. */
static char *member(char *line, const char *name)
{
    size_t length = strlen(name);
    int depth = 0;
    for (char *at = line; *at != '\0'; at++) {
        depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
        if (*at != '"')
            continue;
        char *start = at + 1;
        for (at++; *at != '"' && *at != '\0'; at++)
            if (*at == '\\' && at[1] != '\0')
                at++;
        if (*at == '\0')
            return NULL;
        if (depth == 1 && at[1] == ':' && (size_t)(at - start) == length &&
            strncmp(start, name, length) == 0) {
            at += 2;
            while (*at == ' ')
                at++;
            return at;
        }
    }
    return NULL;
}

/* Copies a string without escapes; none of the requests needs any. */
static char *string(char **at)
{
    char *start = ++*at;
    char *end = strchr(start, '"');
    if (end == NULL)
        return NULL;
    *at = end + 1;
    return strndup(start, (size_t)(end - start));
}

static struct list strings(char *at)
{
    struct list list = {.count = 0};
    if (at == NULL || *at != '[')
        return list;
    for (at++; *at != '\0' && *at != ']';) {
        if (*at == '"' && list.count < MAX_ITEMS)
            list.item[list.count++] = string(&at);
        else
            at++;
    }
    return list;
}

static void release(struct list *list)
{
    for (int i = 0; i < list->count; i++)
        free(list->item[i]);
}

static X509 *certificate(const char *base64)
{
    size_t size = strlen(base64);
    unsigned char *der = malloc(size + 4);
    int length = EVP_DecodeBlock(der, (const unsigned char *)base64, (int)size);
    for (size_t i = size; length > 0 && i > 0 && base64[i - 1] == '='; i--)
        length--;
    const unsigned char *at = der;
    X509 *x509 = length > 0 ? d2i_X509(NULL, &at, length) : NULL;
    if (x509 != NULL && at != der + length) {
        X509_free(x509);
        x509 = NULL;
    }
    free(der);
    return x509;
}

/* Adds a record; 1 if it is usable, 0 if not, -1 if it is no record. */
static int add(SSL *ssl, const char *text)
{
    unsigned usage, selector, matching;
    int data = 0;
    if (sscanf(text, "%u %u %u %n", &usage, &selector, &matching, &data) != 3 || usage > 255)
        return -1;
    if (usage < 2)
        return 0;
    unsigned char octets[65536];
    size_t count = 0;
    for (const char *at = text + data; at[0] != '\0' && at[1] != '\0'; at += 2)
        if (sscanf(at, "%2hhx", &octets[count++]) != 1)
            return -1;
    int added = SSL_dane_tlsa_add(ssl, (uint8_t)usage, (uint8_t)selector, (uint8_t)matching,
                                  octets, count);
    ERR_clear_error();
    return added > 0;
}

/* The index of the record that has matched, among those given. */
static int matched(SSL *ssl, const struct list *records)
{
    uint8_t usage, selector, matching;
    const unsigned char *data;
    size_t length;
    SSL_get0_dane_tlsa(ssl, &usage, &selector, &matching, &data, &length);
    char *wanted = malloc(32 + 2 * length);
    int at = sprintf(wanted, "%u %u %u ", usage, selector, matching);
    for (size_t i = 0; i < length; i++)
        at += sprintf(wanted + at, "%02x", data[i]);
    int index = records->count - 1;
    while (index > 0 && strcasecmp(records->item[index], wanted) != 0)
        index--;
    for (int i = 0; i < index; i++)
        if (strcasecmp(records->item[i], wanted) == 0)
            index = i;
    free(wanted);
    return index;
}

static void judge(SSL_CTX *context, const char *id, char *line)
{
    struct list records = strings(member(line, "tlsa"));
    struct list chain = strings(member(line, "chain_b64"));
    struct list names = strings(member(line, "names"));
    char *now = member(line, "now");
    STACK_OF(X509) *sent = sk_X509_new_null();
    SSL *ssl = SSL_new(context);
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    int usable = 0, readable = chain.count > 0;

    SSL_dane_enable(ssl, names.count > 0 ? names.item[0] : NULL);
    SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
    for (int i = 1; i < names.count; i++)
        SSL_add1_host(ssl, names.item[i]);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    for (int i = 0; i < records.count; i++)
        usable += add(ssl, records.item[i]) > 0;
    for (int i = 0; i < chain.count; i++) {
        X509 *one = certificate(chain.item[i]);
        readable = readable && one != NULL;
        if (one != NULL)
            sk_X509_push(sent, one);
    }
    if (usable == 0) {
        printf("{\"id\":\"%s\",\"verdict\":\"no-usable-records\"}\n", id);
    } else if (!readable) {
        printf("{\"id\":\"%s\",\"verdict\":\"failed\",\"reason\":\"malformed-certificate\"}\n", id);
    } else {
        X509_STORE *store = SSL_CTX_get_cert_store(context);
        X509_STORE_CTX_init(check, store, sk_X509_value(sent, 0), sent);
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(check);
        X509_STORE_CTX_set0_dane(check, SSL_get0_dane(ssl));
        X509_STORE_CTX_set_ex_data(check, SSL_get_ex_data_X509_STORE_CTX_idx(), ssl);
        X509_STORE_CTX_set_default(check, "ssl_server");
        X509_VERIFY_PARAM_set_auth_level(param, 1);
        X509_VERIFY_PARAM_set1(param, SSL_get0_param(ssl));
        if (now != NULL)
            X509_VERIFY_PARAM_set_time(param, (time_t)atoll(now));
        int good = X509_verify_cert(check) > 0 && SSL_get0_dane_authority(ssl, NULL, NULL) >= 0;
        int error = X509_STORE_CTX_get_error(check);
        if (good) {
            uint8_t usage;
            SSL_get0_dane_tlsa(ssl, &usage, NULL, NULL, NULL, NULL);
            printf("{\"id\":\"%s\",\"verdict\":\"authenticated\",\"record\":%d,\"usage\":%u}\n", id,
                   matched(ssl, &records), usage);
        } else {
            printf("{\"id\":\"%s\",\"verdict\":\"failed\",\"detail\":\"%s\",\"depth\":%d}\n", id,
                   X509_verify_cert_error_string(error), X509_STORE_CTX_get_error_depth(check));
        }
    }
    ERR_clear_error();
    X509_STORE_CTX_free(check);
    SSL_free(ssl);
    sk_X509_pop_free(sent, X509_free);
    release(&records);
    release(&chain);
    release(&names);
}

int main(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    char *line = NULL;
    size_t size = 0;
    if (context == NULL || SSL_CTX_dane_enable(context) <= 0)
        return 1;
    while (getline(&line, &size, stdin) > 0) {
        char *at = member(line, "id");
        char *id = at != NULL && *at == '"' ? string(&at) : NULL;
        char *op = member(line, "op");
        char *profile = member(line, "profile");
        if (id == NULL)
            printf("{\"id\":null,\"verdict\":\"bad-request\",\"reason\":\"missing-id\"}\n");
        else if (op == NULL || strncmp(op, "\"dane.verify\"", 13) != 0 ||
                 (profile != NULL && strncmp(profile, "\"generic\"", 9) == 0))
            printf("{\"id\":\"%s\",\"verdict\":\"unsupported\"}\n", id);
        else
            judge(context, id, line);
        fflush(stdout);
        free(id);
    }
    free(line);
    SSL_CTX_free(context);
    return 0;
}
