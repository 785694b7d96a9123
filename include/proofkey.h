/*
 * libproofkey: OAuth 2.0 Authorization Code with PKCE, without I/O.
 *
 * This header is in the order in which a login uses it:
 *
 *     dialect -> login -> verifier, challenge -> authorize URL -> callback
 *             -> token request -> token reply -> user info -> revocation
 *
 * The library opens no socket and no file, reads no clock, no environment and no random source,
 * writes no log and keeps no state between calls. Time and entropy are arguments. An HTTP exchange
 * is a pair of functions: the first gives a request as a value, the second takes the reply as a
 * value; sending is the caller's.
 *
 * Conventions, which hold for every function:
 *
 *   - A function that can refuse returns `enum pk_err`, which must be used. PK_OK is 0.
 *   - `ret...` parameters are written on success only.
 *   - `why` takes the evidence of a refusal and may be NULL. It never holds a secret, a code,
 *     a verifier or a token.
 *   - Memory is the caller's. Results that need memory take it from an arena (see below) and live
 *     as long as the arena does; views (`struct pk_str`) point into the caller's memory or the
 *     arena, never into the library's.
 *   - Text is bytes with a length, without a final NUL unless it says so.
 *   - Lifetimes are in seconds; points in time are seconds since 1970-01-01 00:00:00 UTC.
 *   - All functions may be called from several threads at once on different memory.
 *
 * RFC 6749 is OAuth 2.0, RFC 7636 is PKCE, RFC 9207 is `iss` in the callback, RFC 7009 is
 * revocation, RFC 9700 is the security best current practice. What is unsafe stands apart, in
 * proofkey_unsafe.h, with names that say so.
 */
#ifndef PROOFKEY_H
#define PROOFKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* gcc knows the attribute on functions, clang also on the type, where it covers the functions of
 * callers too. */
#define PK_MUST_USE __attribute__((warn_unused_result))
#ifdef __clang__
#define PK_MUST_USE_TYPE PK_MUST_USE
#else
#define PK_MUST_USE_TYPE
#endif

/* -----------------------------------------------------------------------------------------------
 * 1. Text and memory
 * -------------------------------------------------------------------------------------------- */

/* A view of `len` bytes that somebody else owns. `{NULL, 0}` is "not given"; the empty text has a
 * pointer and length 0. */
struct pk_str {
	const char *ptr;
	size_t len;
};

/* The view of a string literal. */
#define PK_STR(literal) ((struct pk_str){(literal), sizeof(literal) - 1})

/* The view of a NUL-terminated string; NULL gives "not given". */
struct pk_str pk_str(const char *text);

/* Byte equality. Not for secrets: see pk_str_equal_secret(). */
bool pk_str_equal(struct pk_str a, struct pk_str b);

/* The same in a time that depends on the lengths alone. */
bool pk_str_equal_secret(struct pk_str a, struct pk_str b);

/*
 * A writer into `cap` bytes of the caller. Writing past the end writes nothing more and sets
 * `overflow`, which stays set, so that a sequence of writes is checked once at its end.
 */
struct pk_buf {
	char *ptr;
	size_t cap;
	size_t len;
	bool overflow;
};

struct pk_buf pk_buf(void *memory, size_t cap);
void pk_buf_put(struct pk_buf *buf, struct pk_str text);
struct pk_str pk_buf_str(const struct pk_buf *buf);

/*
 * The memory of one login: `cap` bytes of the caller, handed out front to back and never freed
 * singly. A login needs at most PK_ARENA_LOGIN bytes. Wipe it at the end: it will have held the
 * code, the verifier and the tokens.
 */
#define PK_ARENA_LOGIN 65536

struct pk_arena {
	unsigned char *ptr;
	size_t cap;
	size_t used;
};

struct pk_arena pk_arena(void *memory, size_t cap);
void pk_arena_wipe(struct pk_arena *arena);

/* A secret: text that no function of this library prints, compares in variable time or copies into
 * `struct pk_why`. */
struct pk_secret {
	struct pk_str text;
};

