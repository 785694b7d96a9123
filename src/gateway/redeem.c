/*
 * CALL_REDEEM: an authorization code becomes a grant and an identity. The front's word is not taken
 * for anything that can be checked here: the callback is parsed and its state compared again, the
 * attempt is spent durably before the code is sent, and whoever comes with the same attempt later
 * is told apart as a repeat or a second code.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/form.h"
#include "base/text.h"
#include "gateway/allow.h"
#include "gateway/echo.h"
#include "gateway/explain_failure.h"
#include "gateway/identify.h"
#include "gateway/log.h"
#include "gateway/refresh.h"
#include "gateway/refresh_plan.h"
#include "gateway/upstream.h"
#include "gateway/session.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What the front sent. */
struct call_fields {
	struct pk_str login, attempt, state, query, verifier, nonce, old_session;
	int64_t attempt_expires_at, old_session_expires_at;
};

struct redeem {
	struct job job;
	struct call_fields call; /* in the arena */
	struct login_settings login;
	struct published_wait wait;
	struct pk_tokens tokens;
	struct identify identify;
	struct exchange exchange;
	const struct pk_grant_code *grant_code;
	struct pk_str code; /* as it was sent */
	int64_t refresh_at; /* as it was stored */
	struct pk_arena arena;
	unsigned char memory[2 * PK_ARENA_LOGIN + PK_REPLY_MAX];
};

static bool read_call(struct message_reader *in, struct call_fields *ret)
{
	ret->login = message_str(in, CALL_TEXT_MAX);
	ret->attempt = message_str(in, ATTEMPT_ID);
	ret->attempt_expires_at = (int64_t)message_number(in);
	ret->state = message_str(in, MESSAGE_MAX);
	ret->query = message_str(in, MESSAGE_MAX);
	ret->verifier = message_str(in, PK_VERIFIER_MAX);
	ret->nonce = message_str(in, CALL_TEXT_MAX);
	ret->old_session = message_str(in, SESSION_ID);
	ret->old_session_expires_at = (int64_t)message_number(in);
	return message_done(in) && ret->attempt.len == ATTEMPT_ID &&
	       (ret->old_session.len == SESSION_ID || !ret->old_session.len);
}

/* The message is gone as soon as something is waited for. */
static enum pk_err keep_call(struct redeem *redeem, const struct call_fields *call)
{
	struct pk_str *const texts[] = {&redeem->call.attempt, &redeem->call.state,
					&redeem->call.query,   &redeem->call.verifier,
					&redeem->call.nonce,   &redeem->call.old_session};

	redeem->call = *call;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		TRY(pk_arena_copy(&redeem->arena, *texts[i], texts[i]));
	if (!redeem->call.nonce.len)
		redeem->call.nonce = (struct pk_str){0};
	return PK_OK;
}

static void end(struct redeem *redeem)
{
	keeper_job_end(&redeem->job);
	/* The rest of the memory goes with its pages, see keeper.c: most were never touched, and
	 * wiping them would take them first. */
	pk_arena_wipe(&redeem->arena);
	sodium_memzero(redeem, offsetof(struct redeem, memory));
	free(redeem);
}

static struct grant grant_of(const struct redeem *redeem)
{
	const struct pk_tokens *const tokens = &redeem->tokens;
	const int64_t now = time(NULL);

	return (struct grant){
		.login = redeem->login.login.name,
		.subject = redeem->identify.identity.subject,
		.access_token = tokens->access_token,
		.refresh_token = tokens->refresh_token,
		.id_token = pk_login_has_id_token(&redeem->login.login)
				    ? redeem->tokens.id_token
				    : (struct pk_secret){.text = {0}},
		.scope = tokens->scope,
		.session = redeem->identify.session,
		.access_expires_at = tokens->access_expires_at,
		.refresh_expires_at = tokens->refresh_expires_at,
		/* Without a refresh token too: the grant may have one from before. */
		.refresh_at = refresh_plan(now, tokens->access_expires_at,
					   tokens->refresh_expires_at, randombytes_random()),
		.created_at = now,
		.refreshed_at = PK_TIME_UNKNOWN,
		.sent_at = PK_TIME_UNKNOWN,
	};
}

/* A login that fails with tokens in hand gives them back: nobody will ever use them. */
static void give_up(struct redeem *redeem)
{
	const struct grant grant = grant_of(redeem);

	keeper_revoke_tokens(redeem->job.keeper, &redeem->login, &grant, NULL);
	end(redeem);
}

static void fail(struct redeem *redeem, const char *fault, const char *detail)
{
	const struct failure failure = {.fault = pk_str(fault), .detail = pk_str(detail)};

	keeper_answer_failure(redeem->job.link, redeem->job.number, &failure);
	give_up(redeem);
}

