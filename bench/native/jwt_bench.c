
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * What the verification of a token costs, beside what OpenSSL alone takes for
 * the same signature, in processor time of this process.
 *
 *     usage: jwt_bench [seconds of each algorithm]
 *
 * All are measured in turn, in rounds of a few milliseconds, and the least
 * disturbed quarter of the rounds counts: each figure is their median.
 *
 *     verify     oc_jwt_verify(): parts, header, signature, claims
 *     parsing    its parts, header and claims: base64url and JSON, and the
 *                same of parts and header once more by cjose_jws_import()
 *     digest     EVP_DigestVerify() of the same text, with a key and a
 *                context that are there (for HS256, HMAC())
 *     speed      the public key's operation alone, as `openssl speed` has it
 *
 * exit status: 0; 1 if something is not verified; 2 if for RS256 "verify" is
 * above 1.3 times "speed" and "parsing"
 */


#include <time.h>

#include "jose.h"
#include "oc_arena.h"
#include "oc_json.h"
#include "oc_jws.h"
#include "oc_jwt.h"


#define NOW     1767225600

#define TENANT  "b7c2dd65-2d51-4a3c-8a0d-3f1d4e4c9f10"

#define ROUNDS  4096


typedef enum {
    VERIFY = 0,
    PARSING,
    DIGEST,
    SPEED,
    MEASURED
} measured_e;


typedef struct {
    const char      *alg;
    char            *token;
    char            *text;         /* that is signed */
    EVP_PKEY        *key;
    EVP_PKEY_CTX    *speed;
    EVP_MD_CTX      *ctx;
    u_char          *signature;    /* as OpenSSL wants it */
    size_t           len;
    u_char           digest[EVP_MAX_MD_SIZE];
    size_t           dlen;
    oc_jwks_t       *keys;
} subject_t;


/* about what Entra ID sends */

static const char  claims[] =
    "{\"aud\":\"00000003-0000-0000-c000-000000000000\","
    "\"iss\":\"https://login.example/" TENANT "/v2.0\","
    "\"iat\":1767225000,\"nbf\":1767225000,\"exp\":1767229200,"
    "\"acct\":0,\"acr\":\"1\",\"aio\":\"AVQAq/8TAAAAgvdC4aXhM5yHzq1lJ7c3"
    "Vw0kW8nO2m1kB7Vb0Q5kR2nXyTq1x4b8w9Z0K1hT0aG5vKf8v\","
    "\"amr\":[\"pwd\",\"mfa\"],\"app_displayname\":\"Office configurations\","
    "\"azp\":\"5e1f0d8a-0c47-4b3a-9d61-2a7b8c9d0e1f\",\"azpacr\":\"1\","
    "\"family_name\":\"Vance\",\"given_name\":\"Adele\",\"idtyp\":\"user\","
    "\"ipaddr\":\"203.0.113.7\",\"name\":\"Adele Vance\","
    "\"oid\":\"a1b2c3d4-e5f6-4789-8abc-def012345678\",\"platf\":\"3\","
    "\"puid\":\"10032001A2B3C4D5\",\"rh\":\"0.AXEAZd3Ct1EtPEqKDT8dTkyf\","
    "\"scp\":\"DeviceManagementConfiguration.Read.All "
    "DeviceManagementConfiguration.ReadWrite.All openid profile email\","
    "\"sub\":\"Q0nq0S4mN5r1bq0M4y0aZk2hA6sX7tW8uV9wY0zA1bC\","
    "\"tid\":\"" TENANT "\",\"unique_name\":\"adele@contoso.example\","
    "\"upn\":\"adele@contoso.example\",\"uti\":\"p0Zq1r2s3t4u5v6w7x8yAA\","
    "\"ver\":\"2.0\",\"wids\":[\"b79fbf4d-3ef9-4689-8143-76b194e85509\"]}";


static u_char  secret[64] = "what is shared";


static void
fail(const char *what)
{
    fprintf(stderr, "jwt_bench: %s\n", what);
    exit(1);
}


