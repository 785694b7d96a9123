/*
 * libproofkey: OAuth 2.0 Authorization Code with PKCE, without I/O.
 *
 * This header is in the order in which a login uses it:
 *
 *     dialect -> login -> verifier, challenge -> authorize URL -> callback
 *             -> token request -> token reply -> ID token, user info -> refresh -> revocation, logout
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
	PK_PKCE_REFUSED,  /* the provider refuses a login with one */
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
	PK_CHALLENGE_SHAPE_CHECKED,    /* a SHA-256 in the encoding of the dialect */
	PK_CHALLENGE_SHAPE_UNCHECKED,  /* anything */
	PK_CHALLENGE_SHAPE_CHARACTERS, /* 43 to 128 characters that a verifier could have */
};

/* Whether the token endpoint holds the verifier against RFC 7636 4.1 before it compares it. */
enum pk_verifier_shape {
	PK_VERIFIER_SHAPE_CHECKED,
	PK_VERIFIER_SHAPE_UNCHECKED,
};

/* How the provider sends the browser back. */
enum pk_response_mode {
	PK_RESPONSE_MODE_QUERY,
	PK_RESPONSE_MODE_FORM_POST, /* asked for with response_mode=form_post; the callback is a
				       POST from the provider's site */
};

/* How a token request is written. */
enum pk_request_body {
	PK_REQUEST_FORM,
	PK_REQUEST_JSON,
	PK_REQUEST_QUERY, /* a GET, everything in the URL */
};

/* How a token reply is written. */
enum pk_body {
	PK_BODY_FORM,
	PK_BODY_JSON,
	PK_BODY_ACCEPT, /* JSON for who accepts it, a form for everybody else */
};

/* How `scope` stands in the token reply. */
enum pk_reply_scope {
	PK_REPLY_SCOPE_TEXT,
	PK_REPLY_SCOPE_ARRAY,
	PK_REPLY_SCOPE_ABSENT,
};

/* How `expires_in` stands there. */
enum pk_expires_in {
	PK_EXPIRES_IN_NUMBER,
	PK_EXPIRES_IN_TEXT,
	PK_EXPIRES_IN_ABSENT,
};

/* With which algorithm the provider signs ID tokens. */
enum pk_id_token_alg {
	PK_ID_TOKEN_NONE, /* it gives no ID tokens */
	PK_ID_TOKEN_RS256,
	PK_ID_TOKEN_ES256,
	PK_ID_TOKEN_HS256, /* with the client secret as key */
};

enum pk_userinfo_method {
	PK_USERINFO_GET,
	PK_USERINFO_POST,
};

enum pk_userinfo_token {
	PK_USERINFO_TOKEN_HEADER,
	PK_USERINFO_TOKEN_QUERY, /* access_token in the URL, against RFC 6750 2.3 */
};

enum pk_revoke_auth {
	PK_REVOKE_AUTH_CLIENT,
	PK_REVOKE_AUTH_BEARER, /* the token itself, in the Authorization header */
};

/* How the subject is written in JSON. */
enum pk_subject_type {
	PK_SUBJECT_TEXT,
	PK_SUBJECT_NUMBER,
};

/* How the provider says no at one of its checks, `error.CHECK = "STATUS CODE TEXT"`; the sandbox
 * repeats it word for word. CODE may be "CODE/NUMBER" where the dialect says where the number
 * stands. */
struct pk_refusal {
	struct pk_str check;
	int status; /* HTTP status at the token endpoint; the authorize endpoint redirects */
	struct pk_str code;   /* `error` */
	struct pk_str number; /* what followed the /, or "not given" */
	struct pk_str text;   /* `error_description`, may be empty */
};

#define PK_REFUSALS_MAX 64

struct pk_dialect {
	struct pk_str name;         /* "rfc7636", from the file's name */
	struct pk_str title;        /* "RFC 7636", what a button says */
	struct pk_str source;       /* where the facts are from */
	struct pk_str checked;      /* the day they were, "2026-11-21" */
	struct pk_list unconfirmed; /* the keys below that no source confirms */
	struct pk_str note;

