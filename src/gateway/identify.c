/*
 * Who logged in. Nothing in an ID token is believed before its signature was right, and where there
 * should be one, user info alone does not do. A token whose key is not among those that are kept gets
 * them fetched once more (10.1.1): the provider may have taken a new one.
 */
#include "gateway/identify.h"
#include "gateway/upstream.h"

#include <time.h>

static void fail(struct identify *identify, const char *fault, const char *detail)
{
	const struct failure failure = {.fault = pk_str(fault), .detail = pk_str(detail)};

	identify->done(&failure, identify->arg);
}

static void refuse(struct identify *identify, const struct pk_why *why)
{
	const struct failure failure = keeper_failure(why);

	identify->done(&failure, identify->arg);
}

/* What the provider's user info never has, the ID token may have said. */
static void take_userinfo(struct identify *identify, const struct pk_identity *said)
{
	const struct pk_dialect *dialect = &identify->login->dialect;
	struct pk_identity *identity = &identify->identity;

	identity->subject = said->subject;
	if (dialect->userinfo_name.len)
		identity->name = said->name;
	if (dialect->userinfo_email.len)
		identity->email = said->email;
	if (dialect->userinfo_picture.len)
		identity->picture = said->picture;
}

static void on_userinfo(const struct pk_http_reply *reply, const char *problem, void *arg)
{
	struct identify *identify = arg;
	struct pk_identity identity;
	struct pk_why why = {0};

	if (!reply) {
		fail(identify, "provider-unreachable", problem);
	} else if (pk_userinfo_reply(identify->arena, &identify->login->login, identify->tokens,
				     reply, &identity, &why) != PK_OK) {
		refuse(identify, &why);
	} else {
		take_userinfo(identify, &identity);
		identify->done(NULL, identify->arg);
	}
}

static void ask_userinfo(struct identify *identify)
{
	struct pk_http_request request;
	struct pk_why why = {0};

	if (pk_userinfo_request(identify->arena, &identify->login->login, identify->tokens,
				&request, &why) != PK_OK)
		refuse(identify, &why);
	else
		upstream_send(identify->keeper, UPSTREAM_USERINFO, &identify->login->login,
			      &request, on_userinfo, identify);
}

/* What the ID token said, if there was one, is in the identity by now. */
static void complete(struct identify *identify)
{
	if (identify->login->dialect.userinfo_url.len) {
		ask_userinfo(identify);
		return;
	}
	if (!identify->identity.subject.len)
		identify->identity.subject = identify->tokens->subject;
	if (identify->identity.subject.len)
		identify->done(NULL, identify->arg);
	else
		fail(identify, "reply-misread", "the token reply does not say who logged in");
}

static void on_keys(struct pk_str jwks, const struct failure *failure, void *arg);

/* Whether the keys are on their way once more. */
static bool renew_keys(struct identify *identify)
{
	if (identify->renewed)
		return false;
	identify->renewed = true;
	return published_renew(keeper_keys(identify->keeper, identify->login),
			       &identify->login->login, &identify->wait, on_keys, identify);
}

static void on_keys(struct pk_str jwks, const struct failure *failure, void *arg)
{
	struct identify *identify = arg;
	const struct pk_id_token_expected expected = {
		.nonce = identify->nonce,
		.jwks = jwks,
		.client_secret = identify->login->secret,
		.now = time(NULL),
		.max_age = -1,
	};
	struct pk_id_token token;
	struct pk_why why = {0};
	enum pk_err err;

	if (failure) {
		identify->done(failure, identify->arg);
		return;
	}
	err = pk_id_token_verify(identify->arena, &identify->login->login, &expected,
				 identify->tokens, &token, &why);
	if (err == PK_OK) {
		identify->identity = token.identity;
		identify->session = token.session;
		complete(identify);
	} else if (err != PK_ERR_ID_TOKEN_KEY_UNKNOWN || !renew_keys(identify)) {
		refuse(identify, &why);
	}
}

void identify(struct identify *identify)
{
	const struct pk_login *login = &identify->login->login;

	if (!pk_login_has_id_token(login))
		complete(identify);
	else if (login->dialect->id_token_alg == PK_ID_TOKEN_HS256)
		on_keys((struct pk_str){0}, NULL, identify); /* the client secret is the key */
	else
		published_get(keeper_keys(identify->keeper, identify->login), login,
			      &identify->wait, on_keys, identify);
}
