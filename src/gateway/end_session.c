/*
 * CALL_LOGOUT: a session ends before its time, its grant is deleted, and the provider is asked to
 * forget the tokens.
 */
#include "base/text.h"
#include "gateway/keeper.h"
#include "gateway/log.h"

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
		http_client_send(keeper->client, &request, on_revoked, revocation);
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
	const struct login_settings *of_settings;
	struct login_settings login;
	struct grant grant;
	struct pk_arena arena;
	unsigned char memory[3 * PK_ARENA_LOGIN];
};

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
	keeper_job_end(&farewell->job);
	pk_arena_wipe(&farewell->arena);
	sodium_memzero(farewell, offsetof(struct farewell, memory));
	free(farewell);
}

static void revoke_grant(struct keeper *keeper, const struct login_settings *login,
			 struct pk_str subject)
{
	struct farewell *farewell = calloc(1, sizeof(*farewell));
	enum vault_result found;

	if (!farewell) {
		log_not_revoked(login->login.name, PK_STR("out of memory"));
		return;
	}
	farewell->of_settings = login;
	farewell->arena = pk_arena(farewell->memory, sizeof(farewell->memory));
	found = vault_get_grant(keeper->vault, &farewell->arena, login->login.name, subject,
				&farewell->grant);
	if (found == VAULT_OK) {
		keeper_job_begin(keeper, &farewell->job, NULL, 0);
		keeper_login(keeper, login, &farewell->wait, on_login, farewell);
		return;
	}
	if (found != VAULT_NONE)
		log_not_revoked(login->login.name, pk_str(vault_problem(keeper->vault)));
	free(farewell);
}

static void end_grant(struct keeper *keeper, struct pk_str login_name, struct pk_str subject)
{
	const struct login_settings *login = settings_login(keeper->settings, login_name);

	if (login)
		revoke_grant(keeper, login, subject);
	if (vault_delete_grant(keeper->vault, login_name, subject) == VAULT_DOWN)
		log_text("error", "keeper.store", "%s", vault_problem(keeper->vault));
}

void keeper_logout(struct keeper *keeper, struct link *link, uint64_t number,
		   struct message_reader *in)
{
	const struct failure away = {.fault = PK_STR("store-unavailable"),
				     .detail = PK_STR("the session could not be revoked")};
	const struct pk_str id = message_str(in, SESSION_ID);
	const int64_t expires_at = (int64_t)message_number(in);
	const struct pk_str login = message_str(in, CALL_TEXT_MAX);
	const struct pk_str subject = message_str(in, PK_SUBJECT_MAX);
	char memory[64];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	if (!message_done(in) || id.len != SESSION_ID ||
	    !keeper_end_session(keeper, (const uint8_t *)id.ptr, expires_at)) {
		keeper_answer_failure(link, number, &away);
		return;
	}
	end_grant(keeper, login, subject);
	log_event("info", "session.ended",
		  (struct log_field[]){{"login", login}, {"subject", subject}}, 2);
	keeper_answer_begin(&message, number, true);
	keeper_answer_send(link, &message);
}