/* A short list: scopes, rules, regions. */
#define PK_LIST_MAX 32

struct pk_list {
	struct pk_str item[PK_LIST_MAX];
	size_t count;
};

/* -----------------------------------------------------------------------------------------------
 * 2. Errors
 * -------------------------------------------------------------------------------------------- */

enum PK_MUST_USE_TYPE pk_err {
	PK_OK = 0,
#define PK_ERR(name, blame, reference, fault, sentence) PK_ERR_##name,
#include "proofkey_err.def"
#undef PK_ERR
	PK_ERR_COUNT
};

/* The columns of proofkey_err.def; `fault` is "" where the error is no failure of a login. */
struct pk_err_info {
	const char *name;      /* "STATE_MISMATCH" */
	const char *blame;     /* "caller", "client", "provider", "user" or "browser" */
	const char *reference; /* "RFC 6749 10.12" */
	const char *fault;     /* "state-mismatch" */
	const char *sentence;  /* "the state is not the one of this login" */
};

const struct pk_err_info *pk_err_info(enum pk_err err);

/*
 * The evidence of a refusal. `detail` is one sentence for a person, in printable ASCII. The
 * provider's own words are hostile input: they are cut and reduced to the characters that RFC 6749
 * 5.2 allows. All three still have to be escaped for where they are shown.
 */
struct pk_why {
	enum pk_err err;
	const char *parameter;   /* the parameter or key that it is about, or NULL; static */
	unsigned line;           /* of a dialect file, from 1; 0 elsewhere */
	int status;              /* the HTTP status of the reply, 0 where there was none */
	char detail[256];        /* NUL-terminated */
	char provider_error[64]; /* `error`, NUL-terminated, "" where there was none */
	char provider_text[256]; /* `error_description`, likewise */
};

/* -----------------------------------------------------------------------------------------------
 * 3. Dialects: what a provider speaks
 *
 * RFC 6749 leaves much open and providers leave it further. A dialect is a row whose columns are
 * behaviours; the client, the sandbox and explain read the same row. The file format is lines of
 * `key = value`: a value is "text", true, false, a whole number or a list {"a", "b"}; `#` starts a
 * comment. The keys are those of `proofkey provider show`.
 * -------------------------------------------------------------------------------------------- */

enum pk_pkce {
	PK_PKCE_OFF,      /* the client sends no challenge */
	PK_PKCE_SENT,     /* the client always sends one; the provider does not insist */
	PK_PKCE_REQUIRED, /* the provider refuses a login without one */
};

/* How the SHA-256 of the verifier is written as challenge. RFC 7636 4.2 knows the first. */
enum pk_challenge_encoding {
	PK_CHALLENGE_BASE64URL, /* 43 characters, no padding */
	PK_CHALLENGE_HEX,       /* 64 lower-case digits */
};

/* What the provider assumes when code_challenge_method is absent. RFC 7636 4.3 says plain. */
enum pk_method_missing {
	PK_METHOD_MISSING_PLAIN,
	PK_METHOD_MISSING_S256,
	PK_METHOD_MISSING_REFUSED,
};

/* Whether the authorize endpoint looks at the form of the challenge. One that does not takes any
 * text, and the login fails at the token endpoint, far from its cause. */
enum pk_challenge_shape {
	PK_CHALLENGE_SHAPE_CHECKED,
	PK_CHALLENGE_SHAPE_UNCHECKED,
};

enum pk_body {
	PK_BODY_FORM,
	PK_BODY_JSON,
};

/* How the provider says no at one of its checks, `error.CHECK = "STATUS CODE TEXT"`; the sandbox
 * repeats it word for word. */
struct pk_refusal {
	struct pk_str check;
	int status; /* HTTP status at the token endpoint; the authorize endpoint redirects */
	struct pk_str code; /* `error` */
	struct pk_str text; /* `error_description`, may be empty */
};

#define PK_REFUSALS_MAX 40

