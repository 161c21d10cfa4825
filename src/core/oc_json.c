
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <setjmp.h>

#include "oc_json.h"
#include "oc_json_condense.h"
#include "oc_json_name.h"


static void *oc_json_malloc(size_t size);
static void oc_json_free(void *p);
static oc_json_status_e oc_json_load(oc_arena_t *arena, const u_char *data,
    size_t len, oc_json_condensed_t *condensed, oc_json_apart_t *apart,
    json_t **json, json_error_t *error);
static oc_json_status_e oc_json_values(oc_json_apart_t *apart,
    const oc_json_cut_t *cut);
static void oc_json_position(const u_char *data, const u_char *p,
    oc_json_error_t *err);
static oc_json_status_e oc_json_status(json_error_t *error);
static oc_json_status_e oc_json_finish(json_t *json,
    oc_json_condensed_t *condensed, ngx_uint_t left);
static ngx_int_t oc_json_quote_names(json_t *object);
static oc_json_status_e oc_json_put_back(json_t *json,
    oc_json_condensed_t *condensed);


/* the prefix of names that begin like a mark, and are none */

#define OC_JSON_QUOTE  "\x7f" "v"


/* the arena of the document that is being decoded */

static oc_arena_t  *oc_json_arena;

/*
 * jansson's lexer does not notice that memory is out, and would go on with a
 * string that has no end: so it is left by a jump.  All it has is in the
 * arena.
 */

static jmp_buf      oc_json_exhausted;


/*
 * Seeds jansson's hash function, which reads the system's random source;
 * once, when a worker starts.
 */

void
oc_json_seed(void)
{
    json_object_seed(0);
}


/*
 * Decodes one JSON text (RFC 8259) of "len" bytes.
 *
 * Duplicate names, invalid UTF-8, lone surrogates, NUL, bytes behind the text
 * and nesting over OC_JSON_MAX_DEPTH are errors.  The tree is in the arena
 * and goes away with it: never decref it, never change it.  An integer that
 * does not fit 64 bits becomes a real, and a number with an exponent some
 * real.  On error returns NULL and fills
 * "err".
 */

json_t *
oc_json_decode(oc_arena_t *arena, const u_char *data, size_t len,
    oc_json_error_t *err)
{
    json_t               *json;
    json_error_t          error;
    const u_char         *p;
    oc_json_status_e      status;
    oc_json_condensed_t   condensed;

    /* jansson passes over a NUL between two tokens */

    p = memchr(data, '\0', len);

    if (p) {
        err->status = OC_JSON_NUL;
        oc_json_position(data, p, err);

        return NULL;
    }

    status = OC_JSON_SYNTAX;
    condensed.cut = NULL;

    if (oc_json_condense(&condensed, arena, data, len, 1) == NGX_OK) {
        status = oc_json_load(arena, condensed.text.data, condensed.text.len,
                              &condensed, NULL, &json, &error);
    }

    if (status != OC_JSON_OK && status != OC_JSON_DEPTH
        && status != OC_JSON_TOO_LARGE)
    {
        /* also for the place of an error, which is that in the original */

        status = oc_json_load(arena, data, len, NULL, NULL, &json, &error);
    }

    if (status == OC_JSON_NUMBER) {

        /* beyond what jansson can hold, in a document read as it is */

        if (oc_json_condense(&condensed, arena, data, len, 0) == NGX_OK) {
            status = oc_json_load(arena, condensed.text.data,
                                  condensed.text.len, NULL, NULL, &json,
                                  &error);

        } else if (arena->exhausted) {
            status = OC_JSON_TOO_LARGE;
        }
    }

    err->status = status;
    err->line = (error.line > 0) ? error.line : 1;
    err->column = (error.column > 0) ? error.column : 1;

    return (status == OC_JSON_OK) ? json : NULL;
}


/*
 * The same for an object, of which some members are expected: "apart" gets the
 * values of those that the tree does not have.  It is given their names.
 */

json_t *
oc_json_decode_apart(oc_arena_t *arena, const u_char *data, size_t len,
    oc_json_apart_t *apart, oc_json_error_t *err)
{
    json_t               *json;
    ngx_uint_t            i;
    json_error_t          error;
    oc_json_cut_t         cut;
    oc_json_condensed_t   condensed;

    cut.names = apart->names;
    cut.nnames = apart->nnames;
    condensed.cut = &cut;

    if (oc_json_condense(&condensed, arena, data, len, 1) == NGX_OK
        && cut.nmembers
        && oc_json_load(arena, condensed.text.data, condensed.text.len,
                        &condensed, apart, &json, &error)
           == OC_JSON_OK)
    {
        err->status = OC_JSON_OK;
        err->line = 1;
        err->column = 1;

        return json;
    }

    /* what is wrong is told as ever */

    for (i = 0; i < apart->nnames; i++) {
        apart->values[i] = NULL;
    }

    apart->nvalues = 0;

    return oc_json_decode(arena, data, len, err);
}


