/* A connection to the database that makes itself again, and the calls on it. Internal to the
 * vault. */
#ifndef VAULT_POSTGRES_LINK_H
#define VAULT_POSTGRES_LINK_H

#include "vault/postgres_calls.h"

struct postgres_link;

/* Begins to connect; `address` is what PQconninfoParse() made, and outlives the link. NULL: out of
 * memory. */
struct postgres_link *postgres_link_new(struct event_base *base, PQconninfoOption *address);

/* Answers VAULT_DOWN to all that is under way. */
void postgres_link_free(struct postgres_link *link);

/* The arguments are copied. Calls that are made while the connection is being made wait for it. */
void postgres_link_call(struct postgres_link *link, enum postgres_call call,
			const struct postgres_arguments *arguments, store_done *done, void *arg);

/* How many calls are under way. */
size_t postgres_link_calls(const struct postgres_link *link);

/* How many connections there have been, one after the other. */
unsigned postgres_link_connections(const struct postgres_link *link);

enum postgres_link_state {
	POSTGRES_LINK_TRYING,
	POSTGRES_LINK_READY,
	POSTGRES_LINK_AWAY,    /* it did not succeed, and tries again */
	POSTGRES_LINK_REFUSED, /* likewise, for a reason that does not pass by itself */
};

enum postgres_link_state postgres_link_state(const struct postgres_link *link);
const char *postgres_link_problem(const struct postgres_link *link);

#endif
