/*
 * CALL_LOGOUT: the grant is deleted and the provider asked to forget the tokens, unless `logout_revokes`
 * says that programs keep it; then the session ends before its time, or all of the person's do. The
 * person waits for that: signed out is who was told so, also where the keeper dies in the next moment.
 * The answer is where the browser goes next: the provider's own logout (OpenID Connect RP-Initiated
 * Logout 1.0, 2).
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

/* A logout under way. The texts are in the arena. */
struct logout {
	struct job job;
	struct revoked_session session;
	struct pk_str login;
	struct pk_str subject;
	struct pk_str sid;   /* the hash of the provider's session, or empty */
	struct pk_str state; /* empty: the browser stays here */
	bool everywhere;
	struct pk_secret id_token; /* the one of this session, or "not given" */
	struct published_wait wait;
	struct login_settings known_login;
	struct pk_arena arena;
	unsigned char memory[2 * PK_ARENA_LOGIN];
};

static void end(struct logout *logout)
{
	keeper_job_end(&logout->job);
	pk_arena_wipe(&logout->arena);
	sodium_memzero(logout, offsetof(struct logout, memory));
	free(logout);
}

static void answer(struct logout *logout, struct pk_str url)
{
	char memory[CALL_URL_MAX + 64];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	keeper_answer_begin(&message, logout->job.number, true);
	message_put_str(&message, url);
	keeper_answer_send(logout->job.link, &message);
	sodium_memzero(memory, message.len);
	end(logout);
}

static void stay_here(struct logout *logout)
{
	answer(logout, (struct pk_str){0});
}

static void stay_because(struct logout *logout, struct pk_str text)
{
	log_event("warn", "logout.not_at_provider",
		  (struct log_field[]){{"login", logout->login}, {"text", text}}, 2);
	stay_here(logout);
}

/* An ID token that makes the URL too long is left out: the provider asks the person instead. */
static enum pk_err write_url(const struct logout *logout, struct pk_buf *out, struct pk_why *why)
{
	const struct pk_login *login = &logout->known_login.login;
	char memory[512];
	struct pk_buf back = pk_buf(memory, sizeof(memory));
	enum pk_err err;

	pk_buf_put(&back, logout->job.keeper->settings->public_url);
	pk_buf_put(&back, PK_STR("/logged-out"));
	err = pk_end_session_url(login, logout->id_token, pk_buf_str(&back), logout->state, out,
				 why);
	if (err != PK_ERR_NO_SPACE || !logout->id_token.text.len)
		return err;
	*out = pk_buf(out->ptr, out->cap);
	return pk_end_session_url(login, (struct pk_secret){0}, pk_buf_str(&back), logout->state,
				  out, why);
}

static void on_login(struct pk_str dialect_text, const struct failure *failure, void *arg)
{
	struct logout *logout = arg;
	const struct login_settings *login =
		settings_login(logout->job.keeper->settings, logout->login);
	char memory[CALL_URL_MAX];
	struct pk_buf url = pk_buf(memory, sizeof(memory));
	struct pk_why why = {0};

	if (failure)
		stay_because(logout, failure->detail);
	else if (keeper_login_take(login, dialect_text, &logout->arena, &logout->known_login) !=
		 PK_OK)
		stay_because(logout, PK_STR("the login's dialect cannot be read"));
	else if (!logout->known_login.dialect.end_session_url.len)
		stay_here(logout);
	else if (write_url(logout, &url, &why) != PK_OK)
		stay_because(logout, pk_str(why.detail));
	else
		answer(logout, pk_buf_str(&url));
	sodium_memzero(memory, sizeof(memory));
}

static void go_on(struct logout *logout)
{
	struct keeper *keeper = logout->job.keeper;
	const struct login_settings *login = settings_login(keeper->settings, logout->login);

	if (logout->state.len && login && login->ends_there)
		keeper_login(keeper, login, &logout->wait, on_login, logout);
	else
		stay_here(logout);
}

/* The grant's ID token is the one of the person's last login. In another browser that was another
 * session of the provider's, which has nothing to do with this one. */
static bool is_of_session(const struct logout *logout, const struct grant *grant)
{
	uint8_t hash[SESSION_ID];

	if (!logout->sid.len || !grant->session.len)
		return !logout->sid.len && !grant->session.len;
	session_sid(grant->login, grant->session, hash);
	return sodium_memcmp(hash, logout->sid.ptr, sizeof(hash)) == 0;
}

