/*
 * CALL_BACKCHANNEL: the provider says that somebody has signed out there (OpenID Connect Back-Channel
 * Logout 1.0). Nothing is believed before the logout token's signature was right and the token new:
 * each is spent durably, for all replicas. With `sid` the sessions end that stand on that session of
 * the provider's, without it all that the subject has at this login.
 *
 * A token is spent twice, when its work begins and when it is done: the provider may send it once more
 * where a keeper died in between, or its store was away.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "gateway/keeper.h"
#include "gateway/log.h"
#include "gateway/session.h"

#include <sodium.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* 2.4 has tokens live two minutes at most. One that is older than this is not taken, so that what is
 * known of those that were spent may end. */
#define TOKEN_SECONDS 600
#define GRANTS_MAX 16 /* of one session of the provider's: one person's */

/* A logout token that is looked into. The texts are in the arena. */
struct told {
	struct job job;
	const struct login_settings *of_settings;
	struct login_settings login;
	struct published_wait wait;
	bool renewed; /* the keys were fetched once more */
	struct pk_str token;
	struct pk_logout logout;
	bool again;    /* its work was begun before */
	size_t grants; /* that are being deleted */
	bool lost;     /* one of them could not be */
	struct pk_arena arena;
	unsigned char memory[3 * PK_ARENA_LOGIN];
};

static void end(struct told *told)
{
	keeper_job_end(&told->job);
	pk_arena_wipe(&told->arena);
	sodium_memzero(told, offsetof(struct told, memory));
	free(told);
}

static void fail(struct told *told, struct pk_str fault, struct pk_str detail)
{
	const struct failure failure = {.fault = fault, .detail = detail};

	keeper_answer_failure(told->job.link, told->job.number, &failure);
	end(told);
}

static void refuse(struct told *told, const char *detail)
{
	fail(told, PK_STR("logout-token-invalid"), pk_str(detail));
}

static void fail_for_store(struct told *told)
{
	log_text("error", "keeper.store", "a logout of the provider's is not stored");
	fail(told, PK_STR("store-unavailable"), PK_STR("the logout could not be stored"));
}

/* ---- The end of it ---- */

enum stage { STAGE_BEGUN, STAGE_DONE };

/* A `jti` is unique with its issuer alone. Spent attempts are random, so that no two names meet. */
static void spend(struct told *told, enum stage stage, vault_done *done)
{
	static const char *const labels[] = {
		[STAGE_BEGUN] = "logout token, begun", [STAGE_DONE] = "logout token, done"};
	const struct pk_str label = pk_str(labels[stage]);
	const struct pk_str login = told->of_settings->login.name;
	const uint64_t len = login.len;
	uint8_t id[ATTEMPT_ID], hash[CODE_HASH];
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, sizeof(id));
	crypto_generichash_update(&state, (const uint8_t *)label.ptr, label.len + 1);
	crypto_generichash_update(&state, (const uint8_t *)&len, sizeof(len));
	crypto_generichash_update(&state, (const uint8_t *)login.ptr, login.len);
	crypto_generichash_update(&state, (const uint8_t *)told->logout.id.ptr,
				  told->logout.id.len);
	crypto_generichash_final(&state, id, sizeof(id));
	crypto_generichash(hash, sizeof(hash), (const uint8_t *)told->token.ptr, told->token.len,
			   NULL, 0);
	vault_spend(told->job.keeper->vault, id, hash,
		    told->logout.issued_at + TOKEN_SECONDS + 2 * PK_ID_TOKEN_LEEWAY, done, told);
}

static void answer_done(struct told *told)
{
	char memory[64];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	log_event("info", "session.ended_by_provider",
		  (struct log_field[]){{"login", told->of_settings->login.name},
				       {"subject", told->logout.subject}},
		  2);
	keeper_answer_begin(&message, told->job.number, true);
	keeper_answer_send(told->job.link, &message);
	end(told);
}

static void on_noted(const struct vault_answer *answer, void *arg)
{
	if (answer->spend == SPEND_DOWN)
		fail_for_store(arg);
	else
		answer_done(arg);
}

static void finish(struct told *told)
{
	if (told->lost)
		fail_for_store(told);
	else if (told->again)
		answer_done(told);
	else
		spend(told, STAGE_DONE, on_noted);
}

/* ---- The grants ---- */

/* A word of a list with spaces or commas between. */
static bool has_word(struct pk_str list, struct pk_str word)
{
	for (size_t start = 0, i = 0; i <= list.len; i++) {
		if (i < list.len && list.ptr[i] != ' ' && list.ptr[i] != ',')
			continue;
		if (pk_str_equal(pk_str_first(pk_str_from(list, start), i - start), word))
			return true;
		start = i + 1;
	}
	return false;
}

static void on_grant_ended(enum vault_result result, const struct grant *grant, void *arg)
{
	struct told *told = arg;

	(void)grant;
	told->lost |= result == VAULT_DOWN;
	if (--told->grants == 0)
		finish(told);
}

/* 2.7: "Refresh tokens issued without the offline_access property to a session being logged out
 * SHOULD be revoked. Refresh tokens issued with the offline_access property normally SHOULD NOT be
 * revoked": they were asked for to be used while nobody is signed in. */
