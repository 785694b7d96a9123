/*
 * Having the provider forget tokens (RFC 7009): nobody waits for it. A provider that is away or asks
 * for patience is asked again a few times; what waits is in memory alone, and bounded: who must not
 * lose it keeps the tokens until it is over (end_grant.c). What could not be revoked is told in the
 * log, once.
 */
#include "base/arena.h"
#include "base/text.h"
#include "gateway/log.h"
#include "gateway/upstream.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 5
#define FIRST_SECONDS 2 /* until the second try; four times that until the next, and so on */
#define AFTER_MAX 300   /* where the provider itself names a time, at most */
#define WAITING_MAX 256 /* revocations that wait for another try; more are given up */

/* One token on its way to be revoked: the request is made once, and its texts are behind it. */
struct revocation {
	struct job job;               /* while the provider is asked */
	LIST_ENTRY(revocation) entry; /* while it waits */
	const struct pk_login *login; /* of the settings */
	struct revocation_wait *wait; /* or NULL */
	struct event *timer;
	struct pk_http_request request;
	unsigned tries;
	size_t size;
	char texts[];
};

void keeper_not_revoked(struct pk_str login, struct pk_str text)
{
	log_event("warn", "token.not_revoked",
		  (struct log_field[]){{"login", login}, {"text", text}}, 2);
}

/* One token less to wait for. */
static void tell(struct revocation_wait *wait, bool over)
{
	if (!wait)
		return;
	wait->undone = wait->undone || !over;
	if (--wait->left == 0)
		wait->done(!wait->undone, wait->arg);
}

static void end(struct revocation *revocation)
{
	if (revocation->timer)
		event_free(revocation->timer);
	sodium_memzero(revocation, sizeof(*revocation) + revocation->size);
	free(revocation);
}

static void on_reply(const struct pk_http_reply *reply, const char *problem, void *arg);

static void send_it(struct keeper *keeper, struct revocation *revocation)
{
	revocation->tries++;
	keeper_job_begin(keeper, &revocation->job, NULL, 0);
	upstream_send(keeper, UPSTREAM_REVOKE, revocation->login, &revocation->request, on_reply,
		      revocation);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct revocation *revocation = arg;
	struct keeper *keeper = revocation->job.keeper;

	(void)fd;
	(void)what;
	LIST_REMOVE(revocation, entry);
	keeper->revocations_waiting--;
	send_it(keeper, revocation);
}

/* 2.2.1: "the client must assume the token still exists and may retry after a reasonable delay". No
 * job while it waits: a keeper that is to end does not wait for it. */
static bool wait_for_next(struct keeper *keeper, struct revocation *revocation, int64_t after)
{
	int64_t seconds = FIRST_SECONDS;

	for (unsigned i = 1; i < revocation->tries; i++)
		seconds *= 4;
	if (after > seconds)
		seconds = after < AFTER_MAX ? after : AFTER_MAX;
	if (revocation->tries >= TRIES || keeper->revocations_waiting >= WAITING_MAX ||
	    keeper->stopping)
		return false;
	if (!revocation->timer)
		revocation->timer = evtimer_new(keeper->base, on_timer, revocation);
	if (!revocation->timer ||
	    event_add(revocation->timer, &(struct timeval){.tv_sec = seconds}) != 0)
		return false;
	LIST_INSERT_HEAD(&keeper->revocations, revocation, entry);
	keeper->revocations_waiting++;
	return true;
}

static bool may_go_better(const struct pk_http_reply *reply)
{
	return !reply || reply->status >= 500 || reply->status == 429;
}

static void on_reply(const struct pk_http_reply *reply, const char *problem, void *arg)
{
	struct revocation *revocation = arg;
	struct keeper *keeper = revocation->job.keeper;
	const struct pk_str login = revocation->login->name;
	const int64_t after = reply ? http_client_retry_after(keeper->client) : 0;
	struct pk_why why = {0};
	bool waits = false, over = true;

	if (reply && pk_revoke_reply(revocation->login, reply, &why) == PK_OK)
		log_event("info", "token.revoked", &(struct log_field){"login", login}, 1);
	else if (may_go_better(reply) && wait_for_next(keeper, revocation, after))
		waits = true;
	else if (may_go_better(reply) && keeper->stopping && revocation->wait)
		over = false;
	else
		keeper_not_revoked(login, pk_str(reply ? why.detail : problem));
	/* Before the job's end, which may be the keeper's. */
	if (!waits)
		tell(revocation->wait, over);
	keeper_job_end(&revocation->job);
	if (!waits)
		end(revocation);
}

static struct pk_str keep(char **at, struct pk_str text)
{
	const struct pk_str kept = {*at, text.len};

	if (text.len)
		memcpy(*at, text.ptr, text.len);
	*at += text.len;
	return kept;
}

/* NULL without memory. */
static struct revocation *revocation_new(const struct pk_http_request *request)
{
	struct revocation *revocation;
	size_t size = request->url.len + request->body.len;
	char *at;

	for (size_t i = 0; i < request->header_count; i++)
		size += request->header[i].len;
	revocation = calloc(1, sizeof(*revocation) + size);
	if (!revocation)
		return NULL;
	at = revocation->texts;
	revocation->size = size;
	revocation->request = *request;
	revocation->request.url = keep(&at, request->url);
	revocation->request.body = keep(&at, request->body);
	for (size_t i = 0; i < request->header_count; i++)
		revocation->request.header[i] = keep(&at, request->header[i]);
	return revocation;
}

static void revoke(struct keeper *keeper, const struct login_settings *login,
		   struct pk_secret token, struct revocation_wait *wait)
{
	static unsigned char memory[PK_ARENA_LOGIN];
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct revocation *revocation = NULL;
	struct pk_http_request request;
	struct pk_why why = {0};

	if (!token.text.len)
		return;
	if (pk_revoke_request(&arena, &login->login, login->secret, token, &request, &why) != PK_OK)
		keeper_not_revoked(login->login.name, pk_str(why.detail));
	else if (!(revocation = revocation_new(&request)))
		keeper_not_revoked(login->login.name, PK_STR("out of memory"));
	if (revocation) {
		/* The caller's may be gone when the answer comes. */
		revocation->login = &settings_login(keeper->settings, login->login.name)->login;
		revocation->wait = wait;
		if (wait)
			wait->left++;
		send_it(keeper, revocation);
	}
	/* All of it: a request that was given up has left bytes beyond what is taken. */
	sodium_memzero(memory, sizeof(memory));
}

void keeper_revoke_tokens(struct keeper *keeper, const struct login_settings *login,
			  const struct grant *grant, struct revocation_wait *wait)
{
	if (wait)
		wait->left = 1; /* this function */
	if (login->dialect.revoke_url.len) {
		/* RFC 7009 2.1: with a refresh token the access tokens go too, where the server can;
		 * where it cannot, this does. */
		revoke(keeper, login, grant->refresh_token, wait);
		revoke(keeper, login, grant->access_token, wait);
	}
	tell(wait, true);
}

void revocations_free(struct keeper *keeper)
{
	struct revocation *revocation;

	while ((revocation = LIST_FIRST(&keeper->revocations))) {
		/* With somebody who waits, the next keeper asks. */
		if (!revocation->wait)
			keeper_not_revoked(
				revocation->login->name,
				PK_STR("the gateway ends before the provider could be asked"
				       " again"));
		LIST_REMOVE(revocation, entry);
		end(revocation);
	}
	keeper->revocations_waiting = 0;
}
