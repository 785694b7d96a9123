/*
 * Introspection (RFC 7662): what a token stands for, while it can be used; of any other it is said
 * that it is not active and nothing else (2.2), so that nobody learns why. Any client of the
 * provider that can prove itself may ask, as the API would that the token is meant for.
 */
#include "base/text.h"
#include "sandbox/answers.h"
#include "sandbox/clock.h"
#include "sandbox/document.h"
#include "sandbox/dpop.h"
#include "sandbox/id_token.h"
#include "sandbox/reply.h"

static struct ticket *find(struct exchange *x)
{
	static const enum ticket_kind kinds[] = {TICKET_ACCESS, TICKET_REFRESH};
	struct ticket *ticket = NULL;

	for (size_t i = 0; i < 2 && !ticket; i++)
		ticket = ledger_find(x->sandbox->ledger, kinds[i], param(x, "token"), &x->grant);
	return ticket;
}

static bool is_usable(const struct exchange *x)
{
	return x->ticket && x->grant->provider == x->provider && !x->ticket->spent &&
	       !x->grant->ended && x->now < x->ticket->expires_at;
}

/* RFC 9449 6.2: the key that the token is bound to. */
static void put_holder(const struct ticket *ticket, json_t *reply)
{
	char memory[64];
	struct pk_buf key = pk_buf(memory, sizeof(memory));

	if (!ticket->bound)
		return;
	dpop_write_key(ticket->holder, &key);
	document_put(reply, PK_STR("/cnf/jkt"), pk_buf_str(&key));
}

static void describe(struct exchange *x, json_t *reply)
{
	const struct grant *grant = x->grant;
	char memory[PERSON_SUBJECT_MAX];
	struct pk_buf subject = pk_buf(memory, sizeof(memory));

	person_subject(grant->person, x->dialect, &subject);
	document_set(reply, PK_STR("scope"), grant->scope);
	document_set(reply, PK_STR("client_id"), grant->client->id);
	document_set(reply, PK_STR("username"), grant->person->id);
	document_set(reply, PK_STR("sub"), pk_buf_str(&subject));
	if (x->ticket->expires_at != INT64_MAX)
		document_set_number(reply, PK_STR("exp"),
				    wall_clock() + (x->ticket->expires_at - x->now) / 1000);
	if (x->dialect->issuer.len)
		document_set(reply, PK_STR("iss"), issuer_of(x));
	if (x->ticket->kind == TICKET_ACCESS)
		document_set(reply, PK_STR("token_type"),
			     x->ticket->bound ? PK_STR("DPoP") : PK_STR("Bearer"));
	put_holder(x->ticket, reply);
}

void answer_introspect(struct exchange *x)
{
	json_t *reply = json_object();

	x->ticket = find(x);
	document_put_bool(reply, PK_STR("/active"), is_usable(x));
	if (is_usable(x))
		describe(x, reply);
	reply_document(x, 200, PK_BODY_JSON, reply);
}
