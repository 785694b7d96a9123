/*
 * What follows when an authorize request, or the decision about it, has passed every check: a grant,
 * and a code that is bound to client, redirect URI and challenge. RFC 6749 4.1.2, RFC 7636 4.4.
 * Trusts the checks.
 */
#include "base/text.h"
#include "sandbox/answers.h"
#include "sandbox/callback.h"
#include "sandbox/consent.h"
#include "sandbox/dpop.h"
#include "sandbox/faults.h"
#include "sandbox/sign_in.h"

/* A challenge that is longer than any right one is taken where the dialect takes everything; it is
 * kept as an empty one, which no verifier matches. */
static bool bind_texts(const struct exchange *x, struct grant *grant)
{
	const struct pk_str challenge = param(x, "code_challenge"), nonce = param(x, "nonce");
	char memory[GRANT_SCOPE_MAX];
	struct pk_buf scope = pk_buf(memory, sizeof(memory));

	grant->method = x->method;
	pk_buf_join(&scope, &x->scopes, x->dialect->scope_separator);
	return ledger_keep_texts(grant, pk_buf_str(&scope),
				 challenge.len <= PK_CHALLENGE_MAX ? challenge : PK_STR("")) &&
	       (!nonce.len || ledger_keep_nonce(grant, nonce));
}

static int64_t code_expires_at(const struct exchange *x)
{
	const int64_t ttl = x->sandbox->options.code_ttl;

	return x->now + 1000 * (ttl >= 0 ? ttl : x->dialect->code_lifetime);
}

/* "access_type=offline": a parameter with that value, or a scope that was granted. */
static bool refresh_asked_for(const struct exchange *x)
{
	struct pk_str value = x->dialect->refresh_asked_by;
	const struct pk_str name = pk_str_cut(&value, '=');

	if (!name.len)
		return true;
	if (pk_str_equal(name, PK_STR("scope")))
		return pk_list_has(&x->scopes, value);
	return pk_str_equal(pk_form_get(&x->form, name), value);
}

/* On demand the person switches the last scope off that can be. */
static void withhold_scope(struct exchange *x)
{
	for (size_t i = x->scopes.count; i-- > 0;) {
		if (scope_is_fixed(x->dialect, x->scopes.item[i]) ||
		    !fault_is(x, "scope-not-granted"))
			continue;
		x->scopes.count--;
		for (size_t j = i; j < x->scopes.count; j++)
			x->scopes.item[j] = x->scopes.item[j + 1];
		return;
	}
}

static void issue_code(struct exchange *x, const struct grant *grant, struct pk_buf *out)
{
	pk_buf_put(out, x->dialect->code_prefix);
	ledger_issue(x->sandbox->ledger, grant, TICKET_CODE, code_expires_at(x),
		     x->dialect->code_suffix, out);
}

static void send_code(struct exchange *x)
{
	struct grant *grant = ledger_grant(x->sandbox->ledger);
	char memory[TICKET_TEXT_MAX];
	struct pk_buf code = pk_buf(memory, sizeof(memory));
	char more_memory[TICKET_TEXT_MAX];
	struct pk_buf another = pk_buf(more_memory, sizeof(more_memory));
	struct callback callback;

	grant->provider = x->provider;
	grant->attempt = x->attempt;
	grant->client = x->client;
	grant->person = x->person;
	sign_in_bind(sign_in(x), grant);
	dpop_bind_code(x, grant);
	ledger_hash(x->tenant, grant->tenant);
	ledger_hash(x->redirect_uri, grant->redirect_uri);
	withhold_scope(x);
	if (!bind_texts(x, grant)) {
		http_reply(x->http, 503, "text/plain", PK_STR("no memory for this login\n"));
		return;
	}
	grant->refreshable = refresh_asked_for(x);
	issue_code(x, grant, &code);
	if (fault_is(x, "code-two-for-one-state")) {
		issue_code(x, grant, &another);
		x->first_code = pk_buf_str(&code);
		x->second_code = pk_buf_str(&another);
	}

	callback_open(&callback, x);
	callback_put(&callback, PK_STR("code"), pk_buf_str(&code));
	if (x->dialect->callback_scope_parameter.len)
		callback_put(&callback, x->dialect->callback_scope_parameter, grant->scope);
	callback_put_more(&callback, x->dialect->callback_more);
	callback_send(&callback, x);
}

/* Whom the client names, else who is signed in here already, else the first. */
static const struct person *who_is_meant(const struct exchange *x)
{
	const struct person *named = person_find(param(x, "login_hint"));
	const struct session *session = sign_in_session(x);

	if (x->hinted || named)
		return x->hinted ? x->hinted : named;
	return session ? session->person : &people[0];
}

void answer_authorize(struct exchange *x)
{
	x->person = who_is_meant(x);
	if (x->sandbox->options.auto_approve || shows_no_page(x))
		send_code(x);
	else
		consent_ask(x);
}

void answer_decision(struct exchange *x)
{
	send_code(x);
}