static void refuse(struct redeem *redeem, const struct pk_why *why)
{
	keeper_answer_refusal(redeem->job.link, redeem->job.number, why);
	give_up(redeem);
}

/* Whether the provider's words repeat something that no log and no page may hold. */
static bool repeats_secret(const struct redeem *redeem, struct pk_str words)
{
	return echo_has(words, redeem->code) || echo_has(words, redeem->login.secret.text) ||
	       echo_has(words, pk_verifier_str(&redeem->exchange.verifier));
}

/* The provider refused the code: why, explain may know better than its words. Words that repeat a
 * secret are kept from everybody, and so is what explain would make of them. */
static void refuse_exchange(struct redeem *redeem, const struct pk_http_reply *reply,
			    const struct pk_why *why)
{
	struct failure failure = keeper_failure(why);
	struct explanation explanation = {.in_full =
						  redeem->job.keeper->settings->explain_to_users};

	if (repeats_secret(redeem, reply->body) || repeats_secret(redeem, failure.provider_text) ||
	    repeats_secret(redeem, failure.provider_error)) {
		failure.provider_error = PK_STR("");
		failure.provider_text = PK_STR("");
		failure.detail = PK_STR("the provider's words repeat a secret of this login and "
					"are left out");
	} else {
		explain_failure(&redeem->login, &redeem->exchange, reply, time(NULL), &explanation,
				&failure);
	}
	keeper_answer_failure(redeem->job.link, redeem->job.number, &failure);
	give_up(redeem);
}

/* What the front notes of the provider's session, where the ID token named one. */
static void put_sid(struct pk_buf *message, struct pk_str login, struct pk_str sid)
{
	uint8_t hash[SESSION_ID];

	session_sid(login, sid, hash);
	message_put_str(message, sid.len ? (struct pk_str){(const char *)hash, sizeof(hash)}
					 : (struct pk_str){0});
}

/* The grant is stored: somebody is signed in. */
static void on_stored(const struct vault_answer *answer, void *arg)
{
	struct redeem *redeem = arg;
	struct keeper *keeper = redeem->job.keeper;
	const struct pk_identity *const identity = &redeem->identify.identity;
	char memory[2048];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	if (answer->result != VAULT_OK) {
		log_text("error", "keeper.store", "%s", answer->problem);
		fail(redeem, "store-unavailable", "the grant could not be stored");
		return;
	}
	refresh_due_at(keeper, redeem->login.login.name, redeem->refresh_at);
	/* The session that this browser had before ends with the new one's beginning. */
	if (redeem->call.old_session.len)
		keeper_replace_session(keeper, (const uint8_t *)redeem->call.old_session.ptr,
				       redeem->call.old_session_expires_at);
	keeper_answer_begin(&message, redeem->job.number, true);
	message_put_str(&message, identity->subject);
	message_put_str(&message, pk_str_first(identity->name, 256));
	message_put_str(&message,
			identity->email.len <= 254 ? identity->email : (struct pk_str){0});
	put_sid(&message, redeem->login.login.name, redeem->identify.session);
	keeper_answer_send(redeem->job.link, &message);
	log_event("info", "login.finished",
		  (struct log_field[]){{"login", redeem->login.login.name},
				       {"subject", identity->subject}},
		  2);
	end(redeem);
}

/* The identity is known: may it in, then its grant is stored. */
static void finish(struct redeem *redeem)
{
	struct keeper *keeper = redeem->job.keeper;
	const struct grant grant = grant_of(redeem);

	redeem->refresh_at = grant.refresh_at;
	if (allow_passes(keeper->settings, grant.login, &redeem->identify.identity))
		vault_put(keeper->vault, &grant, on_stored, redeem);
	else
		fail(redeem, "not-allowed",
		     "no pattern of allow { } matches this e-mail address or subject");
}

static void on_identified(const struct failure *failure, void *arg)
{
	struct redeem *redeem = arg;

	if (!failure) {
		finish(redeem);
		return;
	}
	keeper_answer_failure(redeem->job.link, redeem->job.number, failure);
	give_up(redeem);
}

static void on_tokens(const struct pk_http_reply *reply, const char *problem, void *arg)
{
	struct redeem *redeem = arg;
	struct pk_why why = {0};

	if (!reply) {
		fail(redeem, "provider-unreachable", problem);
	} else if (pk_token_reply(&redeem->arena, &redeem->login.login, reply, time(NULL),
				  &redeem->tokens, &why) != PK_OK) {
		refuse_exchange(redeem, reply, &why);
	} else {
		redeem->identify = (struct identify){
			.keeper = redeem->job.keeper,
			.login = &redeem->login,
			.arena = &redeem->arena,
			.tokens = &redeem->tokens,
			.nonce = redeem->call.nonce,
			.done = on_identified,
			.arg = redeem,
		};
		identify(&redeem->identify);
	}
}