struct pk_dialect {
	struct pk_str name;         /* "rfc7636", from the file's name */
	struct pk_str title;        /* "RFC 7636", what a button says */
	struct pk_str source;       /* where the facts are from */
	struct pk_str checked;      /* the day they were, "2026-11-21" */
	struct pk_list unconfirmed; /* the keys below that no source confirms */
	struct pk_str note;

	struct pk_str
		authorize_url; /* endpoints may hold {region} and {host}, see struct pk_login */
	struct pk_str token_url;
	struct pk_str revoke_url;
	struct pk_str userinfo_url;
	struct pk_list regions; /* the values of {region}, the default first */
	struct pk_str issuer; /* what `iss` in the callback must be; empty where the provider sends
				 none */

	struct pk_str client_id_parameter;     /* "client_id" */
	struct pk_str client_secret_parameter; /* "client_secret" */
	struct pk_list client_auth;    /* of "basic", "post", "none": what the provider accepts, the
					  best first */
	struct pk_str scope_separator; /* " " */
	struct pk_list scopes;         /* those that are known, the usual ones first */
	struct pk_list scopes_fixed;   /* those that the person cannot switch off */
	struct pk_str callback_scope_parameter; /* granted scopes in the callback; empty where there
						   is none */

	enum pk_pkce pkce;
	enum pk_challenge_encoding challenge;
	enum pk_challenge_shape challenge_shape;
	struct pk_str challenge_method; /* what the client sends as code_challenge_method; empty: it
					   sends none */
	enum pk_method_missing method_missing;
	bool plain; /* whether the provider takes code_challenge_method=plain */

	struct pk_list redirect_rules; /* see pk_redirect_uris_check() */

	enum pk_body token_request;
	enum pk_body token_reply;
	struct pk_str token_subject; /* JSON pointer to the subject in the token reply; empty where
					it has none */
	struct pk_str
		refresh_lifetime_parameter; /* "refresh_expires_in"; empty where there is none */
	struct pk_str log_id_parameter;     /* an opaque id that the provider adds to its errors */

	struct pk_str userinfo_query;   /* what the user info endpoint needs in its query */
	struct pk_str userinfo_subject; /* JSON pointers (RFC 6901) into the user info */
	struct pk_str userinfo_name;
	struct pk_str userinfo_email;
	struct pk_str userinfo_email_verified; /* empty: the provider vouches for all of them */
	struct pk_str userinfo_picture;
	struct pk_str
		userinfo_error; /* to an error code in a user info with HTTP 200; "ok" means none */

	struct pk_str revoke_token_parameter; /* "token" */

	struct pk_str code_suffix; /* how each code ends; shows who decodes it twice */

	int64_t code_lifetime; /* what the sandbox hands out, in seconds */
	int64_t access_lifetime;
	int64_t refresh_lifetime; /* 0: no refresh token */
	bool refresh_rotates;

	struct pk_refusal refusal[PK_REFUSALS_MAX];
	size_t refusal_count;
};

/*
 * Reads a dialect file. The dialect's texts are views into `text` and `name`, which must live as
 * long as it does. Keys that are not given have the values of RFC 6749 and RFC 7636. `why->line` is
 * the line of the first mistake.
 */
PK_MUST_USE enum pk_err pk_dialect_parse(struct pk_str name, struct pk_str text,
					 struct pk_dialect *ret, struct pk_why *why);

/* The dialect of that name as it was built into the library, or NULL. The pointer is to static,
 * constant text. */
const char *pk_dialect_text(const char *name);

/* The names of the dialects that were built in, sorted; NULL from `count` on. */
const char *pk_dialect_name(size_t index);

/* Writes the dialect in the file format, every key with its value, defaults too. */
void pk_dialect_write(const struct pk_dialect *dialect, struct pk_buf *out);

/*
 * Holds redirect URIs against the dialect's `redirect_rules`, each rule with its own sentence in
 * `why->detail`:
 *
 *   absolute           scheme and host are there
 *   https              the scheme is https
 *   http               the scheme is http or https
 *   https-or-loopback  https, or http on 127.0.0.0/8, [::1] or localhost
 *   no-query           nothing after a ?
 *   no-fragment        nothing after a #
 *   no-wildcard        no * anywhere
 *   loopback-host      the host is localhost or 127.0.0.1
 *   port               a port is given, or *
 *   no-localhost       a loopback host is an IP address, not a name
 *   max-length:N       at most N characters
 *   max-count:N        at most N URIs are registered
 *
 * `uris` are all that are registered for one client, so that max-count can be checked.
 */
