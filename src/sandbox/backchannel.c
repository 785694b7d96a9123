/*
 * Logout tokens (OpenID Connect Back-Channel Logout 1.0 2.4, 2.5): signed as ID tokens are, posted as
 * a form to the one address of the command line, which is trusted. A client that does not answer gets
 * one more try; what it answers is not read. Nothing waits for it.
 */
#include "sandbox/backchannel.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/text.h"
#include "io/http_client.h"
#include "protocol/json.h"
#include "sandbox/clock.h"
#include "sandbox/control.h"
#include "sandbox/document.h"
#include "sandbox/id_token.h"
#include "sandbox/signing.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIFETIME 120 /* seconds: 2.4 says two minutes at most */
#define TRIES 2

struct backchannel {
	struct http_client *client;
	const char *uri;
	struct delivery *under_way[BACKCHANNEL_MAX]; /* NULL: a free place */
};

/* One token on its way. */
struct delivery {
	struct backchannel *backchannel;
	struct delivery **place;
	unsigned tries;
	size_t len;
	char body[];
};

struct backchannel *backchannel_new(struct event_base *base, const char *uri)
{
	struct backchannel *backchannel = calloc(1, sizeof(*backchannel));

	if (!backchannel)
		return NULL;
	backchannel->uri = uri;
	backchannel->client = http_client_new(base);
	if (!backchannel->client) {
		free(backchannel);
		return NULL;
	}
	http_client_limit(backchannel->client, BACKCHANNEL_SECONDS);
	return backchannel;
}

void backchannel_free(struct backchannel *backchannel)
{
	if (!backchannel)
		return;
	http_client_free(backchannel->client);
	for (size_t i = 0; i < BACKCHANNEL_MAX; i++)
		free(backchannel->under_way[i]);
	free(backchannel);
}

static void on_answer(const struct pk_http_reply *reply, const char *problem, void *arg);

static void send_it(struct delivery *delivery)
{
	struct pk_http_request request = {
		.method = "POST",
		.url = pk_str(delivery->backchannel->uri),
		.header = {PK_STR("Content-Type: application/x-www-form-urlencoded")},
		.header_count = 1,
		.body = {delivery->body, delivery->len},
	};

	delivery->tries++;
	http_client_send(delivery->backchannel->client, &request, on_answer, delivery);
}

/* 2.8: 200 is "done", and so is 204. A client that has said no means it. */
static void on_answer(const struct pk_http_reply *reply, const char *problem, void *arg)
{
	struct delivery *delivery = arg;
	const bool failed = !reply || reply->status >= 500;

	if (failed && delivery->tries < TRIES) {
		send_it(delivery);
		return;
	}
	if (!reply)
		fprintf(stderr, "sandbox: logout token: not delivered: %s\n", problem);
	else
		fprintf(stderr, "sandbox: logout token: answered %d\n", reply->status);
	*delivery->place = NULL;
	free(delivery);
}

static struct delivery **free_place(struct backchannel *backchannel)
{
	for (size_t i = 0; i < BACKCHANNEL_MAX; i++)
		if (!backchannel->under_way[i])
			return &backchannel->under_way[i];
	return NULL;
}

static bool post(struct backchannel *backchannel, struct pk_str token)
{
	static const struct pk_str name = {"logout_token=", 13};
	struct delivery **place = free_place(backchannel);
	struct delivery *delivery;

	if (!place) {
		fputs("sandbox: logout token: not sent, too many are under way\n", stderr);
		return false;
	}
	delivery = malloc(sizeof(*delivery) + name.len + token.len);
	if (!delivery)
		return false;
	*delivery = (struct delivery){
		.backchannel = backchannel, .place = place, .len = name.len + token.len};
	memcpy(delivery->body, name.ptr, name.len);
	memcpy(delivery->body + name.len, token.ptr, token.len);
	*place = delivery;
	send_it(delivery);
	return true;
}