	/* Endpoints. They may hold {host}, {region} and {tenant}, see struct pk_login; empty where
	 * the provider has none. */
	struct pk_str authorize_url;
	struct pk_str token_url;
	struct pk_str refresh_url; /* where refresh tokens are used; empty: token_url */
	struct pk_str revoke_url;
	struct pk_str userinfo_url;
	struct pk_str introspect_url;
	struct pk_str end_session_url;
	struct pk_str par_url; /* RFC 9126 */
	struct pk_str jwks_url;
	struct pk_str discovery_url; /* the metadata document; {issuer} is the login's issuer */
	struct pk_str issuer;        /* of ID tokens and metadata; empty where it has none */
	bool callback_issuer;        /* `iss` is in every callback (RFC 9207) */
	struct pk_list regions;      /* the values of {region}, the default first */
	struct pk_str tenant; /* the default of {tenant}: a realm, tenant, authorization server */

	struct pk_str client_id_parameter;     /* "client_id" */
	struct pk_str client_secret_parameter; /* "client_secret" */
	struct pk_list client_auth; /* of "basic", "post", "none": what the provider accepts, the
				       best first */
	struct pk_str client_secret_audience; /* the secret is a JWT with this audience; empty: it
						 is a text */
	bool origin_from_public_clients;      /* public clients redeem with an Origin header, others
					    must not send one */

	struct pk_str scope_parameter;  /* "scope" */
	struct pk_str scope_separator;  /* " " */
	struct pk_list scopes;          /* those that are known, the usual ones first */
	struct pk_list scopes_fixed;    /* those that the person cannot switch off */
	struct pk_list scopes_required; /* a login without them is refused */
	bool plus_is_space; /* whether a + in the authorize URL is a space, as in a form */
	struct pk_str authorize_query; /* what each authorize URL has in addition, form-encoded */
	struct pk_str authorize_fragment; /* what it ends with, after a # */
	int64_t state_min; /* characters that a state must have; 0: it may be missing */
	enum pk_response_mode response_mode;

	struct pk_str code_prefix;       /* how each code begins, and ... */
	struct pk_str code_suffix;       /* ... ends; shows who decodes it twice */
	struct pk_str callback_more;     /* what each callback with a code has in addition,
					    form-encoded */
	struct pk_str callback_fragment; /* what it ends with, after a # */
	struct pk_str callback_scope_parameter;      /* granted scopes in the callback; empty where
						   there is none */
	struct pk_str callback_error_text_parameter; /* "error_description" */
	struct pk_str callback_error_number_parameter; /* empty where there is none */

	enum pk_pkce pkce;
	enum pk_challenge_encoding challenge;
	enum pk_challenge_shape challenge_shape;
	enum pk_verifier_shape verifier_shape;
	struct pk_str challenge_method; /* what the client sends as code_challenge_method; empty: it
					   sends none */
	enum pk_method_missing method_missing;
	bool plain;                   /* whether the provider takes code_challenge_method=plain */
	bool failed_check_burns_code; /* a code is gone after the first token request, right or
					 wrong */

	struct pk_list redirect_rules; /* see pk_redirect_uris_check() */

	enum pk_request_body token_request;
	struct pk_str token_parameters; /* what a token request has in addition, form-encoded */
	bool dpop;                      /* the provider takes DPoP proofs (RFC 9449) */

	enum pk_body token_reply;
	struct pk_str token_reply_type; /* the content type; empty: that of token_reply */
	struct pk_str token_reply_at;   /* JSON pointer to the object with the tokens; empty: the
					   document itself */
	struct pk_str token_reply_more; /* what it has in addition, form-encoded, names are JSON
					   pointers */
	struct pk_str token_type;       /* as the provider writes it; empty where it has none */
	struct pk_str token_subject;    /* JSON pointer to the subject in the whole token reply;
					   empty where it has none */
	enum pk_reply_scope reply_scope;
	struct pk_str reply_scope_separator; /* empty: scope_separator */
	enum pk_expires_in expires_in;
	struct pk_str
		refresh_lifetime_parameter; /* "refresh_expires_in"; empty where there is none */
	enum pk_id_token_alg id_token_alg;