static void
make_subject(subject_t *s, const char *alg)
{
    char             *jwk, *set;
    u_char           *raw;
    unsigned          n;
    ECDSA_SIG        *sig;
    oc_jwks_error_t   err;

    memset(s, 0, sizeof(subject_t));

    s->alg = alg;
    s->key = alg[0] == 'E' ? jose_ec("P-256")
             : alg[0] == 'H' ? NULL : jose_rsa(2048);

    jwk = jose_format("\"kid\":\"-KI3Q9nNR7bRofxmeZoXqbHZGew\","
                      "\"use\":\"sig\",\"alg\":\"%s\"", alg);
    set = jose_set(s->key ? jose_jwk(s->key, jwk)
                          : jose_secret(secret, sizeof(secret), jwk), NULL);

    s->keys = oc_jwks_parse((u_char *) set, strlen(set), 1, &err);
    if (s->keys == NULL) {
        fail(err.reason);
    }

    s->token = jose_token(jose_format("{\"typ\":\"JWT\",\"alg\":\"%s\","
                                      "\"x5t\":\"-KI3Q9nNR7bRofxmeZoXqbHZGew"
                                      "\",\"kid\":\"-KI3Q9nNR7bRofxmeZoXqbHZ"
                                      "Gew\"}", alg),
                          claims, alg, s->key, secret, sizeof(secret));

    s->text = jose_format("%.*s",
                          (int) (strrchr(s->token, '.') - s->token),
                          s->token);

    jose_assert(EVP_Digest(s->text, strlen(s->text), s->digest, &n,
                           EVP_sha256(), NULL)
                == 1);
    s->dlen = n;

    if (s->key == NULL) {
        return;
    }

    s->signature = jose_alloc(1024);
    s->len = oc_base64url_decode(s->signature,
                                 (u_char *) strrchr(s->token, '.') + 1,
                                 strlen(strrchr(s->token, '.') + 1));

    if (alg[0] == 'E') {
        raw = s->signature;
        sig = ECDSA_SIG_new();
        jose_assert(ECDSA_SIG_set0(sig, BN_bin2bn(raw, 32, NULL),
                                   BN_bin2bn(raw + 32, 32, NULL)));
        s->signature = NULL;
        s->len = i2d_ECDSA_SIG(sig, &s->signature);
        ECDSA_SIG_free(sig);
    }

    s->ctx = EVP_MD_CTX_new();

    s->speed = EVP_PKEY_CTX_new(s->key, NULL);
    jose_assert(s->speed != NULL && EVP_PKEY_verify_init(s->speed) == 1);

    if (alg[0] == 'P') {
        jose_assert(EVP_PKEY_CTX_set_rsa_padding(s->speed,
                                                 RSA_PKCS1_PSS_PADDING)
                    == 1);
    }

    jose_assert(EVP_PKEY_CTX_set_signature_md(s->speed, EVP_sha256()) == 1);
}


static int
verify(subject_t *s)
{
    oc_jwt_t          jwt;
    oc_arena_t        arena;
    oc_jwt_status_e   status;

    static ngx_str_t  issuer =
        ngx_string("https://login.example/{tenantid}/v2.0");

    static ngx_str_t  audience =
        ngx_string("00000003-0000-0000-c000-000000000000");

    static const oc_jwt_policy_t  policy = { &issuer, 1, &audience, 1, 60, 1 };

    oc_arena_init(&arena, OC_JWT_MAX_ARENA);
    status = oc_jwt_verify(&jwt, (u_char *) s->token, strlen(s->token),
                           s->keys, &policy, NOW, &arena);
    oc_arena_free(&arena);

    return status == OC_JWT_OK;
}


static int
parsing(subject_t *s)
{
    u_char           *bytes;
    json_t           *json;
    oc_jws_t          jws;
    ngx_int_t         n;
    ngx_str_t         payload;
    cjose_err         err;
    oc_arena_t        arena;
    cjose_jws_t      *imported;
    oc_jwt_status_e   status;

    oc_arena_init(&arena, OC_JWT_MAX_ARENA);

    status = oc_jws_read(&jws, (u_char *) s->token, strlen(s->token), &arena);
    bytes = oc_arena_alloc(&arena, jws.payload.len);

    if (status != OC_JWT_OK || bytes == NULL) {
        return 0;
    }

    n = oc_base64url_decode(bytes, jws.payload.data, jws.payload.len);

    payload.data = bytes;
    payload.len = n;
    status = oc_jws_object(&json, &payload, &arena);

    oc_arena_free(&arena);

    imported = cjose_jws_import(s->token, strlen(s->token), &err);
    cjose_jws_release(imported);

    return status == OC_JWT_OK && imported != NULL;
}