/* 2.4: a nonce must not be there, so that no logout token passes for an ID token. */
static json_t *make_claims(struct exchange *x, const struct session *session,
			   const struct client *client)
{
	const int64_t time = wall_clock();
	unsigned char random[16];
	char subject_memory[PERSON_SUBJECT_MAX];
	char id_memory[PK_BASE64URL_LEN(sizeof(random))];
	struct pk_buf subject = pk_buf(subject_memory, sizeof(subject_memory));
	struct pk_buf id = pk_buf(id_memory, sizeof(id_memory));
	json_t *claims = json_object();

	randombytes_buf(random, sizeof(random));
	pk_base64url_encode(&id, random, sizeof(random));
	person_subject(session->person, x->dialect, &subject);
	document_set(claims, PK_STR("iss"), issuer_of(x));
	document_set(claims, PK_STR("aud"), client->id);
	document_set(claims, PK_STR("sub"), pk_buf_str(&subject));
	document_set(claims, PK_STR("sid"), (struct pk_str){session->id, sizeof(session->id)});
	document_set_number(claims, PK_STR("iat"), time);
	document_set_number(claims, PK_STR("exp"), time + LIFETIME);
	document_set(claims, PK_STR("jti"), pk_buf_str(&id));
	(void)json_object_set_new(
		claims, "events",
		json_pack("{s:{}}", "http://schemas.openid.net/event/backchannel-logout"));
	return claims;
}

static bool tell(struct exchange *x, const struct session *session, const struct client *client)
{
	const struct pk_str tenant = x->tenant;
	struct pk_buf out;
	struct pk_str token;
	json_t *claims;
	bool ok;

	/* The issuer is that of the session, wherever its end was asked for. */
	x->tenant = session->tenant_len ? (struct pk_str){session->tenant, session->tenant_len}
					: x->dialect->tenant;
	claims = make_claims(x, session, client);
	x->tenant = tenant;
	out = pk_arena_open(x->arena);
	ok = signing_sign(x->sandbox->signing, x->provider, client, "logout+jwt", claims, &out) &&
	     pk_arena_close(x->arena, &out, &token) == PK_OK &&
	     post(x->sandbox->backchannel, token);
	json_decref(claims);
	return ok;
}

size_t log_out(struct exchange *x, struct session *session)
{
	struct grant *grant = NULL;
	const struct client *told[SESSION_CLIENTS] = {NULL};
	size_t count = 0;

	while (x->sandbox->backchannel && speaks_openid(x) &&
	       (grant = ledger_grant_of(x->sandbox->ledger, session->serial, grant))) {
		const size_t i = client_index(grant->client);

		if (!told[i] && tell(x, session, grant->client))
			count++;
		told[i] = grant->client;
	}
	sign_out(x->sandbox, session);
	return count;
}

/* Whose sessions end; false when that has been refused. */
static bool read_wish(struct exchange *x, const json_t *wish)
{
	const struct pk_str user = jwt_member(wish, "user");

	x->provider = provider_find(&x->sandbox->providers, jwt_member(wish, "provider"));
	x->person = person_find(user);
	if (!x->provider || (user.len && !x->person)) {
		control_refuse(x, 400, "invalid_request",
			       "Say which \"provider\", and which \"user\" of it: ada, grace or "
			       "linus; without a user it is everybody.");
		return false;
	}
	x->dialect = &x->provider->file.dialect;
	x->tenant = x->dialect->tenant;
	return true;
}

/* POST /_sandbox/logout {"provider": "...", "user": "..."} */
void logout_everywhere(struct exchange *x, struct pk_str rest)
{
	json_t *wish = pk_json_parse(http_body(x->http));
	struct session *session = NULL;
	json_t *reply;
	int64_t sessions = 0;
	size_t posted = 0;
	const bool ok = read_wish(x, wish);

	(void)rest;
	json_decref(wish);
	if (!ok)
		return;
	while ((session = sign_in_of(x->sandbox->sessions, x->provider, x->person, session))) {
		posted += log_out(x, session);
		sessions++;
	}
	reply = json_object();
	document_set_number(reply, PK_STR("sessions"), sessions);
	document_set_number(reply, PK_STR("logout_tokens"), (int64_t)posted);
	control_reply(x, 200, reply);
}
