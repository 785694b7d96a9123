/*
 * The token reply (RFC 6749 5.1) to a code and to a refresh token, in the dialect's shape. Trusts
 * the checks: the code or refresh token in the exchange has passed all of them.
 */
#include "base/text.h"
#include "sandbox/answers.h"
#include "sandbox/document.h"
#include "sandbox/reply.h"

#include <sodium.h>

static int64_t access_lifetime(const struct exchange *x)
{
	const int64_t ttl = x->sandbox->options.access_ttl;

	return ttl >= 0 ? ttl : x->dialect->access_lifetime;
}

/* Makes a token that stands for the exchange's grant, and sets it in the reply. */
static void give(struct exchange *x, enum ticket_kind kind, int64_t lifetime, struct pk_str name,
		 json_t *reply)
{
	char memory[TICKET_TEXT_MAX];
	struct pk_buf token = pk_buf(memory, sizeof(memory));

	ledger_issue(x->sandbox->ledger, x->grant, kind, x->now + 1000 * lifetime, PK_STR(""),
		     &token);
	document_set(reply, name, pk_buf_str(&token));
	sodium_memzero(memory, sizeof(memory));
}

static void give_refresh_token(struct exchange *x, json_t *reply)
{
	const struct pk_dialect *dialect = x->dialect;

	give(x, TICKET_REFRESH, dialect->refresh_lifetime, PK_STR("refresh_token"), reply);
	if (dialect->refresh_lifetime_parameter.len)
		document_set_number(reply, dialect->refresh_lifetime_parameter,
				    dialect->refresh_lifetime);
}

static void put_subject(const struct exchange *x, json_t *reply)
{
	char memory[PERSON_SUBJECT_MAX];
	struct pk_buf subject = pk_buf(memory, sizeof(memory));

	person_subject(x->grant->person, x->dialect, &subject);
	document_put(reply, x->dialect->token_subject, pk_buf_str(&subject));
}

static void reply_tokens(struct exchange *x, bool refresh_token, struct pk_str scope)
{
	json_t *reply = json_object();

	give(x, TICKET_ACCESS, access_lifetime(x), PK_STR("access_token"), reply);
	document_set(reply, PK_STR("token_type"), PK_STR("Bearer"));
	document_set_number(reply, PK_STR("expires_in"), access_lifetime(x));
	if (refresh_token)
		give_refresh_token(x, reply);
	document_set(reply, PK_STR("scope"), scope);
	put_subject(x, reply);
	reply_document(x, 200, x->dialect->token_reply, reply);
}

void answer_token(struct exchange *x)
{
	x->ticket->spent = true;
	reply_tokens(x, x->dialect->refresh_lifetime > 0,
		     (struct pk_str){x->grant->scope, x->grant->scope_len});
}

/* RFC 9700 2.2.2: refresh tokens of public clients rotate, whatever the dialect does for others. A
 * client that keeps its refresh token is not sent one. */
void answer_refresh(struct exchange *x)
{
	const bool rotates = x->dialect->refresh_rotates || client_is_public(x->client);
	char memory[GRANT_SCOPE_MAX];
	struct pk_buf scope = pk_buf(memory, sizeof(memory));

	x->ticket->spent = rotates;
	pk_buf_join(&scope, &x->scopes, x->dialect->scope_separator);
	reply_tokens(x, rotates, pk_buf_str(&scope));
}