/* Makes the values of members that were taken out of a document. */

static oc_json_status_e
oc_json_values(oc_json_apart_t *apart, const oc_json_cut_t *cut)
{
    json_t                      *value;
    ngx_uint_t                   i;
    const oc_json_cut_member_t  *member;

    for (i = 0; i < apart->nnames; i++) {
        apart->values[i] = NULL;
    }

    for (i = 0; i < cut->nmembers; i++) {
        member = &cut->members[i];

        switch (member->type) {

        case '"':
            value = json_stringn_nocheck((char *) member->string.data,
                                         member->string.len);
            break;

        case 't':
            value = json_true();
            break;

        case 'f':
            value = json_false();
            break;

        default: /* 'n' */
            value = json_null();
        }

        if (value == NULL) {
            return OC_JSON_NO_MEMORY;
        }

        apart->values[member->slot] = value;
    }

    apart->nvalues = cut->nmembers;

    return OC_JSON_OK;
}


/* The line and column of a byte of the document. */

static void
oc_json_position(const u_char *data, const u_char *p, oc_json_error_t *err)
{
    err->line = 1;
    err->column = 1;

    for ( /* void */ ; data < p; data++) {

        if (*data == '\n') {
            err->line++;
            err->column = 1;

        } else if ((*data & 0xc0) != 0x80) {
            err->column++;
        }
    }
}


/*
 * jansson's allocator is global to the process and may be in use by another
 * module, so it is exchanged only for the length of the call.
 */

static oc_json_status_e
oc_json_load(oc_arena_t *arena, const u_char *data, size_t len,
    oc_json_condensed_t *condensed, oc_json_apart_t *apart, json_t **json,
    json_error_t *error)
{
    json_free_t        saved_free;
    json_malloc_t      saved_malloc;
    oc_json_status_e   status;

    json_get_alloc_funcs(&saved_malloc, &saved_free);
    json_set_alloc_funcs(oc_json_malloc, oc_json_free);

    oc_json_arena = arena;

    if (setjmp(oc_json_exhausted) == 0) {
        *json = json_loadb((const char *) data, len,
                           JSON_DECODE_ANY|JSON_REJECT_DUPLICATES, error);

        if (*json == NULL) {
            status = oc_json_status(error);

        } else {
            status = oc_json_finish(*json, condensed, OC_JSON_MAX_DEPTH);

            if (status == OC_JSON_OK && apart) {
                status = oc_json_values(apart, condensed->cut);
            }
        }

    } else {
        error->line = 1;
        error->column = 1;

        status = arena->exhausted ? OC_JSON_TOO_LARGE : OC_JSON_NO_MEMORY;
    }

    oc_json_arena = NULL;

    json_set_alloc_funcs(saved_malloc, saved_free);

    return status;
}


static void *
oc_json_malloc(size_t size)
{
    void  *p;

    p = oc_arena_alloc(oc_json_arena, size);

    if (p == NULL) {
        longjmp(oc_json_exhausted, 1);
    }

    return p;
}


static void
oc_json_free(void *p)
{
    /* the arena frees all at once */
}


static oc_json_status_e
oc_json_status(json_error_t *error)
{
    switch (json_error_code(error)) {

    case json_error_out_of_memory:
        return OC_JSON_NO_MEMORY;

    case json_error_stack_overflow:
        return OC_JSON_DEPTH;

    case json_error_invalid_utf8:
        return OC_JSON_ENCODING;

    case json_error_duplicate_key:
        return OC_JSON_DUPLICATE;

    case json_error_null_character:
    case json_error_null_byte_in_key:
        return OC_JSON_NUL;

    case json_error_numeric_overflow:
        return OC_JSON_NUMBER;

    case json_error_end_of_input_expected:
        return OC_JSON_TRAILING;

    default:
        return OC_JSON_SYNTAX;
    }
}


/*
 * Goes through the tree: what was taken out of the document is put back, and
 * nesting is bounded by "left" levels.
 */

