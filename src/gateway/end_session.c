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
	const struct login_settings *login;
};

static void log_not_revoked(const struct login_settings *login, struct pk_str text)
{
	log_event("warn", "token.not_revoked",
		  (struct log_field[]){{"login", login->login.name}, {"text", text}}, 2);
}

static void on_revoked(const struct pk_http_reply *reply, const char *problem, void *arg)
{
	struct revocation *revocation = arg;
	const struct pk_str login = revocation->login->login.name;

	if (reply && reply->status == 200)
		log_event("info", "token.revoked", &(struct log_field){"login", login}, 1);
	else
		log_not_revoked(revocation->login,
				reply ? PK_STR("the provider refused") : pk_str(problem));
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
		log_not_revoked(login, PK_STR("out of memory"));
	} else if (pk_revoke_request(&arena, &login->login, login->secret, token, &request, &why) !=
		   PK_OK) {
		log_not_revoked(login, pk_str(why.detail));
		free(revocation);
	} else {
		keeper_job_begin(keeper, &revocation->job, NULL, 0);
		revocation->login = login;
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

static void end_grant(struct keeper *keeper, struct pk_str login_name, struct pk_str subject)
{
	static unsigned char memory[2 * PK_ARENA_LOGIN];
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	const struct login_settings *login = settings_login(keeper->settings, login_name);
	struct grant grant;
	enum vault_result found = VAULT_NONE;

	if (login)
		found = vault_get_grant(keeper->vault, &arena, login_name, subject, &grant);
	if (found == VAULT_OK)
		keeper_revoke_tokens(keeper, login, &grant);
	else if (found != VAULT_NONE)
		log_not_revoked(login, pk_str(vault_problem(keeper->vault)));
	sodium_memzero(memory, sizeof(memory));
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
