/*
 * The PostgreSQL store: what it is asked becomes a call on one of a few connections. Calls of one
 * grant share a connection, and keep their order; grants are spread over several, so that the
 * server puts their commits on the disk together. What lists or counts has a connection of its own,
 * so that no lease ends because somebody is behind a long list.
 */
#include "vault/postgres_link.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

#define LINKS 4
#define LIST_LINK 0 /* the others are for rows */

struct store {
	PQconninfoOption *address;
	struct postgres_link *link[LINKS];
	unsigned connections; /* that the cursors of revocations are of */
};

/* ---- Opening ---- */

/* Whether the database is reached now, or refuses for good. Apart from the store's own connections
 * and event loop: the caller's events do not expect to be called from here. */
static bool try_address(PQconninfoOption *address, char *error, size_t error_size)
{
	struct event_base *base = event_base_new();
	struct postgres_link *trial = base ? postgres_link_new(base, address) : NULL;
	const struct timeval limit = {STORE_SECONDS, 0};
	bool refused = !trial || event_base_loopexit(base, &limit) != 0;

	if (refused)
		(void)snprintf(error, error_size, "out of memory");
	while (!refused && postgres_link_state(trial) == POSTGRES_LINK_TRYING &&
	       !event_base_got_exit(base))
		if (event_base_loop(base, EVLOOP_ONCE) != 0)
			break;
	if (!refused && postgres_link_state(trial) == POSTGRES_LINK_REFUSED) {
		(void)snprintf(error, error_size, "%s", postgres_link_problem(trial));
		refused = true;
	}
	postgres_link_free(trial);
	if (base)
		event_base_free(base);
	return !refused;
}

static void postgres_close(struct store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < LINKS; i++)
		postgres_link_free(store->link[i]);
	PQconninfoFree(store->address);
	free(store);
}

/* libpq's own words for an address that it does not understand may have the password in them. */
static PQconninfoOption *parse_address(const char *address, char *error, size_t error_size)
{
	PQconninfoOption *parsed = PQconninfoParse(address, NULL);

	if (!parsed)
		(void)snprintf(error, error_size,
			       "this is no address of a PostgreSQL database:"
			       " postgres://USER@HOST/DATABASE?sslmode=verify-full");
	return parsed;
}

static struct store *postgres_open(struct event_base *base, const char *address, char *error,
				   size_t error_size)
{
	struct store *store = calloc(1, sizeof(*store));

	if (!store) {
		(void)snprintf(error, error_size, "out of memory");
		return NULL;
	}
	store->address = parse_address(address, error, error_size);
	if (!store->address || !try_address(store->address, error, error_size)) {
		postgres_close(store);
		return NULL;
	}
	for (size_t i = 0; i < LINKS; i++) {
		store->link[i] = postgres_link_new(base, store->address);
		if (!store->link[i]) {
			(void)snprintf(error, error_size, "out of memory");
			postgres_close(store);
			return NULL;
		}
	}
	return store;
}

/* ---- Calls ---- */

static void call(struct store *store, size_t link, enum postgres_call which,
		 const struct postgres_arguments *arguments, store_done *done, void *arg)
{
	size_t under_way = 0;

	for (size_t i = 0; i < LINKS; i++)
		under_way += postgres_link_calls(store->link[i]);
	if (under_way >= STORE_CALLS_MAX)
		postgres_answer_down("more calls are under way than the store takes", done, arg);
	else
		postgres_link_call(store->link[link], which, arguments, done, arg);
}

/* FNV-1a: it spreads, and nobody gains by choosing what it spreads badly. */
static uint32_t hash(uint32_t so_far, struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++)
		so_far = (so_far ^ (unsigned char)text.ptr[i]) * 16777619u;
	return so_far;
}

static size_t link_of(struct pk_str a, struct pk_str b)
{
	return LIST_LINK + 1 + hash(hash(2166136261u, a), b) % (LINKS - 1);
}

static struct pk_str bytes(const uint8_t *memory, size_t size)
{
	return (struct pk_str){(const char *)memory, size};
}

static void put_pair(struct postgres_arguments *arguments, struct pk_str a, struct pk_str b)
{
	postgres_put_bytes(arguments, a);
	postgres_put_bytes(arguments, b);
}

static void put_seals(struct postgres_arguments *arguments, const struct stored_grant *grant)
{
	postgres_put_bytes(arguments, bytes(grant->key, KEY_ID));
	postgres_put_bytes(arguments, grant->access_token);
	postgres_put_bytes(arguments, grant->refresh_token);
	postgres_put_bytes(arguments, grant->id_token);
}

/* All but what tells the row, in the order of the statements. */
static void put_grant(struct postgres_arguments *arguments, const struct stored_grant *grant)
{
	put_seals(arguments, grant);
	postgres_put_bytes(arguments, grant->scope);
	postgres_put_bytes(arguments, grant->session);
	postgres_put_time(arguments, grant->access_expires_at);
	postgres_put_time(arguments, grant->refresh_expires_at);
	postgres_put_time(arguments, grant->refresh_at);
	postgres_put_number(arguments, grant->state);
	postgres_put_number(arguments, grant->failures);
	postgres_put_bytes(arguments, grant->fault);
}

