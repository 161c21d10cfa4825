
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * Attacks on the verification of tokens, a row each, from RFC 8725 and RFC
 * 7515 to 7519.  A row changes what would be a valid token of the tenant:
 * members of the header or claims are replaced, added, or with "" removed;
 * it is signed by some key with some algorithm; and what has been signed is
 * changed.
 */


#include <openssl/err.h>
#include <openssl/pem.h>

#include "jose.h"
#include "jwt_changes.h"
#include "oc_json.h"
#include "oc_jwt.h"
#include "support.h"
#include "tap.h"


#define NOW     1767225600

#define TENANT  "b7c2dd65-2d51-4a3c-8a0d-3f1d4e4c9f10"
#define OTHER   "0c5d2b1e-9a7f-4f6e-a1b2-c3d4e5f60718"


typedef enum {
    RSA_KEY = 0,
    RSA_OTHER,
    RSA_PSS,               /* for PS256 alone */
    RSA_WEAK,
    RSA_ENC,
    RSA_WRAP,
    RSA_TENANT,            /* for another tenant alone */
    RSA_NEW,               /* in no set */
    P256_KEY,
    P256_NEW,
    P384_KEY,
    P521_KEY,
    SECRET,
    SECRET_PEM,            /* the public key, as it is often published */
    SECRET_DER,
    SECRET_N,              /* its modulus */
    SECRET_JWK,            /* its JWK */
    SECRET_EMPTY,
    NO_KEY
} signer_e;


typedef char *(*change_pt)(char *token);


typedef struct {
    const char       *name;
    oc_jwt_status_e   expected;
    const char       *header[6];     /* name and value, and so on */
    const char       *claims[6];
    const char       *alg;           /* NULL: RS256; "": no signature */
    signer_e          signer;
    change_pt         change;
} attack_t;


static EVP_PKEY   *keys[NO_KEY];

static u_char      secret[64];
static char       *secrets[NO_KEY];
static size_t      lengths[NO_KEY];

static oc_jwks_t  *set;


static char *
header_is(char *token, const char *header, size_t len)
{
    char    *parts[3];
    size_t   n;
    u_char  *sig;

    split(token, parts);
    parts[0] = jose_base64url(header, len);
    sig = jose_sign(&n, "RS256", keys[RSA_KEY], NULL, 0,
                    jose_format("%s.%s", parts[0], parts[1]));
    parts[2] = jose_base64url(sig, n);

    return join(parts);
}


static char *
payload_is(char *token, const char *payload, size_t len)
{
    char    *parts[3];
    size_t   n;
    u_char  *sig;

    split(token, parts);
    parts[1] = jose_base64url(payload, len);
    sig = jose_sign(&n, "RS256", keys[RSA_KEY], NULL, 0,
                    jose_format("%s.%s", parts[0], parts[1]));
    parts[2] = jose_base64url(sig, n);

    return join(parts);
}

#define header_text(name, text)                                               \
    static char *                                                             \
    name(char *token)                                                         \
    {                                                                         \
        return header_is(token, text, sizeof(text) - 1);                      \
    }

#define payload_text(name, text)                                              \
    static char *                                                             \
    name(char *token)                                                         \
    {                                                                         \
        return payload_is(token, text, sizeof(text) - 1);                     \
    }


#define REST                                                                  \
    "\"iss\":\"https://login.example/" TENANT "/v2.0\",\"aud\":\"api\","      \
    "\"tid\":\"" TENANT "\""

header_text(header_array, "[\"RS256\"]")
header_text(header_string, "\"RS256\"")
header_text(header_empty, "")
header_text(header_object, "{}")
header_text(header_two_algs,
            "{\"alg\":\"none\",\"kid\":\"rsa\",\"alg\":\"RS256\"}")
header_text(header_two_algs_escaped,
            "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"\\u0061lg\":\"none\"}")
header_text(header_two_kids,
            "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"kid\":\"other\"}")
header_text(header_alg_case, "{\"ALG\":\"RS256\",\"kid\":\"rsa\"}")
header_text(header_trailing,
            "{\"alg\":\"RS256\",\"kid\":\"rsa\"}{\"alg\":\"none\"}")
header_text(header_nul, "{\"alg\":\"RS256\",\"kid\":\"rsa\"}\0")
header_text(header_nul_alg, "{\"alg\":\"RS256\\u0000\",\"kid\":\"rsa\"}")
header_text(header_bom, "\xef\xbb\xbf{\"alg\":\"RS256\",\"kid\":\"rsa\"}")
header_text(header_latin, "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"x\":\"\xe4\"}")
header_text(header_huge_number,
            "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"x\":1e999999}")
header_text(header_utf16, "{\0\"\0a\0l\0g\0\"\0:\0\"\0R\0\"\0}\0")

payload_text(payload_array, "[{" REST ",\"exp\":1767229200}]")
payload_text(payload_null, "null")
payload_text(payload_nothing, "{}")
payload_text(payload_empty, "")
payload_text(payload_form, "exp=1767229200&tid=" TENANT)
payload_text(payload_nested, "eyJhbGciOiJub25lIn0.e30.")
payload_text(payload_two_exps,
             "{\"exp\":1," REST ",\"exp\":1767229200}")
payload_text(payload_two_tids,
             "{\"tid\":\"" OTHER "\"," REST ",\"exp\":1767229200}")
payload_text(payload_two_tids_escaped,
             "{\"\\u0074id\":\"" OTHER "\"," REST ",\"exp\":1767229200}")
payload_text(payload_two_inside,
             "{" REST ",\"exp\":1767229200,\"x\":{\"a\":1,\"a\":2}}")
payload_text(payload_trailing, "{" REST ",\"exp\":1767229200}x")
payload_text(payload_latin,
             "{" REST ",\"exp\":1767229200,\"sub\":\"\xc3\x28\"}")
payload_text(payload_surrogate,
             "{" REST ",\"exp\":1767229200,\"sub\":\"\\ud800\"}")
payload_text(payload_overlong,
             "{" REST ",\"exp\":1767229200,\"sub\":\"\xc0\xaf\"}")
payload_text(payload_nul,
             "{" REST ",\"exp\":1767229200,\"sub\":\"a\\u0000b\"}")
