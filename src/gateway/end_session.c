/*
 * CALL_LOGOUT: a grant is deleted, its session ends before its time, and the provider is asked to
 * forget the tokens. The person waits for the first two: signed out is who was told so, also where
 * the keeper dies in the next moment.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "gateway/keeper.h"
#include "gateway/log.h"
#include "gateway/upstream.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* One token on its way to be revoked. */
struct revocation {
	struct job job;
	struct pk_str login; /* its name, in the settings */
};

static void log_not_revoked(struct pk_str login, struct pk_str text)
{
	log_event("warn", "token.not_revoked",
		  (struct log_field[]){{"login", login}, {"text", text}}, 2);
}

static void on_revoked(const struct pk_http_reply *reply, const char *problem, void *arg)
{
	struct revocation *revocation = arg;
	const struct pk_str login = revocation->login;

	if (reply && reply->status == 200)
		log_event("info", "token.revoked", &(struct log_field){"login", login}, 1);
	else
		log_not_revoked(login, reply ? PK_STR("the provider refused") : pk_str(problem));
	keeper_job_end(&revocation->job);
	free(revocation);
}

static void revoke(struct keeper *keeper, const struct login_settings *login,
		   struct pk_secret token)
{
	static unsigned char memory[PK_ARENA_LOGIN];
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct revocation *revocation;
	struct pk_http_request request;

	struct pk_why why = {0};

	if (!token.text.len)
		return;
	revocation = calloc(1, sizeof(*revocation));
	if (!revocation) {
		log_not_revoked(login->login.name, PK_STR("out of memory"));
	} else if (pk_revoke_request(&arena, &login->login, login->secret, token, &request, &why) !=
		   PK_OK) {
		log_not_revoked(login->login.name, pk_str(why.detail));
		free(revocation);
	} else {
		keeper_job_begin(keeper, &revocation->job, NULL, 0);
		revocation->login = login->login.name;
		upstream_send(keeper, UPSTREAM_REVOKE, &request, on_revoked, revocation);
	}
	/* All of it: a request that was given up has left bytes beyond what is taken. */
	sodium_memzero(memory, sizeof(memory));
}

void keeper_revoke_tokens(struct keeper *keeper, const struct login_settings *login,
			  const struct grant *grant)
{
	if (!login->dialect.revoke_url.len)
		return;
	/* RFC 7009 2.1: with a refresh token the access tokens go too, where the server can; where
	 * it cannot, this does. */
	revoke(keeper, login, grant->refresh_token);
	revoke(keeper, login, grant->access_token);
}

/* A grant that is given up, until it is known where its provider takes tokens back. */
struct farewell {
	struct job job;
	struct published_wait wait;
	const struct login_settings *of_settings; /* NULL: the login is not configured any more */
	struct login_settings login;
	struct grant grant;
	keeper_grant_ended *done;
	void *arg;
	struct pk_arena arena;
	unsigned char memory[3 * PK_ARENA_LOGIN];
};

static void end_farewell(struct farewell *farewell)
{
	keeper_job_end(&farewell->job);
	pk_arena_wipe(&farewell->arena);
	sodium_memzero(farewell, offsetof(struct farewell, memory));
	free(farewell);
}

static void on_login(struct pk_str dialect_text, const struct failure *failure, void *arg)
{
	struct farewell *farewell = arg;
	const struct login_settings *login = farewell->of_settings;

	if (failure)
		log_not_revoked(login->login.name, failure->detail);
	else if (keeper_login_take(login, dialect_text, &farewell->arena, &farewell->login) !=
		 PK_OK)
		log_not_revoked(login->login.name, PK_STR("the login's dialect cannot be read"));
	else
		keeper_revoke_tokens(farewell->job.keeper, &farewell->login, &farewell->grant);
	end_farewell(farewell);
}

/* Copies what the provider is to forget; the rest of the grant is of no more use. */
static enum pk_err keep_tokens(struct farewell *farewell, const struct grant *grant)
{
	struct grant kept = {0};

	TRY(pk_arena_copy(&farewell->arena, grant->access_token.text, &kept.access_token.text));
	TRY(pk_arena_copy(&farewell->arena, grant->refresh_token.text, &kept.refresh_token.text));
	farewell->grant = kept;
	return PK_OK;
}

