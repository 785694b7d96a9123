/*
 * What a provider answered. It is believed as far as pk_token_reply() goes, and never to be about
 * another person (OpenID Connect Core 12.2).
 */
#include "gateway/refresh_work.h"
#include "base/err.h"
#include "base/text.h"
#include "gateway/log.h"
#include "gateway/refresh_plan.h"

#include <sodium.h>
#include <time.h>

static void log_outcome(const struct refresh *refresh, const char *level, const char *event,
			struct pk_str text)
{
	log_event(level, event,
		  (struct log_field[]){{"login", refresh->grant.login},
				       {"subject", refresh->grant.subject},
				       {"fault", refresh->next.fault},
				       {"text", text}},
		  4);
}

void refresh_fail(struct refresh *refresh, struct refresh_outcome outcome, struct pk_str text,
		  int64_t after)
{
	struct grant *const next = &refresh->next;
	const bool over = outcome.state == GRANT_ENDED;

	*next = refresh->grant;
	next->state = outcome.state;
	next->fault = pk_str(outcome.fault);
	next->failures++;
	/* What an earlier try has lost stays lost. */
	if (outcome.unheard)
		next->sent_at = refresh->sent_at;
	next->refresh_at =
		over ? PK_TIME_UNKNOWN
		     : refresh_again(time(NULL), next->failures, after, randombytes_random());
	refresh_count(refresh, over ? REFRESH_ENDED : REFRESH_RETRYING);
	metrics_count_fault(refresh_metrics(refresh),
			    over ? METRIC_ENDED_FAULTS : METRIC_REFRESH_FAULTS, next->fault);
	log_outcome(refresh, outcome.operators ? "error" : "warn",
		    over ? "grant.ended" : "token.not_refreshed", text);
	refresh_finish(refresh, next);
}

void refresh_retry(struct refresh *refresh, const char *fault, bool sent, struct pk_str text)
{
	refresh_fail(refresh, (struct refresh_outcome){GRANT_RETRYING, fault, false, sent}, text,
		     0);
}

/* The refresh token goes on where the reply has none (RFC 6749 6), and so does what else it does
 * not say. */
static void succeed(struct refresh *refresh)
{
	const struct pk_tokens *const tokens = &refresh->tokens;
	const int64_t now = time(NULL);
	struct grant *const next = &refresh->next;

	*next = refresh->grant;
	next->access_token = tokens->access_token;
	next->access_expires_at = tokens->access_expires_at;
	if (tokens->refresh_token.text.len)
		next->refresh_token = tokens->refresh_token;
	if (tokens->refresh_token.text.len || tokens->refresh_expires_at != PK_TIME_UNKNOWN)
		next->refresh_expires_at = tokens->refresh_expires_at;
	if (tokens->id_token.text.len)
		next->id_token = tokens->id_token;
	if (tokens->scope.len)
		next->scope = tokens->scope;
	next->state = GRANT_ACTIVE;
	next->fault = (struct pk_str){0};
	next->failures = 0;
	next->refreshed_at = now;
	next->sent_at = PK_TIME_UNKNOWN;
	next->refresh_at = refresh_plan(now, next->access_expires_at, next->refresh_expires_at,
					randombytes_random());
	refresh->got = true;
	refresh_count(refresh, REFRESHED);
	log_outcome(refresh, "info", "token.refreshed", (struct pk_str){0});
	refresh_finish(refresh, next);
}

/* Tokens of somebody else: the grant ends, and they are given back. */
static void refuse_person(struct refresh *refresh, const char *fault, struct pk_str text)
{
	const struct grant wrong = {.access_token = refresh->tokens.access_token,
				    .refresh_token = refresh->tokens.refresh_token};

	keeper_revoke_tokens(refresh->job.keeper, &refresh->login, &wrong, NULL);
	refresh_fail(refresh, (struct refresh_outcome){GRANT_ENDED, fault, false, false}, text, 0);
}

static void on_keys(struct pk_str jwks, const struct failure *failure, void *arg);

static bool renew_keys(struct refresh *refresh)
{
	if (refresh->renewed_keys)
		return false;
	refresh->renewed_keys = true;
	return published_renew(keeper_keys(refresh->job.keeper, refresh->of_settings),
			       &refresh->login.login, &refresh->wait, on_keys, refresh);
}

/* An ID token that cannot be verified now is left out: the access token, which came from the token
 * endpoint itself, is not worth less without it. One that names another person is another
 * matter. */
static void leave_out_id_token(struct refresh *refresh, struct pk_str text)
{
	refresh->tokens.id_token = (struct pk_secret){.text = {0}};
	log_event("warn", "token.id_token_left_out",
		  (struct log_field[]){{"login", refresh->grant.login}, {"text", text}}, 2);
	succeed(refresh);
}

static void on_keys(struct pk_str jwks, const struct failure *failure, void *arg)
{
	struct refresh *refresh = arg;
	const struct pk_id_token_expected expected = {
		.jwks = jwks,
		.client_secret = refresh->login.secret,
		.now = time(NULL),
		.max_age = -1,
		.subject = refresh->grant.subject,
	};
	struct pk_id_token token;
	struct pk_why why = {0};
	enum pk_err err;

	if (failure) {
		leave_out_id_token(refresh, failure->detail);
		return;
	}
	err = pk_id_token_verify(&refresh->arena, &refresh->login.login, &expected,
				 &refresh->tokens, &token, &why);
	switch (err) {
	case PK_OK:
		succeed(refresh);
		break;
	case PK_ERR_SUBJECT_MISMATCH:
	case PK_ERR_ID_TOKEN_ISSUER:
	case PK_ERR_ID_TOKEN_AUDIENCE:
		refuse_person(refresh, pk_err_info(err)->fault, pk_str(why.detail));
		break;
	case PK_ERR_ID_TOKEN_KEY_UNKNOWN:
		if (renew_keys(refresh))
			break;
		/* fall through */
	default:
		leave_out_id_token(refresh, pk_str(why.detail));
	}
}

static void check_person(struct refresh *refresh)
{
	struct pk_tokens *const tokens = &refresh->tokens;
	const struct pk_login *const login = &refresh->login.login;

	/* What nobody verifies, nobody keeps. */
	if (!pk_login_has_id_token(login))
		tokens->id_token = (struct pk_secret){.text = {0}};
	if (tokens->subject.len && !pk_str_equal(tokens->subject, refresh->grant.subject))
		refuse_person(refresh, "subject-mismatch",
			      PK_STR("the reply to the refresh is for another person"));
	else if (!tokens->id_token.text.len)
		succeed(refresh);
	else if (login->dialect->id_token_alg == PK_ID_TOKEN_HS256)
		on_keys((struct pk_str){0}, NULL, refresh); /* the client secret is the key */
	else
		published_get(keeper_keys(refresh->job.keeper, refresh->of_settings), login,
			      &refresh->wait, on_keys, refresh);
}

void refresh_reply(const struct pk_http_reply *reply, const char *problem, void *arg)
{
	struct refresh *refresh = arg;
	struct keeper *keeper = refresh->job.keeper;
	const int64_t after = reply ? http_client_retry_after(keeper->client) : 0;
	struct pk_why why = {0};

	if (!reply)
		refresh_retry(refresh, "provider-unreachable", http_client_was_sent(keeper->client),
			      pk_str(problem));
	else if (pk_token_reply(&refresh->arena, &refresh->login.login, reply, time(NULL),
				&refresh->tokens, &why) != PK_OK)
		refresh_fail(refresh, refresh_refused(&refresh->grant, &why), pk_str(why.detail),
			     after);
	else
		check_person(refresh);
}