static int
digest(subject_t *s)
{
    unsigned       n;
    u_char         mac[EVP_MAX_MD_SIZE];
    EVP_PKEY_CTX  *pctx;

    if (s->key == NULL) {
        return HMAC(EVP_sha256(), secret, sizeof(secret), (u_char *) s->text,
                    strlen(s->text), mac, &n)
               != NULL;
    }

    if (EVP_DigestVerifyInit(s->ctx, &pctx, EVP_sha256(), NULL, s->key) != 1) {
        return 0;
    }

    if (s->alg[0] == 'P'
        && EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) != 1)
    {
        return 0;
    }

    n = EVP_DigestVerify(s->ctx, s->signature, s->len, (u_char *) s->text,
                         strlen(s->text))
        == 1;
    EVP_MD_CTX_reset(s->ctx);

    return n;
}


static int
speed(subject_t *s)
{
    return s->key == NULL
           || EVP_PKEY_verify(s->speed, s->signature, s->len, s->digest,
                              s->dlen)
              == 1;
}


static int  (*measure[MEASURED])(subject_t *s) = {
    verify, parsing, digest, speed
};


static double
cpu(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);

    return t.tv_sec * 1e9 + t.tv_nsec;
}


static int
compare(const void *one, const void *two)
{
    const double  *a = one, *b = two;

    return (*a > *b) - (*a < *b);
}


/* the median of the lower quarter of the rounds: nanoseconds of one */

static void
run(subject_t *s, double seconds, double *result)
{
    int            i, k, n, count;
    double         start, begun;

    static double  rounds[MEASURED][ROUNDS];

    count = 50;
    begun = cpu();

    for (n = 0; n < ROUNDS && cpu() - begun < seconds * 1e9; n++) {

        for (k = 0; k < MEASURED; k++) {
            start = cpu();

            for (i = 0; i < count; i++) {
                if (!measure[k](s)) {
                    fail("something is not verified");
                }
            }

            rounds[k][n] = (cpu() - start) / count;
        }
    }

    for (k = 0; k < MEASURED; k++) {
        qsort(rounds[k], n, sizeof(double), compare);
        result[k] = rounds[k][n / 8];
    }
}


int
main(int argc, char **argv)
{
    int        missed;
    size_t     i;
    double     seconds, ns[MEASURED], target;
    subject_t  subject;

    static const char  *algs[] = { "RS256", "PS256", "ES256", "HS256" };

    seconds = argc > 1 ? atof(argv[1]) : 2;
    missed = 0;

    oc_json_seed();

    printf("%-7s %9s %9s %9s %9s   %s\n", "ns", "verify", "parsing", "digest",
           "speed", "verify / digest");

    for (i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
        make_subject(&subject, algs[i]);
        run(&subject, seconds, ns);

        printf("%-7s %9.0f %9.0f %9.0f", algs[i], ns[VERIFY], ns[PARSING],
               ns[DIGEST]);

        if (subject.key) {
            printf(" %9.0f", ns[SPEED]);

        } else {
            printf(" %9s", "-");
        }

        printf("   %.2f\n", ns[VERIFY] / ns[DIGEST]);

        if (i == 0) {
            target = 1.3 * ns[SPEED] + ns[PARSING];
            missed = ns[VERIFY] > target;

            printf("        the target is 1.3 x speed + parsing = %.0f: %s\n",
                   target, missed ? "MISSED" : "met");
        }

        fflush(stdout);

        EVP_PKEY_CTX_free(subject.speed);
        EVP_MD_CTX_free(subject.ctx);
        oc_jwks_release(subject.keys);
    }

    jose_free();

    return missed ? 2 : 0;
}