static void postgres_put(struct store *store, const struct stored_grant *grant, store_done *done,
			 void *arg)
{
	struct postgres_arguments arguments = {.count = 0};

	put_pair(&arguments, grant->login, grant->subject);
	put_grant(&arguments, grant);
	postgres_put_number(&arguments, grant->created_at);
	postgres_put_time(&arguments, grant->refreshed_at);
	call(store, link_of(grant->login, grant->subject), POSTGRES_PUT, &arguments, done, arg);
}

static void postgres_get(struct store *store, struct pk_str login, struct pk_str subject,
			 store_done *done, void *arg)
{
	struct postgres_arguments arguments = {.count = 0};

	put_pair(&arguments, login, subject);
	call(store, link_of(login, subject), POSTGRES_GET, &arguments, done, arg);
}

static void postgres_leave(struct store *store, struct pk_str login, struct pk_str subject,
			   const uint8_t owner[static LEASE_OWNER], int64_t seconds, int64_t now,
			   bool again, store_done *done, void *arg)
{
	struct postgres_arguments arguments = {.count = 0};

	put_pair(&arguments, login, subject);
	postgres_put_bytes(&arguments, bytes(owner, LEASE_OWNER));
	postgres_put_number(&arguments, seconds);
	if (!again)
		postgres_put_number(&arguments, now);
	call(store, link_of(login, subject), again ? POSTGRES_LEAVE_AGAIN : POSTGRES_LEAVE,
	     &arguments, done, arg);
}

static void postgres_delete(struct store *store, struct pk_str login, struct pk_str subject,
			    const uint8_t *owner, store_done *done, void *arg)
{
	struct postgres_arguments arguments = {.count = 0};

	put_pair(&arguments, login, subject);
	postgres_put_bytes(&arguments, owner ? bytes(owner, LEASE_OWNER) : (struct pk_str){0});
	call(store, link_of(login, subject), POSTGRES_DELETE, &arguments, done, arg);
}

static void postgres_lease(struct store *store, struct pk_str login, struct pk_str subject,
			   const uint8_t owner[static LEASE_OWNER], int64_t seconds,
			   store_done *done, void *arg)
{
	struct postgres_arguments arguments = {.count = 0};

	put_pair(&arguments, login, subject);
	postgres_put_bytes(&arguments, bytes(owner, LEASE_OWNER));
	postgres_put_number(&arguments, seconds);
	call(store, link_of(login, subject), POSTGRES_LEASE, &arguments, done, arg);
}

static void postgres_renew(struct store *store, struct pk_str login, struct pk_str subject,
			   const uint8_t owner[static LEASE_OWNER], int64_t seconds,
			   int64_t sent_at, store_done *done, void *arg)
{
	struct postgres_arguments arguments = {.count = 0};

	put_pair(&arguments, login, subject);
	postgres_put_bytes(&arguments, bytes(owner, LEASE_OWNER));
	postgres_put_number(&arguments, seconds);
	postgres_put_time(&arguments, sent_at);
	call(store, link_of(login, subject), POSTGRES_RENEW, &arguments, done, arg);
}

static void postgres_finish(struct store *store, const struct stored_grant *grant,
			    const uint8_t owner[static LEASE_OWNER], store_done *done, void *arg)
{
	struct postgres_arguments arguments = {.count = 0};

	put_pair(&arguments, grant->login, grant->subject);
	postgres_put_number(&arguments, grant->version);
	postgres_put_bytes(&arguments, bytes(owner, LEASE_OWNER));
	put_grant(&arguments, grant);
	postgres_put_time(&arguments, grant->refreshed_at);
	postgres_put_time(&arguments, grant->sent_at);
	call(store, link_of(grant->login, grant->subject), POSTGRES_FINISH, &arguments, done, arg);
}

static void postgres_reseal(struct store *store, const struct stored_grant *grant, store_done *done,
			    void *arg)
{
	struct postgres_arguments arguments = {.count = 0};

	put_pair(&arguments, grant->login, grant->subject);
	postgres_put_number(&arguments, grant->version);
	put_seals(&arguments, grant);
	call(store, link_of(grant->login, grant->subject), POSTGRES_RESEAL, &arguments, done, arg);
}

static int64_t bounded(size_t limit)
{
	return limit && limit < STORE_LIST_MAX ? (int64_t)limit : STORE_LIST_MAX;
}

static void postgres_due(struct store *store, struct pk_str login, int64_t now, size_t limit,
			 store_done *done, void *arg)
{
	struct postgres_arguments arguments = {.count = 0};

	postgres_put_number(&arguments, now);
	postgres_put_number(&arguments, bounded(limit));
	postgres_put_bytes(&arguments, login);
	call(store, LIST_LINK, POSTGRES_DUE, &arguments, done, arg);
}