PK_MUST_USE enum pk_err pk_redirect_uris_check(const struct pk_dialect *dialect,
					       const struct pk_str *uris, size_t count,
					       struct pk_why *why);

/* Whether the URI is http or https on a loopback address: 127.0.0.0/8, [::1] or localhost. */
bool pk_uri_is_loopback(struct pk_str uri);

/* -----------------------------------------------------------------------------------------------
 * 4. Login: one client at one provider, as its operator configured it. No secret: whoever starts
 * logins need not hold any.
 * -------------------------------------------------------------------------------------------- */

struct pk_login {
	struct pk_str name;               /* "work", the operator's word for it */
	const struct pk_dialect *dialect; /* must live as long as the login */
	struct pk_str client_id;
	struct pk_str redirect_uri; /* sent byte for byte, both times (RFC 6749 4.1.3) */
	struct pk_list scopes;
	struct pk_str host;    /* the value of {host} in the dialect's endpoints */
	struct pk_str region;  /* the value of {region}; empty: the dialect's first */
	struct pk_str sandbox; /* "http://127.0.0.1:9400": every endpoint is looked for there, under
				  /NAME; or empty */
};

/* Whether this login can work at all: client id, endpoints, region, scopes, redirect URI rules.
 * With a sandbox, a loopback redirect URI is let through whatever the provider's rules are, as the
 * sandbox does. */
PK_MUST_USE enum pk_err pk_login_check(const struct pk_login *login, struct pk_why *why);

/* -----------------------------------------------------------------------------------------------
 * 5. PKCE (RFC 7636)
 * -------------------------------------------------------------------------------------------- */

#define PK_VERIFIER_MIN 43 /* characters, RFC 7636 4.1 */
#define PK_VERIFIER_MAX 128
#define PK_ENTROPY_MIN 32    /* bytes; as base64url these are 43 characters ... */
#define PK_ENTROPY_MAX 96    /* ... and these 128 */
#define PK_CHALLENGE_MAX 128 /* S256 needs 43 or 64; plain as many as the verifier */

/* A code verifier: a secret of this login, made fresh for each attempt. Wipe it with
 * pk_verifier_wipe(). */
struct pk_verifier {
	char text[PK_VERIFIER_MAX];
	size_t len;
};

/* A code challenge: public. */
struct pk_challenge {
	char text[PK_CHALLENGE_MAX];
	size_t len;
};

/*
 * Makes a verifier: base64url, without padding, of `entropy`, which must come from a cryptographic
 * random source (or be derived from a key and a value that is used once). PK_ENTROPY_MIN to
 * PK_ENTROPY_MAX bytes; 32 are enough (RFC 7636 7.1).
 *
 *     uint8_t entropy[PK_ENTROPY_MIN];
 *     struct pk_verifier verifier;
 *     struct pk_challenge challenge;
 *
 *     fill_with_random_bytes(entropy, sizeof(entropy));
 *     if (pk_verifier_make(entropy, sizeof(entropy), &verifier) != PK_OK)
 *             return false;
 *     pk_challenge_make(&verifier, PK_CHALLENGE_BASE64URL, &challenge);
 */
PK_MUST_USE enum pk_err pk_verifier_make(const uint8_t *entropy, size_t size,
					 struct pk_verifier *ret);

/* Takes a verifier that exists: 43 to 128 characters of A-Z a-z 0-9 - . _ ~ ; `why` says what is
 * wrong with another. */
PK_MUST_USE enum pk_err pk_verifier_take(struct pk_str text, struct pk_verifier *ret,
					 struct pk_why *why);

struct pk_str pk_verifier_str(const struct pk_verifier *verifier);
void pk_verifier_wipe(struct pk_verifier *verifier);

