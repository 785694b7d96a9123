/*
 * The token reply (RFC 6749 5.1) to a code and to a refresh token, in the dialect's shape. Trusts
 * the checks: the code or refresh token in the exchange has passed all of them.
 */
#include "base/text.h"
#include "sandbox/answers.h"
#include "sandbox/distort.h"
#include "sandbox/document.h"
#include "sandbox/dpop.h"
#include "sandbox/id_token.h"
#include "sandbox/reply.h"

#include <sodium.h>

/* Seconds; 0 where access tokens do not expire. */
static int64_t access_lifetime(const struct exchange *x)
{
	const int64_t ttl = x->sandbox->options.access_ttl;

	return ttl >= 0 ? ttl : x->dialect->access_lifetime;
}

static bool access_expires(const struct exchange *x)
{
	return x->sandbox->options.access_ttl >= 0 || x->dialect->access_lifetime > 0;
}

/* Makes a token that stands for the exchange's grant, and sets it in the reply. */
static void give(struct exchange *x, enum ticket_kind kind, int64_t expires_at, struct pk_str name,
		 json_t *reply)
{
	char memory[TICKET_TEXT_MAX];
	struct pk_buf token = pk_buf(memory, sizeof(memory));

	dpop_bind(x,
		  ledger_issue(x->sandbox->ledger, x->grant, kind, expires_at, PK_STR(""), &token));
	document_set(reply, name, pk_buf_str(&token));
	sodium_memzero(memory, sizeof(memory));
}

static void give_refresh_token(struct exchange *x, json_t *reply)
{
	const struct pk_dialect *dialect = x->dialect;
	const int64_t ttl = x->sandbox->options.refresh_ttl;
	const int64_t lifetime = ttl >= 0 ? ttl : dialect->refresh_lifetime;

	give(x, TICKET_REFRESH, x->now + 1000 * lifetime, PK_STR("refresh_token"), reply);
	if (dialect->refresh_lifetime_parameter.len)
		document_set_number(reply, dialect->refresh_lifetime_parameter, lifetime);
}

static void set_expires_in(const struct exchange *x, json_t *reply)
{
	char memory[24];
	struct pk_buf text = pk_buf(memory, sizeof(memory));

	if (!access_expires(x) || x->dialect->expires_in == PK_EXPIRES_IN_ABSENT)
		return;
	pk_buf_number(&text, access_lifetime(x));
	if (x->dialect->expires_in == PK_EXPIRES_IN_TEXT)
		document_set(reply, PK_STR("expires_in"), pk_buf_str(&text));
	else
		document_set_number(reply, PK_STR("expires_in"), access_lifetime(x));
}

static void set_scope(const struct exchange *x, json_t *reply)
{
	const struct pk_dialect *dialect = x->dialect;
	char memory[GRANT_SCOPE_MAX];
	struct pk_buf text = pk_buf(memory, sizeof(memory));

	if (dialect->reply_scope == PK_REPLY_SCOPE_TEXT) {
		pk_buf_join(&text, &x->scopes,
			    dialect->reply_scope_separator.len ? dialect->reply_scope_separator
							       : dialect->scope_separator);
		document_set(reply, PK_STR("scope"), pk_buf_str(&text));
	} else if (dialect->reply_scope == PK_REPLY_SCOPE_ARRAY) {
		json_t *scopes = json_array();

		for (size_t i = 0; i < x->scopes.count; i++)
			(void)json_array_append_new(
				scopes, json_stringn(x->scopes.item[i].ptr, x->scopes.item[i].len));
		(void)json_object_set_new(reply, "scope", scopes);
	}
}

/* The tokens stand where the dialect says; the subject, and what there is in addition, in the
 * document around them. */
static void reply_tokens(struct exchange *x, bool refresh_token)
{
	const struct pk_dialect *dialect = x->dialect;
	const int64_t lives_until =
		access_expires(x) ? x->now + 1000 * access_lifetime(x) : INT64_MAX;
	json_t *document = json_object();
	json_t *reply = document_object(document, dialect->token_reply_at);

	if (dialect->ok_at.len)
		document_put_bool(document, dialect->ok_at, true);
	give(x, TICKET_ACCESS, lives_until, PK_STR("access_token"), reply);
	if (dialect->token_type.len)
		document_set(reply, PK_STR("token_type"),
			     x->proven ? PK_STR("DPoP") : dialect->token_type);
	set_expires_in(x, reply);
	if (refresh_token)
		give_refresh_token(x, reply);
	set_scope(x, reply);
	id_token_put(x, reply);
	document_put_subject(document, dialect->token_subject, dialect, x->grant->person);
	document_put_more(document, dialect->token_reply_more);
	distort(x, DISTORT_TOKENS, reply);
	distort(x, DISTORT_REPLY, document);
	reply_as_token_endpoint(x, 200, document);
}

/* No more than a grant's scopes were put together, so no fewer come apart. */
static void take_granted_scopes(struct exchange *x)
{
	x->scopes.count = 0;
	if (pk_list_split(x->grant->scope, x->dialect->scope_separator.ptr[0], &x->scopes) != PK_OK)
		x->scopes.count = 0;
}

void answer_token(struct exchange *x)
{
	x->ticket->spent = true;
	take_granted_scopes(x);
	reply_tokens(x, x->dialect->refresh_lifetime > 0 && x->grant->refreshable);
}

/* RFC 9700 2.2.2: refresh tokens of public clients rotate, whatever the dialect does for others. A
 * client that keeps its refresh token is not sent one. */
void answer_refresh(struct exchange *x)
{
	const bool rotates = x->dialect->refresh_rotates || client_is_public(x->client);

	x->ticket->spent = rotates;
	reply_tokens(x, rotates);
}