static void take_id_token(struct logout *logout, const struct grant *grant)
{
	if (!logout->state.len || !grant->id_token.text.len || !is_of_session(logout, grant))
		return;
	if (pk_arena_copy(&logout->arena, grant->id_token.text, &logout->id_token.text) != PK_OK)
		logout->id_token = (struct pk_secret){0};
}

static void fail(struct logout *logout)
{
	const struct failure away = {.fault = PK_STR("store-unavailable"),
				     .detail = PK_STR("the session could not be revoked")};

	keeper_answer_failure(logout->job.link, logout->job.number, &away);
	end(logout);
}

static void on_ended(bool ended, void *arg)
{
	struct logout *logout = arg;

	if (!ended) {
		fail(logout);
		return;
	}
	log_event("info", logout->everywhere ? "session.ended_everywhere" : "session.ended",
		  (struct log_field[]){{"login", logout->login}, {"subject", logout->subject}}, 2);
	go_on(logout);
}

/* Last: who is told that it did not work has a session to try again with. */
static void end_session(struct logout *logout)
{
	keeper_end_session(logout->job.keeper, &logout->session, on_ended, logout);
}

static void on_others_ended(bool ended, void *arg)
{
	if (ended)
		end_session(arg);
	else
		fail(arg);
}

/* Sessions begin in whole seconds. Those of a login that is under way began when it came back. */
static void end_others(struct logout *logout)
{
	struct keeper *keeper = logout->job.keeper;
	const int64_t until = time(NULL) + 1;
	const struct revoked_session all = {
		.login = logout->login,
		.subject = logout->subject,
		.until = until,
		.expires_at = until + keeper->settings->session_lifetime,
	};

	keeper_end_session(keeper, &all, on_others_ended, logout);
}

static void on_grant_known(struct logout *logout, enum vault_result result,
			   const struct grant *grant)
{
	if (result == VAULT_OK)
		take_id_token(logout, grant);
	if (result == VAULT_DOWN)
		fail(logout);
	else if (logout->everywhere)
		end_others(logout);
	else
		end_session(logout);
}

static void on_grant_ended(enum vault_result result, const struct grant *grant, void *arg)
{
	on_grant_known(arg, result, grant);
}

static void on_grant(const struct vault_answer *answer, void *arg)
{
	on_grant_known(arg, answer->result, answer->grant);
}

static void begin(struct logout *logout)
{
	struct keeper *keeper = logout->job.keeper;

	/* Who signs out everywhere means the programs, too. */
	if (keeper->settings->logout_revokes || logout->everywhere)
		keeper_end_grant(keeper, logout->login, logout->subject, on_grant_ended, logout);
	else if (logout->state.len)
		vault_get(keeper->vault, logout->login, logout->subject, on_grant, logout);
	else
		end_session(logout);
}

/* Copies what the front sent; false for what no front sends. */
static bool read_call(struct message_reader *in, struct logout *ret)
{
	const struct pk_str id = message_str(in, SESSION_ID);
	struct pk_str *const texts[] = {&ret->login, &ret->subject, &ret->sid, &ret->state};

	ret->session.expires_at = (int64_t)message_number(in);
	ret->login = message_str(in, CALL_TEXT_MAX);
	ret->subject = message_str(in, PK_SUBJECT_MAX);
	ret->sid = message_str(in, SESSION_ID);
	ret->everywhere = message_number(in) != 0;
	ret->state = message_str(in, CALL_TEXT_MAX);
	if (!message_done(in) || id.len != SESSION_ID ||
	    (ret->sid.len && ret->sid.len != SESSION_ID))
		return false;
	memcpy(ret->session.id, id.ptr, SESSION_ID);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (pk_arena_copy(&ret->arena, *texts[i], texts[i]) != PK_OK)
			return false;
	return true;
}

void keeper_logout(struct keeper *keeper, struct link *link, uint64_t number,
		   struct message_reader *in)
{
	const struct failure odd = {.fault = PK_STR("keeper-unavailable"),
				    .detail = PK_STR("the keeper did not understand the front")};
	struct logout *logout = calloc(1, sizeof(*logout));

	if (logout)
		logout->arena = pk_arena(logout->memory, sizeof(logout->memory));
	if (!logout || !read_call(in, logout)) {
		keeper_answer_failure(link, number, &odd);
		free(logout);
		return;
	}
	keeper_job_begin(keeper, &logout->job, link, number);
	begin(logout);
}