payload_text(payload_infinite, "{" REST ",\"exp\":Infinity}")
payload_text(payload_nan, "{" REST ",\"exp\":NaN}")
payload_text(payload_comment, "{" REST ",\"exp\":1767229200/**/}")
payload_text(payload_deep,
             "{" REST ",\"exp\":1767229200,\"x\":"
             "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
             "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}")

/* a token of "len" bytes that is valid, but perhaps for its length */

static char *
of_length(int len)
{
    char  *header, *payload, *token;
    int    n, pad;

    static const char  claims[] = "{" REST ",\"exp\":1767229200,\"x\":\"";

    token = NULL;

    for (pad = 0; pad < 8; pad++) {
        header = jose_format("{\"alg\":\"RS256\",\"kid\":\"rsa\"%*s}", pad,
                             "");

        n = len - 2 - (int) oc_base64url_len(256)
            - (int) oc_base64url_len(strlen(header));

        payload = jose_format("%s%0*d\"}", claims,
                              n * 3 / 4 - (int) sizeof(claims) - 1, 0);
        token = jose_token(header, payload, "RS256", keys[RSA_KEY], NULL, 0);

        if ((int) strlen(token) == len) {
            return token;
        }
    }

    return token;
}


static const attack_t  attacks[] = {

    /* RFC 8725, 2.1 and 3.1: the algorithm */

    { "alg none, no signature", OC_JWT_ALGORITHM,
      .header = { "alg", "\"none\"" }, .alg = "" },
    { "alg none, no signature, no kid", OC_JWT_ALGORITHM,
      .header = { "alg", "\"none\"", "kid", "" }, .alg = "" },
    { "alg none, a valid signature", OC_JWT_ALGORITHM,
      .header = { "alg", "\"none\"" } },
    { "alg None", OC_JWT_ALGORITHM, .header = { "alg", "\"None\"" },
      .alg = "" },
    { "alg NONE", OC_JWT_ALGORITHM, .header = { "alg", "\"NONE\"" },
      .alg = "" },
    { "alg nOnE", OC_JWT_ALGORITHM, .header = { "alg", "\"nOnE\"" },
      .alg = "" },
    { "alg of no characters", OC_JWT_ALGORITHM, .header = { "alg", "\"\"" } },
    { "alg with a space", OC_JWT_ALGORITHM,
      .header = { "alg", "\"RS256 \"" } },
    { "alg rs256", OC_JWT_ALGORITHM, .header = { "alg", "\"rs256\"" } },
    { "no alg", OC_JWT_MALFORMED, .header = { "alg", "" } },
    { "alg null", OC_JWT_MALFORMED, .header = { "alg", "null" } },
    { "alg a number", OC_JWT_MALFORMED, .header = { "alg", "256" } },
    { "alg an array", OC_JWT_MALFORMED,
      .header = { "alg", "[\"RS256\",\"none\"]" } },
    { "ALG in place of alg", OC_JWT_MALFORMED, .change = header_alg_case },
    { "alg with a NUL", OC_JWT_MALFORMED, .change = header_nul_alg },
    { "alg of encryption", OC_JWT_ALGORITHM,
      .header = { "alg", "\"RSA-OAEP\"" } },
    { "alg dir", OC_JWT_ALGORITHM, .header = { "alg", "\"dir\"" } },
    { "alg EdDSA", OC_JWT_ALGORITHM, .header = { "alg", "\"EdDSA\"" } },
    { "alg RS1", OC_JWT_ALGORITHM, .header = { "alg", "\"RS1\"" } },
    { "alg ES256K", OC_JWT_ALGORITHM,
      .header = { "alg", "\"ES256K\"", "kid", "\"p256\"" }, .alg = "ES256",
      .signer = P256_KEY },

    /* RFC 8725, 2.1: confusion of RSA and HMAC, the public key as secret */

    { "HS256 with the public key in PEM", OC_JWT_ALGORITHM,
      .header = { "alg", "\"HS256\"" }, .alg = "HS256", .signer = SECRET_PEM },
    { "HS256 with the public key in DER", OC_JWT_ALGORITHM,
      .header = { "alg", "\"HS256\"" }, .alg = "HS256", .signer = SECRET_DER },
    { "HS256 with the modulus", OC_JWT_ALGORITHM,
      .header = { "alg", "\"HS256\"" }, .alg = "HS256", .signer = SECRET_N },
    { "HS256 with the JWK", OC_JWT_ALGORITHM,
      .header = { "alg", "\"HS256\"" }, .alg = "HS256", .signer = SECRET_JWK },
    { "HS256 with the public key, no kid", OC_JWT_SIGNATURE,
      .header = { "alg", "\"HS256\"", "kid", "" }, .alg = "HS256",
      .signer = SECRET_PEM },
    { "HS512 with the public key", OC_JWT_ALGORITHM,
      .header = { "alg", "\"HS512\"" }, .alg = "HS512", .signer = SECRET_PEM },
    { "HS256 with an empty secret", OC_JWT_SIGNATURE,
      .header = { "alg", "\"HS256\"", "kid", "\"secret\"" }, .alg = "HS256",
      .signer = SECRET_EMPTY },
    { "RS256 by the kid of a secret", OC_JWT_ALGORITHM,
      .header = { "kid", "\"secret\"" } },
    { "ES256 by the kid of a secret", OC_JWT_ALGORITHM,
      .header = { "alg", "\"ES256\"", "kid", "\"secret\"" }, .alg = "ES256",
      .signer = P256_KEY },
    { "HS256 by the kid of a curve", OC_JWT_ALGORITHM,
      .header = { "alg", "\"HS256\"", "kid", "\"p256\"" }, .alg = "HS256",
      .signer = SECRET },

    /* the key decides (RFC 8725, 3.1) */

    { "RS256 with a key for PS256", OC_JWT_ALGORITHM,
      .header = { "kid", "\"pss\"" }, .alg = "RS256", .signer = RSA_PSS },
    { "PS384 with a key for PS256", OC_JWT_ALGORITHM,
      .header = { "alg", "\"PS384\"", "kid", "\"pss\"" }, .alg = "PS384",
      .signer = RSA_PSS },
    { "PS256 signed as RS256", OC_JWT_SIGNATURE,
      .header = { "alg", "\"PS256\"" }, .alg = "RS256" },
    { "RS256 signed as PS256", OC_JWT_SIGNATURE, .alg = "PS256" },
    { "RS512 signed as RS256", OC_JWT_SIGNATURE,
      .header = { "alg", "\"RS512\"" }, .alg = "RS256" },
    { "ES512 with a key on P-256", OC_JWT_ALGORITHM,
      .header = { "alg", "\"ES512\"", "kid", "\"p256\"" }, .alg = "ES512",
      .signer = P256_KEY },
    { "ES384 with a key on P-256", OC_JWT_ALGORITHM,
      .header = { "alg", "\"ES384\"", "kid", "\"p256\"" }, .alg = "ES384",
      .signer = P256_KEY },
    { "ES256 with a key on P-521", OC_JWT_ALGORITHM,
      .header = { "alg", "\"ES256\"", "kid", "\"p521\"" }, .alg = "ES256",
      .signer = P521_KEY },
    { "ES256 with an RSA key", OC_JWT_ALGORITHM,
      .header = { "alg", "\"ES256\"" }, .alg = "ES256", .signer = P256_KEY },
    { "RS256 with a key on a curve", OC_JWT_ALGORITHM,
      .header = { "kid", "\"p256\"" } },
    { "ES256 by a key on P-384", OC_JWT_SIGNATURE,
      .header = { "alg", "\"ES256\"", "kid", "\"p256\"" }, .alg = "ES256",
      .signer = P384_KEY },

    /* keys: kid (RFC 7515, 4.1.4), and what must not verify */

    { "another key", OC_JWT_SIGNATURE, .signer = RSA_NEW },
    { "another key of the set", OC_JWT_SIGNATURE, .signer = RSA_OTHER },
    { "another key, no kid", OC_JWT_SIGNATURE, .header = { "kid", "" },
      .signer = RSA_NEW },
    { "another key on the curve", OC_JWT_SIGNATURE,
      .header = { "alg", "\"ES256\"", "kid", "\"p256\"" }, .alg = "ES256",
      .signer = P256_NEW },
    { "an unknown kid", OC_JWT_UNKNOWN_KEY, .header = { "kid", "\"new\"" } },
    { "kid in another case", OC_JWT_UNKNOWN_KEY,
      .header = { "kid", "\"RSA\"" } },
    { "an empty kid", OC_JWT_UNKNOWN_KEY, .header = { "kid", "\"\"" } },
    { "the beginning of a kid", OC_JWT_UNKNOWN_KEY,
      .header = { "kid", "\"rs\"" } },
    { "more than a kid", OC_JWT_UNKNOWN_KEY, .header = { "kid", "\"rsa \"" } },
    { "kid a path", OC_JWT_UNKNOWN_KEY,
      .header = { "kid", "\"../../dev/null\"" } },
    { "kid of SQL", OC_JWT_UNKNOWN_KEY,
      .header = { "kid", "\"x' UNION SELECT 'key\"" } },
    { "kid of a shell", OC_JWT_UNKNOWN_KEY,
      .header = { "kid", "\"rsa|id\"" } },
    { "kid a number", OC_JWT_MALFORMED, .header = { "kid", "7" } },
    { "kid null", OC_JWT_MALFORMED, .header = { "kid", "null" } },
    { "kid an object", OC_JWT_MALFORMED, .header = { "kid", "{\"rsa\":1}" } },
    { "kid with a NUL", OC_JWT_MALFORMED,
      .header = { "kid", "\"rsa\\u0000\"" } },
    { "a weak RSA key", OC_JWT_UNKNOWN_KEY, .header = { "kid", "\"weak\"" },
      .signer = RSA_WEAK },
    { "a weak RSA key, no kid", OC_JWT_SIGNATURE, .header = { "kid", "" },
      .signer = RSA_WEAK },
    { "a key for encryption", OC_JWT_UNKNOWN_KEY,
      .header = { "kid", "\"enc\"" }, .signer = RSA_ENC },
    { "a key for encryption, no kid", OC_JWT_SIGNATURE,
      .header = { "kid", "" }, .signer = RSA_ENC },
    { "a key for another operation", OC_JWT_UNKNOWN_KEY,
      .header = { "kid", "\"wrap\"" }, .signer = RSA_WRAP },

    /* RFC 8725, 2.10 and 3.10: keys from the token */

    { "its own key", OC_JWT_HEADER, .header = { "kid", "", "jwk", "$JWK" },
      .signer = RSA_NEW },
    { "its own key, a known kid", OC_JWT_HEADER, .header = { "jwk", "$JWK" },
      .signer = RSA_NEW },
    { "its own key, which is one of the set", OC_JWT_HEADER,
      .header = { "jwk", "$JWK" } },
    { "the address of a set", OC_JWT_HEADER,
      .header = { "jku", "\"https://attacker.example/keys\"" },
      .signer = RSA_NEW },
    { "the address of a certificate", OC_JWT_HEADER,
      .header = { "x5u", "\"https://attacker.example/x509\"" },
      .signer = RSA_NEW },
    { "an address inside", OC_JWT_HEADER,
      .header = { "jku", "\"http://169.254.169.254/\"" } },
    { "its own certificate", OC_JWT_HEADER,
      .header = { "x5c", "[\"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\"]" },
      .signer = RSA_NEW },
    { "a fingerprint in place of kid", OC_JWT_SIGNATURE,
      .header = { "kid", "", "x5t", "\"AAAA\"" }, .signer = RSA_NEW },

    /* RFC 7515, 4.1.11, RFC 7797, and headers of JWE */

    { "crit with what there is not", OC_JWT_HEADER,
      .header = { "crit", "[\"exp\"]", "exp", "1" } },
    { "crit with what is known", OC_JWT_HEADER,
      .header = { "crit", "[\"alg\"]" } },
    { "crit of nothing", OC_JWT_HEADER, .header = { "crit", "[]" } },
    { "crit null", OC_JWT_HEADER, .header = { "crit", "null" } },
    { "b64 false", OC_JWT_HEADER,
      .header = { "b64", "false", "crit", "[\"b64\"]" } },
    { "b64 false without crit", OC_JWT_HEADER, .header = { "b64", "false" } },
    { "zip", OC_JWT_HEADER, .header = { "zip", "\"DEF\"" } },
    { "enc", OC_JWT_HEADER, .header = { "enc", "\"A128GCM\"" } },
    { "a nested token", OC_JWT_HEADER, .header = { "cty", "\"JWT\"" } },

    /* RFC 8725, 2.8 and 3.11: tokens of another kind */

    { "typ of DPoP", OC_JWT_HEADER, .header = { "typ", "\"dpop+jwt\"" } },
    { "typ of a security event", OC_JWT_HEADER,
      .header = { "typ", "\"secevent+jwt\"" } },
    { "typ of a logout token", OC_JWT_HEADER,
      .header = { "typ", "\"logout+jwt\"" } },
    { "typ JOSE", OC_JWT_HEADER, .header = { "typ", "\"JOSE\"" } },
    { "typ application/", OC_JWT_HEADER,
      .header = { "typ", "\"application/\"" } },
    { "typ twice application/", OC_JWT_HEADER,
      .header = { "typ", "\"application/application/jwt\"" } },
    { "an empty typ", OC_JWT_HEADER, .header = { "typ", "\"\"" } },
    { "typ an array", OC_JWT_HEADER, .header = { "typ", "[\"JWT\"]" } },
    { "typ null", OC_JWT_HEADER, .header = { "typ", "null" } },

    /* RFC 7515, 7.1 and 2: the form */

    { "no token", OC_JWT_MALFORMED, .change = empty },
    { "one part", OC_JWT_MALFORMED, .change = one_part },
    { "two parts", OC_JWT_MALFORMED, .change = strip_part },
    { "four parts", OC_JWT_MALFORMED, .change = four_parts },
    { "five parts, as a JWE has", OC_JWT_MALFORMED, .change = five_parts },
    { "three empty parts", OC_JWT_MALFORMED, .change = empty_parts },
    { "an empty payload", OC_JWT_SIGNATURE, .change = empty_payload },
    { "padding of the header", OC_JWT_MALFORMED, .change = pad_header },
    { "padding of the payload", OC_JWT_MALFORMED, .change = pad_payload },
    { "padding of the signature", OC_JWT_MALFORMED, .change = pad_signature },
    { "a space before", OC_JWT_MALFORMED, .change = space_before },
    { "a line feed behind", OC_JWT_MALFORMED, .change = space_behind },
    { "a line break inside", OC_JWT_MALFORMED, .change = space_inside },
    { "base64 in place of base64url", OC_JWT_MALFORMED,
      .change = plain_alphabet },
    { "unused bits that are set", OC_JWT_MALFORMED, .change = unused_bits },
    { "a header that is an array", OC_JWT_MALFORMED, .change = header_array },
    { "a header that is a string", OC_JWT_MALFORMED, .change = header_string },
    { "an empty header", OC_JWT_MALFORMED, .change = header_empty },
    { "a header of no members", OC_JWT_MALFORMED, .change = header_object },
    { "alg twice", OC_JWT_MALFORMED, .change = header_two_algs },
    { "alg twice, once escaped", OC_JWT_MALFORMED,
      .change = header_two_algs_escaped },
    { "kid twice", OC_JWT_MALFORMED, .change = header_two_kids },
    { "two headers", OC_JWT_MALFORMED, .change = header_trailing },
    { "NUL behind the header", OC_JWT_MALFORMED, .change = header_nul },
    { "a byte order mark", OC_JWT_MALFORMED, .change = header_bom },
    { "a header in UTF-16", OC_JWT_MALFORMED, .change = header_utf16 },
    { "a header that is not UTF-8", OC_JWT_MALFORMED, .change = header_latin },
    { "a number that no double holds in the header", OC_JWT_MALFORMED,
      .change = header_huge_number },

    /* signatures */

    { "no signature", OC_JWT_SIGNATURE, .change = strip_signature },
    { "a bit of the signature", OC_JWT_SIGNATURE, .change = flip_signature },
    { "a byte less", OC_JWT_SIGNATURE, .change = truncate_signature },
    { "a byte more", OC_JWT_SIGNATURE, .change = extend_signature },
    { "a zero before it", OC_JWT_SIGNATURE, .change = zero_before_signature },
    { "a signature of zero", OC_JWT_SIGNATURE, .change = zero_signature },
    { "a signature above the modulus", OC_JWT_SIGNATURE,
      .change = ones_signature },
    { "PS256, no signature", OC_JWT_SIGNATURE,
      .header = { "alg", "\"PS256\"" }, .alg = "PS256",
      .change = strip_signature },
    { "PS256, a byte less", OC_JWT_SIGNATURE,
      .header = { "alg", "\"PS256\"" }, .alg = "PS256",
      .change = truncate_signature },
    { "PS256, a byte more", OC_JWT_SIGNATURE,
      .header = { "alg", "\"PS256\"" }, .alg = "PS256",
      .change = zero_before_signature },
    { "PS256, above the modulus", OC_JWT_SIGNATURE,
      .header = { "alg", "\"PS256\"" }, .alg = "PS256",
      .change = ones_signature },
    { "HS256, no signature", OC_JWT_SIGNATURE,
      .header = { "alg", "\"HS256\"", "kid", "\"secret\"" }, .alg = "HS256",
      .signer = SECRET, .change = strip_signature },
    { "HS256, one byte", OC_JWT_SIGNATURE,
      .header = { "alg", "\"HS256\"", "kid", "\"secret\"" }, .alg = "HS256",
      .signer = SECRET, .change = one_byte },
    { "HS256, a byte less", OC_JWT_SIGNATURE,
      .header = { "alg", "\"HS256\"", "kid", "\"secret\"" }, .alg = "HS256",
      .signer = SECRET, .change = truncate_signature },
    { "HS256, a byte more", OC_JWT_SIGNATURE,
      .header = { "alg", "\"HS256\"", "kid", "\"secret\"" }, .alg = "HS256",
      .signer = SECRET, .change = extend_signature },
    { "HS256 in place of HS512", OC_JWT_SIGNATURE,
      .header = { "alg", "\"HS512\"", "kid", "\"secret\"" }, .alg = "HS256",
      .signer = SECRET },
    { "r and s of zero", OC_JWT_SIGNATURE,
      .header = { "alg", "\"ES256\"", "kid", "\"p256\"" }, .alg = "ES256",
      .signer = P256_KEY, .change = zero_signature },
    { "r and s of one", OC_JWT_SIGNATURE,
      .header = { "alg", "\"ES256\"", "kid", "\"p256\"" }, .alg = "ES256",
      .signer = P256_KEY, .change = one_signature },
    { "r and s above the order", OC_JWT_SIGNATURE,
      .header = { "alg", "\"ES256\"", "kid", "\"p256\"" }, .alg = "ES256",
      .signer = P256_KEY, .change = ones_signature },
    { "ES384, r and s of zero", OC_JWT_SIGNATURE,
      .header = { "alg", "\"ES384\"", "kid", "\"p384\"" }, .alg = "ES384",
      .signer = P384_KEY, .change = zero_signature },
    { "ES512, r and s of zero", OC_JWT_SIGNATURE,
      .header = { "alg", "\"ES512\"", "kid", "\"p521\"" }, .alg = "ES512",
      .signer = P521_KEY, .change = zero_signature },
    { "ECDSA in DER", OC_JWT_SIGNATURE,
      .header = { "alg", "\"ES256\"", "kid", "\"p256\"" }, .alg = "ES256",
      .signer = P256_KEY, .change = der_signature },
    { "ECDSA with longer integers", OC_JWT_SIGNATURE,
      .header = { "alg", "\"ES256\"", "kid", "\"p256\"" }, .alg = "ES256",
      .signer = P256_KEY, .change = longer_integers },
    { "ECDSA, a byte less", OC_JWT_SIGNATURE,
      .header = { "alg", "\"ES256\"", "kid", "\"p256\"" }, .alg = "ES256",
      .signer = P256_KEY, .change = truncate_signature },
    { "ECDSA, a byte more", OC_JWT_SIGNATURE,
      .header = { "alg", "\"ES256\"", "kid", "\"p256\"" }, .alg = "ES256",
      .signer = P256_KEY, .change = extend_signature },
    { "ECDSA, no signature", OC_JWT_SIGNATURE,
      .header = { "alg", "\"ES256\"", "kid", "\"p256\"" }, .alg = "ES256",
      .signer = P256_KEY, .change = strip_signature },
    { "another payload", OC_JWT_SIGNATURE, .change = other_payload },
    { "another header", OC_JWT_SIGNATURE, .change = other_header },

    /* the payload: RFC 8725, 3.7, RFC 7519, 7.2 */

    { "claims in an array", OC_JWT_MALFORMED, .change = payload_array },
    { "claims of null", OC_JWT_MALFORMED, .change = payload_null },
    { "no claims", OC_JWT_CLAIMS, .change = payload_nothing },
    { "no payload, signed", OC_JWT_MALFORMED, .change = payload_empty },
    { "claims that are no JSON", OC_JWT_MALFORMED, .change = payload_form },
    { "a token as payload", OC_JWT_MALFORMED, .change = payload_nested },
    { "exp twice", OC_JWT_MALFORMED, .change = payload_two_exps },
    { "tid twice", OC_JWT_MALFORMED, .change = payload_two_tids },
    { "tid twice, once escaped", OC_JWT_MALFORMED,
      .change = payload_two_tids_escaped },
    { "a name twice deeper inside", OC_JWT_MALFORMED,
      .change = payload_two_inside },
    { "something behind the claims", OC_JWT_MALFORMED,
      .change = payload_trailing },
    { "claims that are not UTF-8", OC_JWT_MALFORMED, .change = payload_latin },
    { "a lone surrogate", OC_JWT_MALFORMED, .change = payload_surrogate },
    { "UTF-8 longer than needed", OC_JWT_MALFORMED,
      .change = payload_overlong },
    { "NUL in a claim", OC_JWT_MALFORMED, .change = payload_nul },
    { "exp Infinity", OC_JWT_MALFORMED, .change = payload_infinite },
    { "exp NaN", OC_JWT_MALFORMED, .change = payload_nan },
    { "a comment", OC_JWT_MALFORMED, .change = payload_comment },
    { "deep nesting", OC_JWT_MALFORMED, .change = payload_deep },

    /* time */

    { "expired", OC_JWT_EXPIRED, .claims = { "exp", "1767225540" } },
    { "expired long ago", OC_JWT_EXPIRED, .claims = { "exp", "0" } },
    { "no exp", OC_JWT_CLAIMS, .claims = { "exp", "" } },
    { "exp a string", OC_JWT_CLAIMS, .claims = { "exp", "\"1767229200\"" } },
    { "exp null", OC_JWT_CLAIMS, .claims = { "exp", "null" } },
    { "exp true", OC_JWT_CLAIMS, .claims = { "exp", "true" } },
    { "exp an array", OC_JWT_CLAIMS, .claims = { "exp", "[1767229200]" } },
    { "exp negative", OC_JWT_CLAIMS, .claims = { "exp", "-1" } },
    { "exp after the year 9999", OC_JWT_CLAIMS,
      .claims = { "exp", "253402300800" } },
    { "exp in milliseconds", OC_JWT_CLAIMS,
      .claims = { "exp", "1767229200000" } },
    { "exp of 63 bits", OC_JWT_CLAIMS,
      .claims = { "exp", "9223372036854775807" } },
    { "exp of more than 64 bits", OC_JWT_CLAIMS,
      .claims = { "exp", "99999999999999999999999999" } },
    { "exp with an exponent", OC_JWT_CLAIMS,
      .claims = { "exp", "1.767229200e9" } },
    { "exp that no double holds", OC_JWT_CLAIMS,
      .claims = { "exp", "1e999" } },
    { "exp of many digits", OC_JWT_CLAIMS,
      .claims = { "exp", "1767229200.000000000000000000" } },
    { "nbf in the future", OC_JWT_NOT_YET, .claims = { "nbf", "1767225661" } },
    { "nbf a string", OC_JWT_CLAIMS, .claims = { "nbf", "\"0\"" } },
    { "nbf that no double holds", OC_JWT_CLAIMS,
      .claims = { "nbf", "1e999" } },
    { "nbf with an exponent", OC_JWT_CLAIMS, .claims = { "nbf", "9e10" } },
    { "nbf negative", OC_JWT_CLAIMS, .claims = { "nbf", "-1" } },
    { "iat in the future", OC_JWT_NOT_YET, .claims = { "iat", "1767225661" } },
    { "iat a string", OC_JWT_CLAIMS, .claims = { "iat", "\"1\"" } },
    { "iat with an exponent", OC_JWT_CLAIMS, .claims = { "iat", "1E12" } },

    /* RFC 8725, 3.8: the issuer */

    { "no iss", OC_JWT_ISSUER, .claims = { "iss", "" } },
    { "iss a number", OC_JWT_ISSUER, .claims = { "iss", "1" } },
    { "iss an array", OC_JWT_ISSUER,
      .claims = { "iss", "[\"https://login.example/" TENANT "/v2.0\"]" } },
    { "an empty iss", OC_JWT_ISSUER, .claims = { "iss", "\"\"" } },
    { "another issuer", OC_JWT_ISSUER,
      .claims = { "iss", "\"https://attacker.example/" TENANT "/v2.0\"" } },
    { "something behind iss", OC_JWT_ISSUER,
      .claims = { "iss", "\"https://login.example/" TENANT "/v2.0/\"" } },
    { "something before iss", OC_JWT_ISSUER,
      .claims = { "iss", "\"https://attacker.example/?https://login.example/"
                         TENANT "/v2.0\"" } },
    { "the beginning of iss", OC_JWT_ISSUER,
      .claims = { "iss", "\"https://login.example/" TENANT "/v2\"" } },
    { "iss in another case", OC_JWT_ISSUER,
      .claims = { "iss", "\"HTTPS://LOGIN.example/" TENANT "/v2.0\"" } },
    { "iss without TLS", OC_JWT_ISSUER,
      .claims = { "iss", "\"http://login.example/" TENANT "/v2.0\"" } },
    { "iss with a port", OC_JWT_ISSUER,
      .claims = { "iss", "\"https://login.example:443/" TENANT "/v2.0\"" } },
    { "iss of another tenant", OC_JWT_ISSUER,
      .claims = { "iss", "\"https://login.example/" OTHER "/v2.0\"" } },
    { "tid of another tenant", OC_JWT_ISSUER,
      .claims = { "tid", "\"" OTHER "\"" } },
    { "iss with the placeholder", OC_JWT_ISSUER,
      .claims = { "iss", "\"https://login.example/{tenantid}/v2.0\"" } },
    { "iss and tid of the placeholder", OC_JWT_TENANT,
      .claims = { "iss", "\"https://login.example/{tenantid}/v2.0\"",
                  "tid", "\"{tenantid}\"" } },
    { "iss without a tenant", OC_JWT_ISSUER,
      .claims = { "iss", "\"https://login.example//v2.0\"" } },
    { "iss common", OC_JWT_ISSUER,
      .claims = { "iss", "\"https://login.example/common/v2.0\"" } },
    { "the key of another tenant", OC_JWT_ISSUER,
      .header = { "kid", "\"tenant\"" }, .signer = RSA_TENANT },

    /* RFC 8725, 3.9: the audience */

    { "no aud", OC_JWT_AUDIENCE, .claims = { "aud", "" } },
    { "another aud", OC_JWT_AUDIENCE, .claims = { "aud", "\"other\"" } },
    { "an empty aud", OC_JWT_AUDIENCE, .claims = { "aud", "\"\"" } },
    { "aud of no one", OC_JWT_AUDIENCE, .claims = { "aud", "[]" } },
    { "aud of others", OC_JWT_AUDIENCE,
      .claims = { "aud", "[\"other\",\"ap\",\"api2\"]" } },
    { "aud a number", OC_JWT_CLAIMS, .claims = { "aud", "1" } },
    { "aud null", OC_JWT_CLAIMS, .claims = { "aud", "null" } },
    { "aud an object", OC_JWT_CLAIMS, .claims = { "aud", "{\"api\":1}" } },
    { "aud of strings and others", OC_JWT_CLAIMS,
      .claims = { "aud", "[\"api\",1]" } },
    { "aud in an array in an array", OC_JWT_CLAIMS,
      .claims = { "aud", "[[\"api\"]]" } },
    { "aud in another case", OC_JWT_AUDIENCE, .claims = { "aud", "\"API\"" } },
    { "aud with a slash", OC_JWT_AUDIENCE, .claims = { "aud", "\"api/\"" } },
    { "several in one aud", OC_JWT_AUDIENCE,
      .claims = { "aud", "\"other api\"" } },

    /* the tenant */

    { "no tid", OC_JWT_TENANT, .claims = { "tid", "" } },
    { "tid a number", OC_JWT_TENANT, .claims = { "tid", "1" } },
    { "tid null", OC_JWT_TENANT, .claims = { "tid", "null" } },
    { "an empty tid", OC_JWT_TENANT, .claims = { "tid", "\"\"" } },
    { "tid a domain", OC_JWT_TENANT, .claims = { "tid", "\"contoso.com\"" } },
    { "tid in braces", OC_JWT_TENANT,
      .claims = { "tid", "\"{" TENANT "}\"" } },
    { "tid without hyphens", OC_JWT_TENANT,
      .claims = { "tid", "\"b7c2dd652d514a3c8a0d3f1d4e4c9f10\"" } },
    { "tid with others in their place", OC_JWT_TENANT,
      .claims = { "tid", "\"b7c2dd65:2d51:4a3c:8a0d:3f1d4e4c9f10\"" } },
    { "tid of other digits", OC_JWT_TENANT,
      .claims = { "tid", "\"b7c2dd65-2d51-4a3c-8a0d-3f1d4e4c9f1g\"" } },
    { "tid with a space", OC_JWT_TENANT,
      .claims = { "tid", "\"" TENANT " \"" } },
    { "tid a path", OC_JWT_TENANT,
      .claims = { "tid", "\"" TENANT "/../" OTHER "\"" } },
    { "tid a hash tag of Redis", OC_JWT_TENANT,
      .claims = { "tid", "\"{b7c2dd65-2d51-4a3c-8a0d-3f1d4e4c9f}\"" } },
    { "a personal account", OC_JWT_PERSONAL,
      .claims = { "tid", "\"9188040d-6c67-4c5b-b112-36a304b66dad\"",
                  "iss", "\"https://login.example/"
                         "9188040d-6c67-4c5b-b112-36a304b66dad/v2.0\"" } },
    { "one in upper case", OC_JWT_PERSONAL,
      .claims = { "tid", "\"9188040D-6C67-4C5B-B112-36A304B66DAD\"",
                  "iss", "\"https://login.example/"
                         "9188040D-6C67-4C5B-B112-36A304B66DAD/v2.0\"" } },
    { "one of another issuer", OC_JWT_ISSUER,
      .claims = { "tid", "\"9188040d-6c67-4c5b-b112-36a304b66dad\"" } },

    /* claims of the wrong type */

    { "scp an array", OC_JWT_CLAIMS, .claims = { "scp", "[\"a\"]" } },
    { "scp null", OC_JWT_CLAIMS, .claims = { "scp", "null" } },
    { "roles a string", OC_JWT_CLAIMS, .claims = { "roles", "\"a\"" } },
    { "roles an object", OC_JWT_CLAIMS, .claims = { "roles", "{\"a\":1}" } },
    { "roles of numbers", OC_JWT_CLAIMS, .claims = { "roles", "[1]" } },
    { "sub a number", OC_JWT_CLAIMS, .claims = { "sub", "1" } },
    { "oid an object", OC_JWT_CLAIMS, .claims = { "oid", "{}" } },
    { "azp an array", OC_JWT_CLAIMS, .claims = { "azp", "[\"a\"]" } },
    { "appid false", OC_JWT_CLAIMS, .claims = { "appid", "false" } },

    /* what is not an attack */

    { "nothing", OC_JWT_OK, .signer = RSA_KEY },
    { "PS256", OC_JWT_OK, .header = { "alg", "\"PS256\"", "kid", "\"pss\"" },
      .alg = "PS256", .signer = RSA_PSS },
    { "ES256", OC_JWT_OK, .header = { "alg", "\"ES256\"", "kid", "\"p256\"" },
      .alg = "ES256", .signer = P256_KEY },
    { "ES384", OC_JWT_OK, .header = { "alg", "\"ES384\"", "kid", "\"p384\"" },
      .alg = "ES384", .signer = P384_KEY },
    { "ES512", OC_JWT_OK, .header = { "alg", "\"ES512\"", "kid", "\"p521\"" },
      .alg = "ES512", .signer = P521_KEY },
    { "HS256", OC_JWT_OK,
      .header = { "alg", "\"HS256\"", "kid", "\"secret\"" }, .alg = "HS256",
      .signer = SECRET },
    { "no kid", OC_JWT_OK, .header = { "kid", "" } },
    { "a header that says nothing here", OC_JWT_OK,
      .header = { "x5t", "\"AAAA\"", "nonce", "\"a\"", "x", "{\"a\":[1]}" } },
    { "the last second", OC_JWT_OK, .claims = { "exp", "1767225541" } },
    { "the key of its tenant", OC_JWT_OK, .header = { "kid", "\"tenant\"" },
      .claims = { "tid", "\"" OTHER "\"",
                  "iss", "\"https://login.example/" OTHER "/v2.0\"" },
      .signer = RSA_TENANT }
};