static void on_grants(const struct vault_answer *answer, void *arg)
{
	struct told *told = arg;

	told->lost = answer->result != VAULT_OK;
	told->grants = 1; /* until all are on their way */
	for (size_t i = 0; !told->lost && i < answer->count; i++) {
		const struct grant *grant = &answer->grant[i];

		if (has_word(grant->scope, PK_STR("offline_access")))
			continue;
		told->grants++;
		keeper_end_grant(told->job.keeper, grant->login, grant->subject, on_grant_ended,
				 told);
	}
	if (--told->grants == 0)
		finish(told);
}

/* ---- The sessions ---- */

static void on_ended(bool ended, void *arg)
{
	struct told *told = arg;
	struct keeper *keeper = told->job.keeper;

	if (!ended)
		fail_for_store(told);
	else if (keeper->settings->logout_revokes)
		vault_find(keeper->vault, told->of_settings->login.name, told->logout.subject,
			   told->logout.session, GRANTS_MAX, on_grants, told);
	else
		finish(told);
}

/* 2.7: of what is not known here nothing is said; it ends all the same, where it is on its way. */
static void end_sessions(struct told *told)
{
	struct keeper *keeper = told->job.keeper;
	const struct pk_logout *logout = &told->logout;
	const struct pk_str login = told->of_settings->login.name;
	const int64_t until = time(NULL) + 1; /* sessions begin in whole seconds */
	struct revoked_session session = {
		.expires_at = until + keeper->settings->session_lifetime,
	};

	if (logout->session.len) {
		session_sid(login, logout->session, session.id);
	} else {
		session.login = login;
		session.subject = logout->subject;
		session.until = until;
	}
	keeper_end_session(keeper, &session, on_ended, told);
}

/* ---- The token ---- */

static void judge(struct told *told, const struct vault_answer *answer, vault_done *when_known)
{
	switch (answer->spend) {
	case SPEND_FIRST:
		end_sessions(told);
		break;
	case SPEND_SAME_CODE:
		if (when_known) {
			told->again = true;
			spend(told, STAGE_DONE, when_known);
			break;
		}
		/* fall through */
	case SPEND_OTHER_CODE:
		refuse(told, "a logout token with this jti was here before");
		break;
	case SPEND_DOWN:
		fail_for_store(told);
		break;
	}
}

static void on_done_before(const struct vault_answer *answer, void *arg)
{
	judge(arg, answer, NULL);
}

static void on_begun(const struct vault_answer *answer, void *arg)
{
	judge(arg, answer, on_done_before);
}

static void on_keys(struct pk_str jwks, const struct failure *failure, void *arg);

/* Whether the keys are on their way once more. */
static bool renew_keys(struct told *told)
{
	if (told->renewed)
		return false;
	told->renewed = true;
	return published_renew(keeper_keys(told->job.keeper, told->of_settings), &told->login.login,
			       &told->wait, on_keys, told);
}

static void on_keys(struct pk_str jwks, const struct failure *failure, void *arg)
{
	struct told *told = arg;
	const int64_t now = time(NULL);
	struct pk_why why = {0};
	enum pk_err err;

	if (failure) {
		fail(told, failure->fault, failure->detail);
		return;
	}
	err = pk_logout_token_verify(&told->arena, &told->login.login, jwks, told->token, now,
				     &told->logout, &why);
	if (err == PK_ERR_ID_TOKEN_KEY_UNKNOWN && renew_keys(told))
		return;
	if (err != PK_OK)
		refuse(told, why.detail);
	else if (told->logout.issued_at + TOKEN_SECONDS + PK_ID_TOKEN_LEEWAY <= now)
		refuse(told, "the logout token was made long ago");
	else
		spend(told, STAGE_BEGUN, on_begun);
}

static void on_login(struct pk_str dialect_text, const struct failure *failure, void *arg)
{
	struct told *told = arg;
	struct keeper *keeper = told->job.keeper;

	if (failure)
		fail(told, failure->fault, failure->detail);
	else if (keeper_login_take(told->of_settings, dialect_text, &told->arena, &told->login) !=
		 PK_OK)
		fail(told, PK_STR("keeper-unavailable"),
		     PK_STR("the login's dialect cannot be read"));
	else if (!told->login.dialect.jwks_url.len)
		refuse(told, "this login's provider publishes no keys");
	else
		published_get(keeper_keys(keeper, told->of_settings), &told->login.login,
			      &told->wait, on_keys, told);
}

void keeper_backchannel(struct keeper *keeper, struct link *link, uint64_t number,
			struct message_reader *in)
{
	const struct failure odd = {.fault = PK_STR("keeper-unavailable"),
				    .detail = PK_STR("the keeper did not understand the front")};
	const struct pk_str name = message_str(in, CALL_TEXT_MAX);
	const struct pk_str token = message_str(in, PK_ID_TOKEN_MAX);
	const struct login_settings *login = settings_login(keeper->settings, name);
	struct told *told = NULL;

	if (message_done(in) && login)
		told = calloc(1, sizeof(*told));
	if (told)
		told->arena = pk_arena(told->memory, sizeof(told->memory));
	if (!told || pk_arena_copy(&told->arena, token, &told->token) != PK_OK) {
		keeper_answer_failure(link, number, &odd);
		free(told);
		return;
	}
	keeper_job_begin(keeper, &told->job, link, number);
	told->of_settings = login;
	keeper_login(keeper, login, &told->wait, on_login, told);
}
