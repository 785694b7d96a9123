/*
 * Keeping what a provider publishes. What comes is hostile until the kind's reader has passed it; how
 * long it is kept is the provider's to say only within bounds (RFC 9111 5.2.2.1): an endless one would
 * make a key that was taken back count for ever, none at all would make each login a fetch.
 */
#include "gateway/published.h"
#include "base/text.h"
#include "gateway/keeper.h"
#include "gateway/log.h"
#include "gateway/upstream.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RENEW_SECONDS 60
#define RETRY_SECONDS 30 /* an old one serves meanwhile */

void published_init(struct published *published, struct keeper *keeper,
		    const struct published_kind *kind, const struct login_settings *login)
{
	*published = (struct published){.keeper = keeper, .kind = kind, .login = login};
	LIST_INIT(&published->waits);
}

void published_free(struct published *published)
{
	free(published->text);
	published->text = NULL;
}

static bool is_word(struct pk_str text, struct pk_str word)
{
	return text.len == word.len && strncasecmp(text.ptr, word.ptr, word.len) == 0;
}

int64_t published_max_age(struct pk_str cache_control)
{
	int64_t seconds = -1;

	while (cache_control.ptr) {
		struct pk_str value = pk_str_trim(pk_str_cut(&cache_control, ','));
		const struct pk_str name = pk_str_cut(&value, '=');

		if (is_word(name, PK_STR("no-store")) || is_word(name, PK_STR("no-cache")))
			return 0;
		if (is_word(name, PK_STR("max-age")) && !pk_str_number(value, INT32_MAX, &seconds))
			return 0;
	}
	return seconds;
}

static int64_t lifetime(const struct published_kind *kind, struct pk_str cache_control)
{
	const int64_t said = published_max_age(cache_control);

	if (said < 0)
		return kind->usual;
	if (said < kind->shortest)
		return kind->shortest;
	return said < kind->longest ? said : kind->longest;
}

/* Everybody who waits by now; who comes while they are told waits for the next one. */
static void tell_all(struct published *published, const struct failure *failure)
{
	LIST_HEAD(, published_wait) told = LIST_HEAD_INITIALIZER(told);
	struct published_wait *wait;

	while ((wait = LIST_FIRST(&published->waits))) {
		LIST_REMOVE(wait, entry);
		LIST_INSERT_HEAD(&told, wait, entry);
	}
	while ((wait = LIST_FIRST(&told))) {
		const struct pk_str text = {failure ? NULL : published->text,
					    failure ? 0 : published->len};

		LIST_REMOVE(wait, entry);
		wait->done(text, failure, wait->arg);
	}
}

static void fail(struct published *published, const struct failure *failure)
{
	const int64_t now = published->keeper->ticks;
	const struct log_field fields[] = {
		{"login", published->login->login.name},
		{"fault", failure->fault},
		{"detail", failure->detail},
	};

	published->fetching = false;
	log_event("warn", "provider.document", fields, sizeof(fields) / sizeof(fields[0]));
	if (published->text && now < published->good_until) {
		if (published->fresh_until < now + RETRY_SECONDS)
			published->fresh_until = now + RETRY_SECONDS;
		tell_all(published, NULL);
	} else {
		tell_all(published, failure);
	}
}

static void refuse(struct published *published, const struct pk_why *why)
{
	const struct failure failure = keeper_failure(why);

	fail(published, &failure);
}

static void keep(struct published *published, struct pk_str text)
{
	char *copy = malloc(text.len + 1);

	if (!copy) {
		fail(published, &(const struct failure){.fault = PK_STR("keeper-unavailable"),
							.detail = PK_STR("out of memory")});
		return;
	}
	memcpy(copy, text.ptr, text.len);
	free(published->text);
	published->text = copy;
	published->len = text.len;
	published->fresh_until =
		published->keeper->ticks +
		lifetime(published->kind, http_client_cache_control(published->keeper->client));
	published->good_until = published->fresh_until + published->kind->beyond;
	published->fetching = false;
	tell_all(published, NULL);
}

static void fetch(struct published *published, const struct pk_login *login, unsigned place);

/* The reader needs room for what it reads and what it writes. */
static void read_reply(struct published *published, const struct pk_http_reply *reply)
{
	static unsigned char memory[PK_ARENA_LOGIN];
	static char text[PK_REPLY_MAX];
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_buf out = pk_buf(text, sizeof(text));
	struct pk_why why = {0};

	if (published->kind->read(&arena, &published->login->login, reply, &out, &why) != PK_OK)
		refuse(published, &why);
	else
		keep(published, pk_buf_str(&out));
}

static void on_reply(const struct pk_http_reply *reply, const char *problem, void *arg)
{
	struct published *published = arg;

	if (!reply)
		fail(published, &(const struct failure){.fault = PK_STR("provider-unreachable"),
							.detail = pk_str(problem)});
	else if (reply->status == 404 && published->place + 1 < published->kind->places)
		fetch(published, &published->login->login, published->place + 1);
	else
		read_reply(published, reply);
}

static void fetch(struct published *published, const struct pk_login *login, unsigned place)
{
	static unsigned char memory[PK_ARENA_LOGIN];
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_http_request request;
	struct pk_why why = {0};

	published->fetching = true;
	published->place = place;
	if (published->kind->request(&arena, login, place, &request, &why) != PK_OK)
		refuse(published, &why);
	else
		upstream_send(published->keeper, published->kind->purpose, login, &request,
			      on_reply, published);
}

static void join(struct published *published, const struct pk_login *login,
		 struct published_wait *wait, published_ready *done, void *arg)
{
	*wait = (struct published_wait){.done = done, .arg = arg};
	LIST_INSERT_HEAD(&published->waits, wait, entry);
	if (!published->fetching)
		fetch(published, login, 0);
}

void published_get(struct published *published, const struct pk_login *login,
		   struct published_wait *wait, published_ready *done, void *arg)
{
	if (published->text && published->keeper->ticks < published->fresh_until)
		done((struct pk_str){published->text, published->len}, NULL, arg);
	else
		join(published, login, wait, done, arg);
}

bool published_renew(struct published *published, const struct pk_login *login,
		     struct published_wait *wait, published_ready *done, void *arg)
{
	const int64_t now = published->keeper->ticks;

	if (!published->fetching && published->renewed_at &&
	    now < published->renewed_at + RENEW_SECONDS)
		return false;
	if (!published->fetching)
		published->renewed_at = now ? now : 1;
	join(published, login, wait, done, arg);
	return true;
}