/* "pairs" replace those of "base", are added, or with "" take them away */

static char *
object(const char *const *base, const char *const *pairs)
{
    char        *text;
    ngx_uint_t   i, j, n;
    const char  *value;

    text = jose_format("{");
    n = 0;

    for (i = 0; base[i]; i += 2) {
        value = base[i + 1];

        for (j = 0; j < 6 && pairs[j]; j += 2) {
            if (strcmp(base[i], pairs[j]) == 0) {
                value = "";
            }
        }

        if (*value) {
            text = jose_format("%s%s\"%s\":%s", text, n++ ? "," : "", base[i],
                               value);
        }
    }

    for (j = 0; j < 6 && pairs[j]; j += 2) {
        value = pairs[j + 1];

        if (strcmp(value, "$JWK") == 0) {
            value = jose_jwk(keys[RSA_NEW], "\"kid\":\"rsa\"");
        }

        if (*value) {
            text = jose_format("%s%s\"%s\":%s", text, n++ ? "," : "",
                               pairs[j], value);
        }
    }

    return jose_format("%s}", text);
}


static oc_jwt_status_e
verify(oc_jwt_t *jwt, const char *token, oc_arena_t *arena)
{
    size_t            len;
    u_char           *copy;
    oc_jwt_status_e   status;

    static ngx_str_t  issuers[] = {
        ngx_string("https://sts.example/{tenantid}/"),
        ngx_string("https://login.example/{tenantid}/v2.0")
    };

    static ngx_str_t  audiences[] = {
        ngx_string("00000003-0000-0000-c000-000000000000"),
        ngx_string("api")
    };

    static const oc_jwt_policy_t  policy = {
        issuers, 2, audiences, 2, 60, 1
    };

    len = strlen(token);
    copy = unit_copy(token, len);
    status = oc_jwt_verify(jwt, copy, len, set, &policy, NOW, arena);
    free(copy);

    return status;
}


