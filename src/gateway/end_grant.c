/*
 * The end of a grant: it is deleted first, and then its provider is asked to forget the tokens, in its
 * own time. What a refresh under way brings afterwards finds no grant, and goes the same way.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "gateway/keeper.h"
#include "gateway/log.h"

#include <sodium.h>
#include <stddef.h>
#include <stdlib.h>

static void log_not_revoked(struct pk_str login, struct pk_str text)
{
	log_event("warn", "token.not_revoked",
		  (struct log_field[]){{"login", login}, {"text", text}}, 2);
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
		farewell->done(answer->result,
			       answer->result == VAULT_OK ? &answer->grant[0] : NULL,
			       farewell->arg);
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
			done(VAULT_DOWN, NULL, arg);
		return;
	}
	farewell->done = done;
	farewell->arg = arg;
	keeper_job_begin(keeper, &farewell->job, NULL, 0);
	farewell->of_settings = settings_login(keeper->settings, login);
	farewell->arena = pk_arena(farewell->memory, sizeof(farewell->memory));
	vault_delete(keeper->vault, login, subject, on_deleted, farewell);
}