static void on_deleted(const struct vault_answer *answer, void *arg)
{
	struct farewell *farewell = arg;
	const struct login_settings *login = farewell->of_settings;

	if (answer->result == VAULT_DOWN)
		log_text("error", "keeper.store", "the grant is not deleted: %s", answer->problem);
	else if (answer->result == VAULT_LOCKED_BY_KEY && login)
		log_not_revoked(login->login.name, pk_str(answer->problem));
	else if (answer->result == VAULT_OK && login &&
		 keep_tokens(farewell, &answer->grant[0]) != PK_OK)
		log_not_revoked(login->login.name, PK_STR("its tokens are too long"));
	if (farewell->done)
		farewell->done(answer->result, farewell->arg);
	if (login && farewell->grant.access_token.text.ptr)
		keeper_login(farewell->job.keeper, login, &farewell->wait, on_login, farewell);
	else
		end_farewell(farewell);
}

void keeper_end_grant(struct keeper *keeper, struct pk_str login, struct pk_str subject,
		      keeper_grant_ended *done, void *arg)
{
	struct farewell *farewell = calloc(1, sizeof(*farewell));

	if (!farewell) {
		log_not_revoked(login, PK_STR("out of memory"));
		if (done)
			done(VAULT_DOWN, arg);
		return;
	}
	farewell->done = done;
	farewell->arg = arg;
	keeper_job_begin(keeper, &farewell->job, NULL, 0);
	farewell->of_settings = settings_login(keeper->settings, login);
	farewell->arena = pk_arena(farewell->memory, sizeof(farewell->memory));
	vault_delete(keeper->vault, login, subject, on_deleted, farewell);
}

/* A logout under way. */
struct logout {
	struct job job;
	struct revoked_session session;
	struct pk_str login;
	struct pk_str subject;
	char texts[CALL_TEXT_MAX + PK_SUBJECT_MAX];
};

static void end_logout(struct logout *logout, bool ended)
{
	const struct failure away = {.fault = PK_STR("store-unavailable"),
				     .detail = PK_STR("the session could not be revoked")};
	char memory[64];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	if (ended) {
		log_event("info", "session.ended",
			  (struct log_field[]){{"login", logout->login},
					       {"subject", logout->subject}},
			  2);
		keeper_answer_begin(&message, logout->job.number, true);
		keeper_answer_send(logout->job.link, &message);
	} else {
		keeper_answer_failure(logout->job.link, logout->job.number, &away);
	}
	keeper_job_end(&logout->job);
	free(logout);
}

static void on_ended(bool ended, void *arg)
{
	end_logout(arg, ended);
}

static void on_grant_ended(enum vault_result result, void *arg)
{
	struct logout *logout = arg;

	if (result == VAULT_DOWN)
		end_logout(logout, false);
	else
		keeper_end_session(logout->job.keeper, &logout->session, on_ended, logout);
}

void keeper_logout(struct keeper *keeper, struct link *link, uint64_t number,
		   struct message_reader *in)
{
	const struct failure odd = {.fault = PK_STR("keeper-unavailable"),
				    .detail = PK_STR("the keeper did not understand the front")};
	const struct pk_str id = message_str(in, SESSION_ID);
	const int64_t expires_at = (int64_t)message_number(in);
	const struct pk_str login = message_str(in, CALL_TEXT_MAX);
	const struct pk_str subject = message_str(in, PK_SUBJECT_MAX);
	struct logout *logout = NULL;

	if (message_done(in) && id.len == SESSION_ID)
		logout = calloc(1, sizeof(*logout));
	if (!logout) {
		keeper_answer_failure(link, number, &odd);
		return;
	}
	logout->session.expires_at = expires_at;
	memcpy(logout->session.id, id.ptr, SESSION_ID);
	logout->login = (struct pk_str){logout->texts, login.len};
	logout->subject = (struct pk_str){logout->texts + login.len, subject.len};
	if (login.len)
		memcpy(logout->texts, login.ptr, login.len);
	if (subject.len)
		memcpy(logout->texts + login.len, subject.ptr, subject.len);
	keeper_job_begin(keeper, &logout->job, link, number);
	/* The grant first: who is told that it did not work has a session to try again with. */
	keeper_end_grant(keeper, logout->login, logout->subject, on_grant_ended, logout);
}