static void
attack(const attack_t *a)
{
    char             *token;
    oc_jwt_t          jwt;
    oc_arena_t        arena;
    const char       *alg, *header, *claims;
    oc_jwt_status_e   status;

    static const char *const  base_header[] = {
        "typ", "\"JWT\"",
        "alg", "\"RS256\"",
        "kid", "\"rsa\"",
        NULL
    };

    static const char *const  base_claims[] = {
        "aud", "\"api\"",
        "iss", "\"https://login.example/" TENANT "/v2.0\"",
        "iat", "1767225000",
        "nbf", "1767225000",
        "exp", "1767229200",
        "azp", "\"5e1f0d8a-0c47-4b3a-9d61-2a7b8c9d0e1f\"",
        "oid", "\"a1b2c3d4-e5f6-4789-8abc-def012345678\"",
        "scp", "\"DeviceManagementConfiguration.Read.All\"",
        "sub", "\"s\"",
        "tid", "\"" TENANT "\"",
        "ver", "\"2.0\"",
        NULL
    };

    header = object(base_header, a->header);
    claims = object(base_claims, a->claims);

    alg = a->alg ? a->alg : "RS256";

    token = jose_token(header, claims, *alg ? alg : NULL,
                       a->signer < NO_KEY ? keys[a->signer] : NULL,
                       secrets[a->signer], lengths[a->signer]);

    if (a->change) {
        token = a->change(token);
    }

    oc_arena_init(&arena, OC_JWT_MAX_ARENA);

    status = verify(&jwt, token, &arena);

    is_int(status, a->expected, "%s", a->name);

    if (status != a->expected) {
        diag("%s %s", header, claims);
    }

    if (ERR_peek_error()) {
        ok(0, "%s leaves an error behind", a->name);
        ERR_clear_error();
    }

    oc_arena_free(&arena);
}