/* Nothing is before the empty text, and no login is empty. */
static void put_after(struct postgres_arguments *arguments, struct pk_str login,
		      struct pk_str subject, size_t limit)
{
	put_pair(arguments, login.ptr ? login : PK_STR(""), subject.ptr ? subject : PK_STR(""));
	postgres_put_number(arguments, bounded(limit));
}

static void postgres_list(struct store *store, struct pk_str login, struct pk_str after_login,
			  struct pk_str after_subject, size_t limit, store_done *done, void *arg)
{
	struct postgres_arguments arguments = {.count = 0};

	put_after(&arguments, after_login, after_subject, limit);
	if (login.ptr)
		postgres_put_bytes(&arguments, login);
	call(store, LIST_LINK, login.ptr ? POSTGRES_LIST_LOGIN : POSTGRES_LIST, &arguments, done,
	     arg);
}

static void postgres_list_sealed(struct store *store, const uint8_t key[static KEY_ID],
				 struct pk_str after_login, struct pk_str after_subject,
				 size_t limit, store_done *done, void *arg)
{
	struct postgres_arguments arguments = {.count = 0};

	put_after(&arguments, after_login, after_subject, limit);
	postgres_put_bytes(&arguments, bytes(key, KEY_ID));
	call(store, LIST_LINK, POSTGRES_LIST_SEALED, &arguments, done, arg);
}

static void postgres_find(struct store *store, struct pk_str login, struct pk_str subject,
			  struct pk_str session, size_t limit, store_done *done, void *arg)
{
	struct postgres_arguments arguments = {.count = 0};

	put_pair(&arguments, login, subject);
	if (session.ptr) {
		postgres_put_bytes(&arguments, session);
		postgres_put_number(&arguments, bounded(limit));
	}
	call(store, LIST_LINK, session.ptr ? POSTGRES_FIND_SESSION : POSTGRES_FIND, &arguments,
	     done, arg);
}

static void postgres_count(struct store *store, store_done *done, void *arg)
{
	const struct postgres_arguments none = {.count = 0};

	call(store, LIST_LINK, POSTGRES_COUNT, &none, done, arg);
}

static void postgres_spend(struct store *store, const uint8_t id[static ATTEMPT_ID],
			   const uint8_t code_hash[static CODE_HASH], int64_t expires_at,
			   store_done *done, void *arg)
{
	const struct pk_str attempt = bytes(id, ATTEMPT_ID);
	struct postgres_arguments arguments = {.count = 0};

	put_pair(&arguments, attempt, bytes(code_hash, CODE_HASH));
	postgres_put_number(&arguments, expires_at);
	call(store, link_of(attempt, PK_STR("")), POSTGRES_SPEND, &arguments, done, arg);
}

static void postgres_revoke(struct store *store, const struct revoked_session *session,
			    store_done *done, void *arg)
{
	const bool all = session->login.ptr;
	const struct pk_str id = bytes(session->id, SESSION_ID);
	struct postgres_arguments arguments = {.count = 0};

	if (all)
		put_pair(&arguments, session->login, session->subject);
	else
		postgres_put_bytes(&arguments, id);
	postgres_put_number(&arguments, session->until);
	postgres_put_number(&arguments, session->expires_at);
	call(store, all ? link_of(session->login, session->subject) : link_of(id, PK_STR("")),
	     all ? POSTGRES_REVOKE_ALL : POSTGRES_REVOKE, &arguments, done, arg);
}

static void postgres_revoked(struct store *store, int64_t cursor, int64_t now, store_done *done,
			     void *arg)
{
	const unsigned connections = postgres_link_connections(store->link[LIST_LINK]);
	struct postgres_arguments arguments = {.count = 0};
	int64_t from, at;

	/* Behind a new connection may be another server, which took over: transactions that the old
	 * one had not passed on in time never were, and their numbers are used again. */
	postgres_cursor_split(connections == store->connections ? cursor : 0, &from, &at);
	store->connections = connections;
	postgres_put_number(&arguments, from);
	postgres_put_number(&arguments, at);
	postgres_put_number(&arguments, now);
	call(store, LIST_LINK, POSTGRES_REVOKED, &arguments, done, arg);
}

static void postgres_forget(struct store *store, int64_t now, store_done *done, void *arg)
{
	struct postgres_arguments arguments = {.count = 0};

	postgres_put_number(&arguments, now);
	call(store, LIST_LINK, POSTGRES_FORGET, &arguments, done, arg);
}

const struct store_ops store_postgres = {
	.schemes = {"postgres://", "postgresql://"},
	.open = postgres_open,
	.close = postgres_close,
	.put = postgres_put,
	.get = postgres_get,
	.leave = postgres_leave,
	.delete = postgres_delete,
	.lease = postgres_lease,
	.renew = postgres_renew,
	.finish = postgres_finish,
	.reseal = postgres_reseal,
	.due = postgres_due,
	.list = postgres_list,
	.list_sealed = postgres_list_sealed,
	.find = postgres_find,
	.count = postgres_count,
	.spend = postgres_spend,
	.revoke = postgres_revoke,
	.revoked = postgres_revoked,
	.forget = postgres_forget,
};