	int64_t error_status; /* HTTP status of refusals at the token endpoint that have no words of
				 their own; 0: that of RFC 6749 */
	struct pk_str ok_at;  /* JSON pointer to a boolean: true in a reply, false in a refusal */
	struct pk_str error_at;         /* "/error" */
	struct pk_str error_text_at;    /* "/error_description" */
	struct pk_str error_number_at;  /* empty where there is none */
	struct pk_str error_more;       /* what a refusal has in addition, like token_reply_more */
	struct pk_str log_id_parameter; /* an opaque id that the provider adds to its errors */

	struct pk_str refresh_asked_by; /* "scope=offline_access", "access_type=offline": without it
					   there is no refresh token; empty: nothing is needed */
	bool refresh_scope;             /* a refresh names the scopes */
	bool refresh_rotates;

	enum pk_userinfo_method userinfo_method;
	enum pk_userinfo_token userinfo_token;
	struct pk_str userinfo_query;         /* what the user info endpoint needs in its query */
	struct pk_str userinfo_header;        /* "Name: value" that it needs */
	struct pk_str userinfo_client_header; /* the header that it wants the client id in */
	struct pk_str userinfo_subject_parameter; /* the parameter that it wants the subject in */
	struct pk_str userinfo_subject;           /* JSON pointers (RFC 6901) into the user info */
	struct pk_str userinfo_name;
	struct pk_str userinfo_email;
	struct pk_str userinfo_email_verified; /* empty: the provider vouches for all of them */
	struct pk_str userinfo_picture;
	struct pk_str userinfo_error; /* to an error code in a user info with HTTP 200; "ok" means
					 none */
	enum pk_subject_type subject_type;

	struct pk_str revoke_token_parameter; /* "token" */
	enum pk_revoke_auth revoke_auth;