/* The S256 challenge: the SHA-256 of the verifier's characters, in the encoding that the provider
 * wants. */
void pk_challenge_make(const struct pk_verifier *verifier, enum pk_challenge_encoding encoding,
		       struct pk_challenge *ret);

struct pk_str pk_challenge_str(const struct pk_challenge *challenge);

/* The server's side (RFC 7636 4.6): PK_OK when `verifier` belongs to `challenge`, compared in
 * constant time. */
PK_MUST_USE enum pk_err pk_challenge_verify(struct pk_str verifier, struct pk_str challenge,
					    enum pk_challenge_encoding encoding,
					    struct pk_why *why);

/* -----------------------------------------------------------------------------------------------
 * 6. Authorize URL (RFC 6749 4.1.1, RFC 7636 4.3)
 * -------------------------------------------------------------------------------------------- */

#define PK_STATE_MIN 22 /* characters: 128 bits as base64url */

/*
 * Writes the URL to which the browser is sent. `state` must be unguessable, used once and bound to
 * this browser; fewer than PK_STATE_MIN characters are refused. `challenge` may be NULL only where
 * the dialect says `pkce = "off"`.
 *
 *     char memory[2048];
 *     struct pk_buf url = pk_buf(memory, sizeof(memory));
 *
 *     if (pk_authorize_url(login, state, &challenge, &url, &why) != PK_OK)
 *             return false;
 *     redirect_browser(pk_buf_str(&url));
 */
PK_MUST_USE enum pk_err pk_authorize_url(const struct pk_login *login, struct pk_str state,
					 const struct pk_challenge *challenge, struct pk_buf *out,
					 struct pk_why *why);

/* -----------------------------------------------------------------------------------------------
 * 7. Callback (RFC 6749 4.1.2, RFC 9207)
 * -------------------------------------------------------------------------------------------- */

/*
 * An authorization code out of a checked callback. Only pk_callback() makes one and only
 * pk_token_request() takes one, so a code whose state was not checked cannot be redeemed.
 */
struct pk_grant_code;

/*
 * Finds `state` in a callback, so that the caller can look up or open what it stands for before
 * checking the rest. `query` is what followed the `?` (or the body of a form post), still encoded.
 * An empty or absent state is PK_ERR_STATE_MISSING.
 */
PK_MUST_USE enum pk_err pk_callback_state(struct pk_arena *arena, struct pk_str query,
					  struct pk_str *ret, struct pk_why *why);

/*
 * Checks a callback and takes the code from it. `expected_state` is the state that this browser was
 * given; an empty one is never right. In this order: encoding, repeated parameters, state, issuer,
 * the provider's error, the code.
 *
 * PK_ERR_USER_DENIED and PK_ERR_PROVIDER_REFUSED carry the provider's words in `why`. `ret_scopes`
 * (may be NULL) are the granted scopes where the dialect returns them in the callback, else "not
 * given".
 *
 *     const struct pk_grant_code *code;
 *
 *     if (pk_callback(&arena, login, expected_state, query, &code, NULL, &why) != PK_OK)
 *             return show_failure(&why);
 */
PK_MUST_USE enum pk_err pk_callback(struct pk_arena *arena, const struct pk_login *login,
				    struct pk_str expected_state, struct pk_str query,
				    const struct pk_grant_code **ret, struct pk_str *ret_scopes,
				    struct pk_why *why);

/* -----------------------------------------------------------------------------------------------
 * 8. HTTP as values
 * -------------------------------------------------------------------------------------------- */

#define PK_HEADERS_MAX 4

struct pk_http_request {
	const char *method; /* "GET" or "POST" */
	struct pk_str url;
	struct pk_str header[PK_HEADERS_MAX]; /* "Name: value" */
	size_t header_count;
	struct pk_str body;
};

/* Redirects must not be followed: a token request that is redirected hands the code and the secret
 * to somebody else. */
struct pk_http_reply {
	int status;
	struct pk_str content_type; /* may be "not given" */
	struct pk_str body;         /* at most PK_REPLY_MAX bytes */
};