static void
test_length(void)
{
    char        *token;
    oc_jwt_t     jwt;
    oc_arena_t   arena;

    oc_arena_init(&arena, OC_JWT_MAX_ARENA);

    token = of_length(OC_JWT_MAX_LEN);
    is_int(strlen(token), OC_JWT_MAX_LEN, "a token of 16 KB");
    is_int(verify(&jwt, token, &arena), OC_JWT_OK, "is valid");

    token = of_length(OC_JWT_MAX_LEN + 1);
    is_int(strlen(token), OC_JWT_MAX_LEN + 1, "one of a byte more");
    is_int(verify(&jwt, token, &arena), OC_JWT_TOO_LARGE, "is not");

    oc_arena_free(&arena);
}


static char *
public_pem(EVP_PKEY *key)
{
    BIO   *bio;
    char  *p, *text;
    long   n;

    bio = BIO_new(BIO_s_mem());
    jose_assert(bio != NULL && PEM_write_bio_PUBKEY(bio, key) == 1);

    n = BIO_get_mem_data(bio, &p);
    text = jose_format("%.*s", (int) n, p);
    BIO_free(bio);

    return text;
}


static void
make_keys(void)
{
    char             *text;
    u_char           *der;
    oc_jwks_error_t   err;

    keys[RSA_KEY] = jose_rsa(2048);
    keys[RSA_OTHER] = jose_rsa(2048);
    keys[RSA_PSS] = jose_rsa(2048);
    keys[RSA_WEAK] = jose_rsa(1024);
    keys[RSA_ENC] = jose_rsa(2048);
    keys[RSA_WRAP] = keys[RSA_ENC];
    keys[RSA_TENANT] = jose_rsa(2048);
    keys[RSA_NEW] = jose_rsa(2048);
    keys[P256_KEY] = jose_ec("P-256");
    keys[P256_NEW] = jose_ec("P-256");
    keys[P384_KEY] = jose_ec("P-384");
    keys[P521_KEY] = jose_ec("P-521");

    secrets[SECRET] = jose_alloc(sizeof(secret));
    memcpy(secrets[SECRET], secret, sizeof(secret));
    lengths[SECRET] = sizeof(secret);

    der = NULL;
    lengths[SECRET_DER] = i2d_PUBKEY(keys[RSA_KEY], &der);
    secrets[SECRET_DER] = jose_alloc(lengths[SECRET_DER]);
    memcpy(secrets[SECRET_DER], der, lengths[SECRET_DER]);
    OPENSSL_free(der);

    secrets[SECRET_PEM] = public_pem(keys[RSA_KEY]);
    lengths[SECRET_PEM] = strlen(secrets[SECRET_PEM]);

    secrets[SECRET_N] = jose_number(keys[RSA_KEY], OSSL_PKEY_PARAM_RSA_N, 0);
    lengths[SECRET_N] = strlen(secrets[SECRET_N]);

    secrets[SECRET_JWK] = jose_jwk(keys[RSA_KEY], "\"kid\":\"rsa\"");
    lengths[SECRET_JWK] = strlen(secrets[SECRET_JWK]);

    secrets[SECRET_EMPTY] = "";

    text = jose_set(jose_jwk(keys[RSA_KEY], "\"kid\":\"rsa\""),
                         jose_jwk(keys[RSA_OTHER], "\"kid\":\"other\""),
                         jose_jwk(keys[RSA_PSS],
                                  "\"kid\":\"pss\",\"alg\":\"PS256\""),
                         jose_jwk(keys[RSA_WEAK], "\"kid\":\"weak\""),
                         jose_jwk(keys[RSA_ENC],
                                  "\"kid\":\"enc\",\"use\":\"enc\""),
                         jose_jwk(keys[RSA_WRAP],
                                  "\"kid\":\"wrap\","
                                  "\"key_ops\":[\"wrapKey\"]"),
                         jose_jwk(keys[RSA_TENANT],
                                  "\"kid\":\"tenant\",\"issuer\":"
                                  "\"https://login.example/" OTHER
                                  "/v2.0\""),
                         jose_jwk(keys[P256_KEY], "\"kid\":\"p256\""),
                         jose_jwk(keys[P384_KEY], "\"kid\":\"p384\""),
                         jose_jwk(keys[P521_KEY], "\"kid\":\"p521\""),
                         jose_secret(secret, sizeof(secret),
                                     "\"kid\":\"secret\""),
                         NULL);

    set = oc_jwks_parse((u_char *) text, strlen(text), 1, &err);

    if (set == NULL) {
        fprintf(stderr, "no keys: %s\n", err.reason);
        abort();
    }

    is_int(oc_jwks_nkeys(set), 8, "keys");
}


int
main(void)
{
    ngx_uint_t  i;

    oc_json_seed();

    for (i = 0; i < sizeof(secret); i++) {
        secret[i] = (u_char) unit_random();
    }

    make_keys();

    for (i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        attack(&attacks[i]);
    }

    test_length();

    oc_jwks_release(set);
    jose_free();
    oc_arena_drain();

    return done();
}
