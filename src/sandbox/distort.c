/*
 * What a broken provider's documents look like: each fault is a few lines that alter a right
 * document. A fault whose member is not there stays armed for a document that has it.
 */
#include "sandbox/distort.h"
#include "base/encode.h"
#include "base/text.h"
#include "sandbox/document.h"
#include "sandbox/faults.h"

#include <stdio.h>
#include <string.h>

#define ELSEWHERE "https://issuer.example/elsewhere"
#define HOUR 3600

/* ---- Claims ---- */

static void shift(json_t *claims, const char *name, json_int_t seconds)
{
	json_t *value = json_object_get(claims, name);

	if (value)
		(void)json_integer_set(value, json_integer_value(value) + seconds);
}

static void set(json_t *object, const char *name, const char *text)
{
	(void)json_object_set_new(object, name, json_string(text));
}

static void issuer(struct exchange *x, json_t *claims)
{
	(void)x;
	set(claims, "iss", ELSEWHERE);
}

static void audience(struct exchange *x, json_t *claims)
{
	(void)x;
	set(claims, "aud", "another-client");
}

static void expired(struct exchange *x, json_t *claims)
{
	(void)x;
	shift(claims, "iat", -2 * HOUR);
	shift(claims, "exp", -2 * HOUR);
}

/* A provider whose clock is ahead: its token is from the future. */
static void skew(struct exchange *x, json_t *claims)
{
	(void)x;
	shift(claims, "iat", HOUR);
	shift(claims, "exp", HOUR);
	shift(claims, "auth_time", HOUR);
}

static void nonce(struct exchange *x, json_t *claims)
{
	(void)x;
	set(claims, "nonce", "the-nonce-of-another-login");
}

static void hash(struct exchange *x, json_t *claims)
{
	(void)x;
	set(claims, "at_hash", "AAAAAAAAAAAAAAAAAAAAAA");
}

static void age(struct exchange *x, json_t *claims)
{
	(void)x;
	shift(claims, "auth_time", -(json_int_t)365 * 24 * HOUR);
}

/* ---- Tokens ---- */

static void id_token_missing(struct exchange *x, json_t *tokens)
{
	(void)x;
	(void)json_object_del(tokens, "id_token");
}

static struct pk_str id_token_of(const json_t *tokens)
{
	return pk_str(json_string_value(json_object_get(tokens, "id_token")));
}

static void put_id_token(json_t *tokens, const struct pk_buf *text)
{
	if (!text->overflow)
		document_set(tokens, PK_STR("id_token"), pk_buf_str(text));
}

#define JWT_MAX 8192 /* bytes; ours are shorter */

static void malformed(struct exchange *x, json_t *tokens)
{
	char memory[JWT_MAX];
	struct pk_buf out = pk_buf(memory, sizeof(memory));
	const struct pk_str token = id_token_of(tokens);

	(void)x;
	pk_buf_put(&out, pk_str_first(token, token.len / 2));
	put_id_token(tokens, &out);
}

/* RFC 8725 2.1: "The "alg" header parameter can be changed to "none"". */
static void no_alg(struct exchange *x, json_t *tokens)
{
	static const char header[] = "{\"alg\":\"none\",\"typ\":\"JWT\"}";
	char memory[JWT_MAX];
	struct pk_buf out = pk_buf(memory, sizeof(memory));
	struct pk_str rest = id_token_of(tokens);

	(void)x;
	(void)pk_str_cut(&rest, '.');
	pk_base64url_encode(&out, header, sizeof(header) - 1);
	pk_buf_char(&out, '.');
	pk_buf_put(&out, pk_str_cut(&rest, '.'));
	pk_buf_char(&out, '.');
	put_id_token(tokens, &out);
}

/* The first character of the signature is another one. */
static void signature(struct exchange *x, json_t *tokens)
{
	char memory[JWT_MAX];
	struct pk_buf out = pk_buf(memory, sizeof(memory));
	struct pk_str rest = id_token_of(tokens);

	(void)x;
	pk_buf_put(&out, pk_str_cut(&rest, '.'));
	pk_buf_char(&out, '.');
	pk_buf_put(&out, pk_str_cut(&rest, '.'));
	pk_buf_char(&out, '.');
	pk_buf_char(&out, rest.len && rest.ptr[0] == 'A' ? 'B' : 'A');
	pk_buf_put(&out, pk_str_from(rest, 1));
	put_id_token(tokens, &out);
}

