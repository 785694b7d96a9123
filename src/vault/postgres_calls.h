/* What the PostgreSQL store is asked, and how its answers are read. Internal to the vault. */
#ifndef VAULT_POSTGRES_CALLS_H
#define VAULT_POSTGRES_CALLS_H

#include "vault/store.h"

#include <libpq-fe.h>

enum postgres_call {
	POSTGRES_PUT,
	POSTGRES_GET,
	POSTGRES_LEAVE,
	POSTGRES_LEAVE_AGAIN,
	POSTGRES_DELETE,
	POSTGRES_LEASE,
	POSTGRES_RENEW,
	POSTGRES_FINISH,
	POSTGRES_RESEAL,
	POSTGRES_DUE,
	POSTGRES_LIST,
	POSTGRES_LIST_LOGIN,
	POSTGRES_LIST_SEALED,
	POSTGRES_FIND,
	POSTGRES_FIND_SESSION,
	POSTGRES_COUNT,
	POSTGRES_SPEND,
	POSTGRES_REVOKE,
	POSTGRES_REVOKE_ALL,
	POSTGRES_REVOKED,
	POSTGRES_FORGET,
	POSTGRES_CALLS,
};

#define POSTGRES_ARGUMENTS_MAX 18

/* The arguments of a call, in their order; one that is not given is SQL's NULL. */
struct postgres_arguments {
	struct pk_str value[POSTGRES_ARGUMENTS_MAX];
	char number[POSTGRES_ARGUMENTS_MAX]
		   [sizeof(int64_t)]; /* where values that are numbers are */
	size_t count;
};

void postgres_put_bytes(struct postgres_arguments *arguments, struct pk_str bytes);
void postgres_put_number(struct postgres_arguments *arguments, int64_t number);
void postgres_put_time(struct postgres_arguments *arguments, int64_t time); /* may be unknown */

/* A cursor of revocations: the transaction from which on a walk over them began to be unfinished,
 * and the one at which it goes on, which is at most that much ahead. Transactions have less than 43
 * bits: at ten thousand a second that is for 28 years. */
#define POSTGRES_CURSOR_AHEAD 0xfffff

int64_t postgres_cursor(int64_t from, int64_t at);
void postgres_cursor_split(int64_t cursor, int64_t *ret_from, int64_t *ret_at);

/* Prepares all statements, under their numbers as names. */
bool postgres_prepare(PGconn *connection);

/* Sends a call, in binary; false where libpq does not take it. */
bool postgres_send(PGconn *connection, enum postgres_call call, const struct pk_str *arguments,
		   size_t count);

/* Answers a call with what the server gave for it, or with VAULT_DOWN and the problem. */
void postgres_answer(enum postgres_call call, const PGresult *result, store_done *done, void *arg);
void postgres_answer_down(const char *problem, store_done *done, void *arg);

#endif