static oc_json_status_e
oc_json_finish(json_t *json, oc_json_condensed_t *condensed, ngx_uint_t left)
{
    void              *iter;
    size_t             i, n;
    oc_json_status_e   status;

    switch (json_typeof(json)) {

    case JSON_STRING:
        return condensed ? oc_json_put_back(json, condensed) : OC_JSON_OK;

    case JSON_OBJECT:

        if (left == 0) {
            return OC_JSON_DEPTH;
        }

        if (condensed == NULL && oc_json_quote_names(json) != NGX_OK) {
            return OC_JSON_NO_MEMORY;
        }

        for (iter = json_object_iter(json);
             iter;
             iter = json_object_iter_next(json, iter))
        {
            status = oc_json_finish(json_object_iter_value(iter), condensed,
                                    left - 1);
            if (status != OC_JSON_OK) {
                return status;
            }
        }

        return OC_JSON_OK;

    case JSON_ARRAY:

        if (left == 0) {
            return OC_JSON_DEPTH;
        }

        n = json_array_size(json);

        for (i = 0; i < n; i++) {
            status = oc_json_finish(json_array_get(json, i), condensed,
                                    left - 1);
            if (status != OC_JSON_OK) {
                return status;
            }
        }

        return OC_JSON_OK;

    default:
        return OC_JSON_OK;
    }
}


/*
 * In a document that was read as it is, a name may begin with the byte that
 * marks begin with; it gets a prefix that tells it from them.
 */

static ngx_int_t
oc_json_quote_names(json_t *object)
{
    char        *quoted;
    void        *iter, *next;
    size_t       n, len;
    const char  *name;

    /* the ones that get the prefix are appended, behind the last of these */

    n = json_object_size(object);

    for (iter = json_object_iter(object); n; iter = next, n--) {

        next = json_object_iter_next(object, iter);
        name = json_object_iter_key(iter);

        if (name[0] != OC_JSON_MARK) {
            continue;
        }

        len = ngx_strlen(name);

        quoted = oc_json_malloc(len + sizeof(OC_JSON_QUOTE));

        ngx_memcpy(quoted, OC_JSON_QUOTE, sizeof(OC_JSON_QUOTE) - 1);
        ngx_memcpy(quoted + sizeof(OC_JSON_QUOTE) - 1, name, len + 1);

        if (json_object_set_nocheck(object, quoted,
                                    json_object_iter_value(iter))
            != 0
            || json_object_del(object, name) != 0)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static oc_json_status_e
oc_json_put_back(json_t *json, oc_json_condensed_t *condensed)
{
    ngx_int_t   n;
    ngx_str_t  *string;

    n = oc_json_marked(json_string_value(json), json_string_length(json));

    if (n < 0 || (ngx_uint_t) n >= condensed->nstrings) {
        return OC_JSON_OK;
    }

    string = &condensed->strings[n];

    return (json_string_setn_nocheck(json, (const char *) string->data,
                                     string->len)
            == 0)
           ? OC_JSON_OK : OC_JSON_NO_MEMORY;
}


/* The name of the member that an iterator of jansson's is at. */

ngx_str_t
oc_json_member_name(void *iter)
{
    ngx_int_t         n;
    ngx_str_t         name;
    const char       *key;
    const ngx_str_t  *known;

    key = json_object_iter_key(iter);

    name.data = (u_char *) key;
    name.len = ngx_strlen(key);

    if (key[0] != OC_JSON_MARK) {
        return name;
    }

    if (ngx_strncmp(key, OC_JSON_QUOTE, sizeof(OC_JSON_QUOTE) - 1) == 0) {
        name.data += sizeof(OC_JSON_QUOTE) - 1;
        name.len -= sizeof(OC_JSON_QUOTE) - 1;
        return name;
    }

    n = oc_json_marked(key, name.len);

    if (n >= 0) {
        known = oc_json_name(n);

        if (known) {
            return *known;
        }
    }

    return name;
}


/* The value of the member with this name, or NULL. */

json_t *
oc_json_member(json_t *object, const char *name)
{
    void       *iter;
    size_t      len;
    ngx_str_t   other;

    len = ngx_strlen(name);

    for (iter = json_object_iter(object);
         iter;
         iter = json_object_iter_next(object, iter))
    {
        other = oc_json_member_name(iter);

        if (other.len == len && ngx_memcmp(other.data, name, len) == 0) {
            return json_object_iter_value(iter);
        }
    }

    return NULL;
}


/* What is wrong, as the end of a sentence. */

const char *
oc_json_strerror(oc_json_status_e status)
{
    switch (status) {

    case OC_JSON_TRAILING:
        return "nothing may follow the JSON text";

    case OC_JSON_DUPLICATE:
        return "a name is given twice in one object";

    case OC_JSON_ENCODING:
        return "the text is not valid UTF-8";

    case OC_JSON_NUL:
        return "U+0000 is not allowed";

    case OC_JSON_NUMBER:
        return "a number is out of range";

    case OC_JSON_DEPTH:
        return "objects and arrays are nested more than 32 levels deep";

    case OC_JSON_TOO_LARGE:
        return "the document has too many values for its size";

    case OC_JSON_NO_MEMORY:
        return "out of memory";

    default:
        return "the text is not well-formed JSON";
    }
}