static void expires_in_text(struct exchange *x, json_t *tokens)
{
	char text[32];

	(void)x;
	(void)snprintf(text, sizeof(text), "%lld",
		       (long long)json_integer_value(json_object_get(tokens, "expires_in")));
	set(tokens, "expires_in", text);
}

static void no_refresh_token(struct exchange *x, json_t *tokens)
{
	(void)json_object_del(tokens, "refresh_token");
	if (x->dialect->refresh_lifetime_parameter.len) {
		const struct pk_str name = x->dialect->refresh_lifetime_parameter;

		(void)json_object_deln(tokens, name.ptr, name.len);
	}
}

/* ---- Whole documents ---- */

/* One object deeper than anybody looks. */
static void nest(struct exchange *x, json_t *reply)
{
	json_t *inner = json_copy(reply);

	(void)x;
	(void)json_object_clear(reply);
	(void)json_object_set_new(reply, "data", inner);
}

static void another_person(struct exchange *x, json_t *userinfo)
{
	const struct person *other = x->grant->person == &people[0] ? &people[1] : &people[0];

	document_put_subject(userinfo, x->dialect->userinfo_subject, x->dialect, other);
}

static void other_issuer(struct exchange *x, json_t *metadata)
{
	(void)x;
	set(metadata, "issuer", ELSEWHERE);
}

static void incomplete(struct exchange *x, json_t *metadata)
{
	(void)x;
	(void)json_object_del(metadata, "token_endpoint");
}

static void plain_only(struct exchange *x, json_t *metadata)
{
	(void)x;
	(void)json_object_set_new(metadata, "code_challenge_methods_supported",
				  json_pack("[s]", "plain"));
}

/* ---- The table ---- */

/* clang-format off */
static const struct distortion {
	const char *fault;
	enum distort_place place;
	const char *member; /* that must be there, or NULL */
	void (*alter)(struct exchange *x, json_t *document);
} distortions[] = {
	{"id-token-issuer",      DISTORT_CLAIMS,   "iss",            issuer},
	{"id-token-audience",    DISTORT_CLAIMS,   "aud",            audience},
	{"id-token-expired",     DISTORT_CLAIMS,   "exp",            expired},
	{"id-token-hash",        DISTORT_CLAIMS,   "at_hash",        hash},
	{"id-token-age",         DISTORT_CLAIMS,   "auth_time",      age},
	{"clock-skew",           DISTORT_CLAIMS,   "iat",            skew},
	{"nonce-mismatch",       DISTORT_CLAIMS,   "nonce",          nonce},
	{"id-token-missing",     DISTORT_TOKENS,   "id_token",       id_token_missing},
	{"id-token-malformed",   DISTORT_TOKENS,   "id_token",       malformed},
	{"id-token-alg",         DISTORT_TOKENS,   "id_token",       no_alg},
	{"id-token-signature",   DISTORT_TOKENS,   "id_token",       signature},
	{"expires-in-text",      DISTORT_TOKENS,   "expires_in",     expires_in_text},
	{"refresh-token-absent", DISTORT_TOKENS,   "refresh_token",  no_refresh_token},
	{"reply-misread",        DISTORT_REPLY,    NULL,             nest},
	{"subject-mismatch",     DISTORT_USERINFO, NULL,             another_person},
	{"metadata-issuer",      DISTORT_METADATA, "issuer",         other_issuer},
	{"metadata-incomplete",  DISTORT_METADATA, "token_endpoint", incomplete},
	{"metadata-pkce",        DISTORT_METADATA, NULL,             plain_only},
};
/* clang-format on */

void distort(struct exchange *x, enum distort_place place, json_t *document)
{
	if (!x->sandbox->faults.count)
		return;
	for (size_t i = 0; i < sizeof(distortions) / sizeof(distortions[0]); i++) {
		const struct distortion *at = &distortions[i];

		if (at->place == place && (!at->member || json_object_get(document, at->member)) &&
		    fault_is(x, at->fault))
			at->alter(x, document);
	}
}