static void send_code(struct redeem *redeem)
{
	struct exchange *const exchange = &redeem->exchange;
	struct pk_why why = {0};

	if (pk_token_request(&redeem->arena, &redeem->login.login, redeem->login.secret,
			     redeem->grant_code, &exchange->verifier, &exchange->request,
			     &why) != PK_OK)
		refuse(redeem, &why);
	else
		upstream_send(redeem->job.keeper, UPSTREAM_CODE, &redeem->login.login,
			      &exchange->request, on_tokens, redeem);
}

/* The attempt is marked as spent, durably, or it was before: nobody gets to send two codes for
 * it. */
static void on_spent(const struct vault_answer *answer, void *arg)
{
	struct redeem *redeem = arg;

	switch (answer->spend) {
	case SPEND_FIRST:
		send_code(redeem);
		break;
	case SPEND_SAME_CODE:
		fail(redeem, "code-reused",
		     "this callback has been here before: a reload, the back button or a double "
		     "click");
		break;
	case SPEND_OTHER_CODE:
		fail(redeem, "code-two-for-one-state",
		     "a callback with another code was here first");
		break;
	case SPEND_DOWN:
		log_text("error", "keeper.store", "%s", answer->problem);
		fail(redeem, "store-unavailable", "the attempt could not be marked as spent");
		break;
	}
}

static void spend(struct redeem *redeem)
{
	const struct call_fields *const call = &redeem->call;
	uint8_t hash[CODE_HASH];
	struct pk_form form;
	struct pk_why why = {0};

	if (pk_form_parse(&redeem->arena, call->query, &form, &why) != PK_OK) {
		refuse(redeem, &why);
		return;
	}
	redeem->code = pk_form_get(&form, PK_STR("code"));
	crypto_generichash(hash, sizeof(hash), (const unsigned char *)redeem->code.ptr,
			   redeem->code.len, NULL, 0);
	vault_spend(redeem->job.keeper->vault, (const uint8_t *)call->attempt.ptr, hash,
		    call->attempt_expires_at, on_spent, redeem);
}

static void check_callback(struct redeem *redeem)
{
	const struct call_fields *const call = &redeem->call;
	struct exchange *const exchange = &redeem->exchange;
	struct pk_why why = {0};

	*exchange = (struct exchange){.state = call->state,
				      .nonce = call->nonce,
				      .query = call->query,
				      .started_at = time(NULL)};
	if (pk_verifier_take(call->verifier, &exchange->verifier, &why) != PK_OK ||
	    pk_callback(&redeem->arena, &redeem->login.login, call->state, call->query,
			&redeem->grant_code, NULL, &why) != PK_OK)
		refuse(redeem, &why);
	else
		spend(redeem);
}

static void on_login(struct pk_str dialect_text, const struct failure *failure, void *arg)
{
	struct redeem *redeem = arg;
	const struct login_settings *login =
		settings_login(redeem->job.keeper->settings, redeem->call.login);

	if (failure) {
		keeper_answer_failure(redeem->job.link, redeem->job.number, failure);
		end(redeem);
	} else if (keeper_login_take(login, dialect_text, &redeem->arena, &redeem->login) !=
		   PK_OK) {
		fail(redeem, "keeper-unavailable", "the login's dialect cannot be read");
	} else {
		check_callback(redeem);
	}
}

void keeper_redeem(struct keeper *keeper, struct link *link, uint64_t number,
		   struct message_reader *in)
{
	const struct failure odd = {.fault = PK_STR("keeper-unavailable"),
				    .detail = PK_STR("the keeper did not understand the front")};
	const struct login_settings *login;
	struct call_fields call;
	struct redeem *redeem = NULL;

	if (read_call(in, &call) && (login = settings_login(keeper->settings, call.login)))
		redeem = calloc(1, sizeof(*redeem));
	if (!redeem) {
		keeper_answer_failure(link, number, &odd);
		return;
	}
	keeper_job_begin(keeper, &redeem->job, link, number);
	redeem->arena = pk_arena(redeem->memory, sizeof(redeem->memory));
	/* Until its dialect is known, the login is what the settings say of it. */
	redeem->login = *login;
	call.login = login->login.name;
	if (keep_call(redeem, &call) != PK_OK)
		fail(redeem, "keeper-unavailable", "the callback is too long");
	else
		keeper_login(keeper, login, &redeem->wait, on_login, redeem);
}