#define PK_REPLY_MAX 262144

/* -----------------------------------------------------------------------------------------------
 * 9. Token request and reply (RFC 6749 4.1.3, 5.1, 5.2; RFC 7636 4.5)
 * -------------------------------------------------------------------------------------------- */

/*
 * The request that exchanges the code. `secret` is the client's; an empty one makes a public
 * client. `verifier` may be NULL only if no challenge was sent. Each code is used in one request:
 * after any answer, or none, start the login again.
 *
 *     struct pk_http_request request;
 *     struct pk_tokens tokens;
 *
 *     if (pk_token_request(&arena, login, secret, code, &verifier, &request, &why) != PK_OK)
 *             return show_failure(&why);
 *     reply = send_with_your_http_client(&request);
 *     if (pk_token_reply(&arena, login, &reply, now, &tokens, &why) != PK_OK)
 *             return show_failure(&why);
 */
PK_MUST_USE enum pk_err pk_token_request(struct pk_arena *arena, const struct pk_login *login,
					 struct pk_secret secret, const struct pk_grant_code *code,
					 const struct pk_verifier *verifier,
					 struct pk_http_request *ret, struct pk_why *why);

#define PK_TIME_UNKNOWN (-1) /* the provider did not say; it is not "never" and not "now" */

struct pk_tokens {
	struct pk_secret access_token;
	struct pk_secret refresh_token; /* "not given" where there is none */
	int64_t access_expires_at;      /* or PK_TIME_UNKNOWN */
	int64_t refresh_expires_at;     /* or PK_TIME_UNKNOWN */
	struct pk_str
		scope; /* as the provider wrote it; "not given" means: as asked (RFC 6749 5.1) */
	struct pk_str subject; /* where the dialect has it in this reply, else "not given" */
};

/*
 * Reads the reply. `now` is when it came. Accepted beyond the RFC, because providers do it: an
 * error with HTTP 200, `expires_in` as text, a missing token_type, JSON under another content type,
 * a form where the dialect says so.
 */
PK_MUST_USE enum pk_err pk_token_reply(struct pk_arena *arena, const struct pk_login *login,
				       const struct pk_http_reply *reply, int64_t now,
				       struct pk_tokens *ret, struct pk_why *why);

/* -----------------------------------------------------------------------------------------------
 * 10. User info
 * -------------------------------------------------------------------------------------------- */

struct pk_identity {
	struct pk_str subject; /* never empty */
	struct pk_str name;    /* the others may be "not given" */
	struct pk_str email;   /* "not given" too where the provider has not verified it */
	struct pk_str picture;
};

#define PK_SUBJECT_MAX 255

/* Dialects without `userinfo_url` have the subject in the token reply alone; for them this is
 * PK_ERR_ARGUMENT. */
PK_MUST_USE enum pk_err pk_userinfo_request(struct pk_arena *arena, const struct pk_login *login,
					    struct pk_secret access_token,
					    struct pk_http_request *ret, struct pk_why *why);

/* `tokens` are those that the request was made with: a subject that they name must be the one here.
 */
PK_MUST_USE enum pk_err pk_userinfo_reply(struct pk_arena *arena, const struct pk_login *login,
					  const struct pk_tokens *tokens,
					  const struct pk_http_reply *reply,
					  struct pk_identity *ret, struct pk_why *why);

/* -----------------------------------------------------------------------------------------------
 * 11. Revocation (RFC 7009)
 * -------------------------------------------------------------------------------------------- */

/* Asks the provider to forget a token. PK_ERR_ARGUMENT where the dialect has no `revoke_url`. HTTP
 * 200 is success, also for a token that the provider no longer knows; anything else means that the
 * token may still live. */
PK_MUST_USE enum pk_err pk_revoke_request(struct pk_arena *arena, const struct pk_login *login,
					  struct pk_secret secret, struct pk_secret token,
					  struct pk_http_request *ret, struct pk_why *why);

#ifdef __cplusplus
}
#endif

#endif
