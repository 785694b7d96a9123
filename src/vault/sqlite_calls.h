/*
 * What can be asked of the SQLite store, as it waits for its turn, and the statements that do it.
 * Internal to the SQLite store.
 */
#ifndef VAULT_SQLITE_CALLS_H
#define VAULT_SQLITE_CALLS_H

#include "vault/store.h"

#include <sqlite3.h>
#include <sys/queue.h>

enum sqlite_op {
	OP_PUT,
	OP_GET,
	OP_LEAVE,
	OP_DELETE,
	OP_LEASE,
	OP_RENEW,
	OP_FINISH,
	OP_RESEAL,
	OP_DUE,
	OP_LIST,
	OP_LIST_SEALED,
	OP_FIND,
	OP_COUNT,
	OP_SPEND,
	OP_REVOKE,
	OP_REVOKED,
	OP_FORGET,
	OP__MAX
};

/* A call with all that it was given, copied, and its answer. Members mean what the parameters in
 * store.h do; what an operation does not have is empty. */
struct sqlite_call {
	TAILQ_ENTRY(sqlite_call) entry;
	enum sqlite_op op;
	store_done *done;
	void *arg;
	int64_t began; /* milliseconds of a clock that only goes forward */
	struct stored_grant
		grant; /* of other calls than put, finish, reseal: login, subject, key, session */
	struct pk_str after_login;
	struct pk_str after_subject;
	uint8_t id[16]; /* a lease's owner, an attempt */
	uint8_t code_hash[CODE_HASH];
	struct revoked_session revoked;
	int64_t time; /* now, expires_at, sent_at */
	int64_t cursor;
	int64_t seconds;
	size_t limit;
	bool again; /* what leaves is leaving already */
	bool owned; /* what is deleted has an owner */

	struct store_answer answer;
	struct stored_grant *rows; /* `answer.count` of them, and ... */
	char **texts;              /* ... what they view */
	struct revoked_session revoked_rows[];
};

/* The database and what it can be asked. */
#define SQLITE_STATEMENTS_MAX 32
struct sqlite_database {
	sqlite3 *handle;
	sqlite3_stmt *statement[SQLITE_STATEMENTS_MAX];
	int code; /* SQLite's, of the last call that failed */
	char problem[256];
};

/* Whether the call changes the database: then it runs inside of a transaction. */
bool sqlite_call_writes(enum sqlite_op op);

bool sqlite_prepare(struct sqlite_database *database);
void sqlite_finalize(struct sqlite_database *database);

/* Runs it and writes its answer; false with `code` and `problem` where SQLite failed, or memory. A
 * call that was run may be run again. */
bool sqlite_call_run(struct sqlite_database *database, struct sqlite_call *call);

/* Frees what the answer holds. */
void sqlite_call_clear(struct sqlite_call *call);

/* Notes what SQLite complains of. */
void sqlite_note_problem(struct sqlite_database *database, int code);

#endif