	int64_t code_lifetime;    /* what the sandbox hands out, in seconds */
	int64_t access_lifetime;  /* 0: it does not expire, and there is no expires_in */
	int64_t refresh_lifetime; /* 0: no refresh token */

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
	struct pk_str tenant;  /* the value of {tenant}; empty: the dialect's */
	struct pk_str issuer;  /* where a dialect without endpoints finds them, see 13; or empty */
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
 *     if (pk_authorize_url(login, state, nonce, &challenge, &url, &why) != PK_OK)
 *             return false;
 *     redirect_browser(pk_buf_str(&url));
 *
 * `nonce` is for logins that pk_login_has_id_token() says yes to: as unguessable as the state, new
 * for each attempt, kept for pk_id_token_verify() (OpenID Connect Core 3.1.2.1). "Not given"
 * elsewhere.
 */
PK_MUST_USE enum pk_err pk_authorize_url(const struct pk_login *login, struct pk_str state,
					 struct pk_str nonce, const struct pk_challenge *challenge,
					 struct pk_buf *out, struct pk_why *why);

/* Whether the provider answers this login with an ID token: its dialect has them, and `openid` is
 * among the scopes. */
bool pk_login_has_id_token(const struct pk_login *login);

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

#define PK_HEADERS_MAX 6

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
	struct pk_secret id_token;      /* likewise; nothing in it is true before
					   pk_id_token_verify() says so */
	int64_t access_expires_at;      /* or PK_TIME_UNKNOWN */
	int64_t refresh_expires_at;     /* or PK_TIME_UNKNOWN */
	struct pk_str scope; /* joined by the dialect's scope_separator, however the provider wrote
				it; "not given" means: as asked (RFC 6749 5.1) */
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

/*
 * The request for new tokens (RFC 6749 6), answered with a token reply. Where that has no
 * refresh_token, the old one goes on; where it has one, the old one may be dead already: keep the
 * new one before anything else. One refresh at a time for each grant.
 */
PK_MUST_USE enum pk_err pk_refresh_request(struct pk_arena *arena, const struct pk_login *login,
					   struct pk_secret secret, struct pk_secret refresh_token,
					   struct pk_http_request *ret, struct pk_why *why);

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

/* Dialects without `userinfo_url` have the subject in the token reply or the ID token alone; for
 * them this is PK_ERR_ARGUMENT. Some ask by subject, which is that of `tokens`. */
PK_MUST_USE enum pk_err pk_userinfo_request(struct pk_arena *arena, const struct pk_login *login,
					    const struct pk_tokens *tokens,
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

/* Asks the provider to forget a token. PK_ERR_ARGUMENT where the dialect has no `revoke_url`. */
PK_MUST_USE enum pk_err pk_revoke_request(struct pk_arena *arena, const struct pk_login *login,
					  struct pk_secret secret, struct pk_secret token,
					  struct pk_http_request *ret, struct pk_why *why);

/* Whether it did. HTTP 200 is success, also for a token that the provider no longer knows, unless the
 * provider says no with it; anything else is PK_ERR_PROVIDER_REFUSED, and the token may still
 * live. `why->status` is the HTTP status: 503 is worth another try (2.2.1). */
PK_MUST_USE enum pk_err pk_revoke_reply(const struct pk_login *login,
					const struct pk_http_reply *reply, struct pk_why *why);

/* -----------------------------------------------------------------------------------------------
 * 12. ID tokens (OpenID Connect Core 2, 3.1.3.7)
 *
 * The signature is checked with the provider's keys, fetched from its `jwks_url` and kept. A token
 * that names a key which is not among them is PK_ERR_ID_TOKEN_KEY_UNKNOWN: fetch the keys once
 * more and try once more (10.1.1), and no oftener than once a minute.
 * -------------------------------------------------------------------------------------------- */

#define PK_ID_TOKEN_MAX 16384 /* bytes */
#define PK_ID_TOKEN_LEEWAY 60 /* seconds that the clocks of client and provider may differ */

/* PK_ERR_ARGUMENT where the dialect has no `jwks_url`; HS256 needs none. */
PK_MUST_USE enum pk_err pk_jwks_request(struct pk_arena *arena, const struct pk_login *login,
					struct pk_http_request *ret, struct pk_why *why);

/* Whether the reply holds keys at all. `ret` is the JWK set to keep, a view of the reply's body. */
PK_MUST_USE enum pk_err pk_jwks_reply(const struct pk_http_reply *reply, struct pk_str *ret,
				      struct pk_why *why);

/* What the client knows, to hold the token against. */
struct pk_id_token_expected {
	struct pk_str nonce; /* the one that was sent; after a refresh it may be "not given" */
	struct pk_str jwks;  /* the provider's keys; without any, the first token asks for them */
	struct pk_secret client_secret; /* the key of HS256; else unused */
	int64_t now;
	int64_t max_age; /* seconds since the person proved themself; negative: not asked for */
	struct pk_str subject; /* after a refresh: the one from before (12.2); else "not given" */
};

struct pk_id_token {
	struct pk_identity identity;
	struct pk_str session; /* `sid`, for back-channel logout; or "not given" */
	int64_t issued_at;
	int64_t expires_at;
	int64_t authenticated_at; /* `auth_time`, or PK_TIME_UNKNOWN */
};

/*
 * Verifies the ID token of a token reply: signature under the algorithm of the dialect and no
 * other, `iss`, `aud`, `azp`, `exp`, `iat`, `nonce`, `at_hash` where it is there. On success the
 * subject of `tokens` is the token's, so that pk_userinfo_reply() holds the user info against it
 * (5.3.2).
 */
PK_MUST_USE enum pk_err pk_id_token_verify(struct pk_arena *arena, const struct pk_login *login,
					   const struct pk_id_token_expected *expected,
					   struct pk_tokens *tokens, struct pk_id_token *ret,
					   struct pk_why *why);

/* -----------------------------------------------------------------------------------------------
 * 13. Discovery (RFC 8414, OpenID Connect Discovery 1.0)
 * -------------------------------------------------------------------------------------------- */

/* Where metadata may be: RFC 8414 3.1 puts its path before the issuer's, OpenID Connect behind. */
enum pk_well_known {
	PK_WELL_KNOWN_OPENID, /* ISSUER/.well-known/openid-configuration; ask here first ... */
	PK_WELL_KNOWN_OAUTH, /* HOST/.well-known/oauth-authorization-server/PATH; ... and here on 404 */
};

/* The request for the metadata of the login's issuer, which is https, or http on this machine. */
PK_MUST_USE enum pk_err pk_discovery_request(struct pk_arena *arena, const struct pk_login *login,
					     enum pk_well_known where, struct pk_http_request *ret,
					     struct pk_why *why);

/*
 * Reads the metadata into a dialect: the login's, with endpoints, issuer, client authentication,
 * PKCE and ID token algorithm as the provider says. The metadata's issuer must be the login's,
 * byte for byte (RFC 8414 3.3). A provider that lists PKCE methods without S256 is refused;
 * one that lists none is sent S256 all the same. Metadata seldom lists public clients: the login's
 * dialect may have "none" in `client_auth` for them. The dialect's texts are in the arena, or the
 * login's dialect's own.
 */
PK_MUST_USE enum pk_err pk_discovery_reply(struct pk_arena *arena, const struct pk_login *login,
					   const struct pk_http_reply *reply,
					   struct pk_dialect *ret, struct pk_why *why);

/* -----------------------------------------------------------------------------------------------
 * 14. Pushed authorization requests (RFC 9126)
 * -------------------------------------------------------------------------------------------- */

/* Sends what would stand in the authorize URL ahead, under the client's own proof. */
PK_MUST_USE enum pk_err pk_par_request(struct pk_arena *arena, const struct pk_login *login,
				       struct pk_secret secret, struct pk_str state,
				       struct pk_str nonce, const struct pk_challenge *challenge,
				       struct pk_http_request *ret, struct pk_why *why);

/* `ret_request_uri` is good once, until `ret_expires_at`. */
PK_MUST_USE enum pk_err pk_par_reply(struct pk_arena *arena, const struct pk_login *login,
				     const struct pk_http_reply *reply, int64_t now,
				     struct pk_str *ret_request_uri, int64_t *ret_expires_at,
				     struct pk_why *why);

/* The URL to which the browser is sent then: client and request_uri, and nothing else (4). */
PK_MUST_USE enum pk_err pk_authorize_url_pushed(const struct pk_login *login,
						struct pk_str request_uri, struct pk_buf *out,
						struct pk_why *why);

/* -----------------------------------------------------------------------------------------------
 * 15. Introspection (RFC 7662)
 * -------------------------------------------------------------------------------------------- */

struct pk_introspection {
	bool active; /* where it is false, the rest is "not given" */
	struct pk_str subject;
	struct pk_str client_id;
	struct pk_str scope;
	int64_t expires_at; /* or PK_TIME_UNKNOWN */
};

PK_MUST_USE enum pk_err pk_introspect_request(struct pk_arena *arena, const struct pk_login *login,
					      struct pk_secret secret, struct pk_secret token,
					      struct pk_http_request *ret, struct pk_why *why);

PK_MUST_USE enum pk_err pk_introspect_reply(struct pk_arena *arena,
					    const struct pk_http_reply *reply,
					    struct pk_introspection *ret, struct pk_why *why);

/* -----------------------------------------------------------------------------------------------
 * 16. Logout (OpenID Connect RP-Initiated Logout 1.0, Back-Channel Logout 1.0)
 * -------------------------------------------------------------------------------------------- */

/* The URL at which the provider ends its own session. `return_to` and `state` may be "not given";
 * `id_token` is the last one that this login gave, expired or not, and may be "not given" too. */
PK_MUST_USE enum pk_err pk_end_session_url(const struct pk_login *login, struct pk_secret id_token,
					   struct pk_str return_to, struct pk_str state,
					   struct pk_buf *out, struct pk_why *why);

struct pk_logout {
	struct pk_str subject; /* at least one of the two is there */
	struct pk_str session;
	struct pk_str id; /* `jti`: refuse one that was seen before */
	int64_t issued_at;
};

/*
 * Verifies a logout token that the provider posted to the client (2.6). What is wrong with one is
 * PK_ERR_LOGOUT_TOKEN, but for PK_ERR_ID_TOKEN_KEY_UNKNOWN, after which the keys are fetched once
 * more as in 12. PK_ERR_ARGUMENT where the dialect signs with the client secret, or nothing.
 */
PK_MUST_USE enum pk_err pk_logout_token_verify(struct pk_arena *arena, const struct pk_login *login,
					       struct pk_str jwks, struct pk_str logout_token,
					       int64_t now, struct pk_logout *ret,
					       struct pk_why *why);

#ifdef __cplusplus
}
#endif

#endif
