/*
 * What the SQLite store is asked, a prepared statement or two for each. Trusts the file's rows for
 * nothing but being rows: tokens are sealed, and who opens them finds out what was moved or changed.
 */
#include "vault/sqlite_calls.h"
#include "base/text.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum statement {
	PUT,
	GET,
	GET_ANY,
	LEAVE,
	LEAVE_AGAIN,
	DELETE,
	LEASE,
	RENEW,
	FINISH,
	RESEAL,
	DUE,
	NEXT_DUE,
	LIST,
	LIST_LOGIN,
	LIST_SEALED,
	FIND,
	STATE,
	COUNT_ONE,
	COUNT,
	SPEND,
	REVOKE,
	REVOKE_ALL,
	REVOKED,
	FORGET_REVOKED,
	FORGET_SPENT,
	STATEMENTS,
};
_Static_assert(STATEMENTS <= SQLITE_STATEMENTS_MAX, "there is room for all statements");

/* As copy_row() reads them and bind_grant() writes them. */
#define COLUMNS_BUT(seals)                                                                         \
	"login, subject, version, key, " seals ", scope, session,"                                 \
	" access_expires_at, refresh_expires_at, refresh_at, state, failures, fault,"              \
	" created_at, refreshed_at, sent_at"
#define COLUMNS COLUMNS_BUT("access_token, refresh_token, id_token")
#define COLUMNS_WITHOUT_SEALS COLUMNS_BUT("NULL, NULL, NULL")

_Static_assert(GRANT_ENDED == 2 && GRANT_LEAVING == 3, "as in the texts");

/* Parameters are bound in their order, times of leases in milliseconds. State 3 is a grant that is
 * leaving: no grant any more but for few. */
static const char *const texts[STATEMENTS] = {
	/* RFC 6749 6: "The authorization server MAY issue a new refresh token": when it does not,
	 * the old one stays, its expiry unless the provider moved that, and the note which key
	 * sealed it: it must not be overlooked when that key goes. */
	[PUT] = "INSERT INTO grants (" COLUMNS ")"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)"
		" ON CONFLICT (login, subject) DO UPDATE SET"
		"	version = version + 1,"
		"	key = iif(excluded.refresh_token IS NULL AND refresh_token IS NOT NULL"
		"		AND state <> 3, key, excluded.key),"
		"	access_token = excluded.access_token,"
		"	refresh_token = coalesce(excluded.refresh_token,"
		"		iif(state <> 3, refresh_token, NULL)),"
		"	id_token = excluded.id_token,"
		"	scope = excluded.scope,"
		"	session = excluded.session,"
		"	access_expires_at = excluded.access_expires_at,"
		"	refresh_expires_at = coalesce(excluded.refresh_expires_at,"
		"		iif(excluded.refresh_token IS NULL AND state <> 3,"
		"			refresh_expires_at, NULL)),"
		"	refresh_at = excluded.refresh_at,"
		"	state = excluded.state,"
		"	failures = excluded.failures,"
		"	fault = excluded.fault,"
		"	created_at = excluded.created_at,"
		"	refreshed_at = excluded.refreshed_at,"
		"	sent_at = NULL, lease_owner = NULL, lease_until = NULL",
	[GET] = "SELECT " COLUMNS " FROM grants WHERE login = ? AND subject = ? AND state <> 3",
	[GET_ANY] = "SELECT " COLUMNS " FROM grants WHERE login = ? AND subject = ?",
	[LEAVE] = "UPDATE grants SET version = version + 1, state = 3, refresh_at = ?5,"
		  "	lease_owner = ?3, lease_until = ?4"
		  " WHERE login = ?1 AND subject = ?2 AND state <> 3 RETURNING " COLUMNS,
	[LEAVE_AGAIN] = "UPDATE grants SET lease_owner = ?3, lease_until = ?4"
			" WHERE login = ?1 AND subject = ?2 AND state = 3"
			"	AND (lease_owner IS NULL OR lease_owner = ?3 OR lease_until <= ?5)"
			" RETURNING " COLUMNS,
	[DELETE] = "DELETE FROM grants WHERE login = ?1 AND subject = ?2"
		   "	AND (?3 IS NULL OR lease_owner = ?3) RETURNING " COLUMNS,
	[LEASE] = "UPDATE grants SET lease_owner = ?3, lease_until = ?4"
		  " WHERE login = ?1 AND subject = ?2 AND state <> 3"
		  "	AND (lease_owner IS NULL OR lease_owner = ?3 OR lease_until <= ?5)"
		  " RETURNING " COLUMNS,
	[RENEW] = "UPDATE grants SET lease_until = ?4, sent_at = coalesce(?6, sent_at)"
		  " WHERE login = ?1 AND subject = ?2 AND lease_owner = ?3 AND lease_until > ?5"
		  " RETURNING " COLUMNS,
	/* A lease that ended is still its owner's while nobody else has taken it. */
	[FINISH] = "UPDATE grants SET version = version + 1, key = ?, access_token = ?,"
		   "	refresh_token = ?, id_token = ?, scope = ?, session = ?,"
		   "	access_expires_at = ?, refresh_expires_at = ?, refresh_at = ?, state = ?,"
		   "	failures = ?, fault = ?, refreshed_at = ?,"
		   "	sent_at = ?, lease_owner = NULL, lease_until = NULL"
		   " WHERE login = ? AND subject = ? AND version = ? AND lease_owner = ?"
		   "	AND state <> 3"
		   " RETURNING " COLUMNS,
	[RESEAL] = "UPDATE grants SET version = version + 1, key = ?, access_token = ?,"
		   "	refresh_token = ?, id_token = ?"
		   " WHERE login = ? AND subject = ? AND version = ?"
		   "	AND (lease_owner IS NULL OR lease_until <= ?)"
		   " RETURNING " COLUMNS,
	/* The conditions on refresh_at and state are those of the index. */
	[DUE] = "SELECT " COLUMNS_WITHOUT_SEALS " FROM grants"
		" WHERE login = ? AND refresh_at IS NOT NULL AND state <> 2 AND refresh_at <= ?"
		"	AND (lease_owner IS NULL OR lease_until <= ?)"
		" ORDER BY refresh_at LIMIT ?",
	[NEXT_DUE] = "SELECT refresh_at FROM grants"
		     " WHERE login = ? AND refresh_at IS NOT NULL AND state <> 2"
		     "	AND refresh_at > ?"
		     " ORDER BY refresh_at LIMIT 1",
	[LIST] = "SELECT " COLUMNS " FROM grants WHERE (login, subject) > (?, ?) AND state <> 3"
		 " ORDER BY login, subject LIMIT ?",
	[LIST_LOGIN] = "SELECT " COLUMNS " FROM grants"
		       " WHERE login = ?3 AND (login, subject) > (?1, ?2) AND state <> 3"
		       " ORDER BY login, subject LIMIT ?4",
	[LIST_SEALED] = "SELECT " COLUMNS " FROM grants"
			" WHERE key = ? AND (login, subject) > (?, ?)"
			" ORDER BY login, subject LIMIT ?",
	[FIND] = "SELECT " COLUMNS " FROM grants"
		 " WHERE login = ?1 AND session = ?3 AND (?2 IS NULL OR subject = ?2)"
		 "	AND state <> 3"
		 " ORDER BY subject LIMIT ?4",
	[STATE] = "SELECT state FROM grants WHERE login = ? AND subject = ?",
	[COUNT_ONE] = "INSERT INTO grant_counts (state, grants) VALUES (?, ?)"
		      " ON CONFLICT (state) DO UPDATE SET grants = grants + excluded.grants",
	[COUNT] = "SELECT state, grants FROM grant_counts",
	/* One statement, so that of two processes exactly one sees no repeat. */
	[SPEND] = "INSERT INTO spent_attempts (id, code_hash, repeats, expires_at)"
		  " VALUES (?, ?, 0, ?)"
		  " ON CONFLICT (id) DO UPDATE SET repeats = repeats + 1"
		  " RETURNING repeats, code_hash",
	/* What is revoked again gets a new number, so that all hear of the later time. */
	[REVOKE] = "INSERT OR REPLACE INTO revocations (id, expires_at) VALUES (?1,"
		   "	max(?2, coalesce((SELECT expires_at FROM revocations WHERE id = ?1), 0)))",
	[REVOKE_ALL] = "INSERT OR REPLACE INTO revocations (login, subject, until, expires_at)"
		       " SELECT ?1, ?2, max(?3, coalesce(max(until), 0)),"
		       "	max(?4, coalesce(max(expires_at), 0))"
		       " FROM revocations WHERE login = ?1 AND subject = ?2",
	[REVOKED] = "SELECT number, id, login, subject, until, expires_at FROM revocations"
		    " WHERE number > ? AND expires_at > ? ORDER BY number LIMIT ?",
	[FORGET_REVOKED] = "DELETE FROM revocations WHERE expires_at <= ?",
	[FORGET_SPENT] = "DELETE FROM spent_attempts WHERE expires_at <= ?",
};

/* One use of a statement: what is bound, in order; the first failure sticks. */
struct query {
	struct sqlite_database *database;
	sqlite3_stmt *statement;
	int bound;
	int code;
};

static struct query query(struct sqlite_database *database, enum statement which)
{
	return (struct query){.database = database, .statement = database->statement[which]};
}

static void bind_text(struct query *query, struct pk_str text)
{
	if (query->code == SQLITE_OK)
		query->code = sqlite3_bind_text64(query->statement, ++query->bound, text.ptr,
						  text.len, SQLITE_STATIC, SQLITE_UTF8);
}

static void bind_bytes(struct query *query, const void *bytes, size_t size)
{
	if (query->code == SQLITE_OK)
		query->code = sqlite3_bind_blob64(query->statement, ++query->bound, bytes, size,
						  SQLITE_STATIC);
}

static void bind_seal(struct query *query, struct pk_str seal)
{
	bind_bytes(query, seal.ptr, seal.len);
}

static void bind_number(struct query *query, int64_t number)
{
	if (query->code == SQLITE_OK)
		query->code = sqlite3_bind_int64(query->statement, ++query->bound, number);
}

static void bind_time(struct query *query, int64_t time)
{
	if (time != PK_TIME_UNKNOWN)
		bind_number(query, time);
	else if (query->code == SQLITE_OK)
		query->code = sqlite3_bind_null(query->statement, ++query->bound);
}

static void bind_pair(struct query *query, struct pk_str login, struct pk_str subject)
{
	bind_text(query, login);
	bind_text(query, subject);
}

/* The key, the tokens, and what was learned with them: in the order of the columns. */
static void bind_seals(struct query *query, const struct stored_grant *grant)
{
	bind_bytes(query, grant->key, KEY_ID);
	bind_seal(query, grant->access_token);
	bind_seal(query, grant->refresh_token);
	bind_seal(query, grant->id_token);
}

static void bind_grant(struct query *query, const struct stored_grant *grant)
{
	bind_seals(query, grant);
	bind_text(query, grant->scope);
	bind_text(query, grant->session);
	bind_time(query, grant->access_expires_at);
	bind_time(query, grant->refresh_expires_at);
	bind_time(query, grant->refresh_at);
	bind_time(query, (int64_t)grant->state);
	bind_time(query, grant->failures);
	bind_text(query, grant->fault);
}

/* Whether there is another row. */
static bool next_row(struct query *query)
{
	if (query->code == SQLITE_OK || query->code == SQLITE_ROW)
		query->code = sqlite3_step(query->statement);
	return query->code == SQLITE_ROW;
}

void sqlite_note_problem(struct sqlite_database *database, int code)
{
	database->code = code;
	(void)snprintf(database->problem, sizeof(database->problem), "SQLite: %s",
		       code == SQLITE_NOMEM ? "out of memory" : sqlite3_errmsg(database->handle));
}

/* Ends the use. Only SQLITE_DONE means that all of it was done. */
static bool finish(struct query *query)
{
	while (next_row(query))
		;

	const bool done = query->code == SQLITE_DONE;

	if (!done)
		sqlite_note_problem(query->database, query->code);
	(void)sqlite3_reset(query->statement); /* repeats the error that next_row() saw */
	(void)sqlite3_clear_bindings(query->statement);
	return done;
}

static struct pk_str column_bytes(const struct query *query, int column)
{
	const void *bytes = sqlite3_column_blob(query->statement, column);

	return (struct pk_str){bytes, (size_t)sqlite3_column_bytes(query->statement, column)};
}

static int64_t column_time(const struct query *query, int column)
{
	return sqlite3_column_type(query->statement, column) == SQLITE_NULL
		       ? PK_TIME_UNKNOWN
		       : sqlite3_column_int64(query->statement, column);
}

/* Copies what the row has into `at`; "not given" stays so. Gives what is behind the copy. */
static char *copy_text(const struct query *query, int column, char *at, struct pk_str *ret)
{
	const struct pk_str text = column_bytes(query, column);

	*ret = (struct pk_str){0};
	if (sqlite3_column_type(query->statement, column) == SQLITE_NULL)
		return at;
	if (text.len)
		memcpy(at, text.ptr, text.len);
	*ret = (struct pk_str){at, text.len};
	return at + text.len;
}

static enum grant_state state_of(int64_t number)
{
	/* A state that is not ours was written by nobody who may say that all is well. */
	return number >= 0 && number < GRANT_STATES ? (enum grant_state)number : GRANT_ENDED;
}

/* Copies a row of COLUMNS; its texts are in the memory that comes back. */
static char *copy_row(const struct query *query, struct stored_grant *ret)
{
	static const int text_columns[] = {0, 1, 4, 5, 6, 7, 8, 14};
	size_t size = 1;
	char *memory, *at;

	for (size_t i = 0; i < sizeof(text_columns) / sizeof(text_columns[0]); i++)
		size += column_bytes(query, text_columns[i]).len;
	memory = at = malloc(size);
	if (!memory)
		return NULL;

	struct pk_str key;

	at = copy_text(query, 0, at, &ret->login);
	at = copy_text(query, 1, at, &ret->subject);
	ret->version = sqlite3_column_int64(query->statement, 2);
	key = column_bytes(query, 3);
	if (key.len == KEY_ID)
		memcpy(ret->key, key.ptr, KEY_ID);
	at = copy_text(query, 4, at, &ret->access_token);
	at = copy_text(query, 5, at, &ret->refresh_token);
	at = copy_text(query, 6, at, &ret->id_token);
	at = copy_text(query, 7, at, &ret->scope);
	at = copy_text(query, 8, at, &ret->session);
	ret->access_expires_at = column_time(query, 9);
	ret->refresh_expires_at = column_time(query, 10);
	ret->refresh_at = column_time(query, 11);
	ret->state = state_of(column_time(query, 12));
	ret->failures = sqlite3_column_int64(query->statement, 13);
	at = copy_text(query, 14, at, &ret->fault);
	ret->created_at = column_time(query, 15);
	ret->refreshed_at = column_time(query, 16);
	ret->sent_at = column_time(query, 17);
	(void)at;
	return memory;
}

/* Copies the rows, `limit` at most, into the answer, and ends the query. */
static bool take_rows(struct query *query, struct sqlite_call *call, size_t limit)
{
	call->rows = calloc(limit, sizeof(*call->rows));
	call->texts = calloc(limit, sizeof(*call->texts));
	if (!call->rows || !call->texts)
		query->code = SQLITE_NOMEM;
	while (call->answer.count < limit && next_row(query)) {
		char *row = copy_row(query, &call->rows[call->answer.count]);

		if (row)
			call->texts[call->answer.count++] = row;
		else
			query->code = SQLITE_NOMEM;
	}
	call->answer.grant = call->rows;
	return finish(query);
}

void sqlite_call_clear(struct sqlite_call *call)
{
	for (size_t i = 0; i < call->answer.count; i++)
		free(call->texts[i]);
	for (size_t i = 0; i < call->answer.revoked_count; i++)
		free((void *)call->revoked_rows[i].login.ptr);
	free(call->texts);
	free(call->rows);
	call->texts = NULL;
	call->rows = NULL;
	call->answer = (struct store_answer){0};
}

/* The clock of leases: this machine's, which all who share the file live on. */
static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Versions of a row begin with the time: one that a row had before it was deleted never comes
 * again. */
static int64_t first_version(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The state that the call's grant has in the database; GRANT_STATES: there is none. */
static bool read_state(struct sqlite_database *database, const struct sqlite_call *call,
		       enum grant_state *ret)
{
	struct query state = query(database, STATE);

	bind_pair(&state, call->grant.login, call->grant.subject);
	*ret = next_row(&state) ? state_of(column_time(&state, 0)) : GRANT_STATES;
	return finish(&state);
}

static bool add_to_count(struct sqlite_database *database, enum grant_state state, int64_t more)
{
	struct query count = query(database, COUNT_ONE);

	bind_number(&count, (int64_t)state);
	bind_number(&count, more);
	return finish(&count);
}

/* A grant goes from one state to another, where GRANT_STATES is that there is none. In the
 * transaction that changes it; most changes change no count. */
static bool count_grant(struct sqlite_database *database, enum grant_state from,
			enum grant_state to)
{
	if (from == to)
		return true;
	return (from == GRANT_STATES || add_to_count(database, from, -1)) &&
	       (to == GRANT_STATES || add_to_count(database, to, 1));
}

static bool run_put(struct sqlite_database *database, struct sqlite_call *call)
{
	struct query put = query(database, PUT);
	enum grant_state before;

	if (!read_state(database, call, &before) ||
	    !count_grant(database, before, call->grant.state))
		return false;
	bind_pair(&put, call->grant.login, call->grant.subject);
	bind_time(&put, first_version());
	bind_grant(&put, &call->grant);
	bind_time(&put, call->grant.created_at);
	bind_time(&put, call->grant.refreshed_at);
	return finish(&put);
}

/* One row or none. */
static bool run_pair(struct sqlite_database *database, struct sqlite_call *call,
		     enum statement which)
{
	struct query pair = query(database, which);

	bind_pair(&pair, call->grant.login, call->grant.subject);
	if (!take_rows(&pair, call, 1))
		return false;
	if (!call->answer.count)
		call->answer.result = VAULT_NONE;
	return true;
}

static bool run_get(struct sqlite_database *database, struct sqlite_call *call)
{
	return run_pair(database, call, GET);
}

static bool run_delete(struct sqlite_database *database, struct sqlite_call *call)
{
	struct query delete = query(database, DELETE);

	bind_pair(&delete, call->grant.login, call->grant.subject);
	bind_bytes(&delete, call->owned ? call->id : NULL, LEASE_OWNER);
	if (!take_rows(&delete, call, 1))
		return false;
	if (!call->answer.count) {
		call->answer.result = VAULT_NONE;
		return true;
	}
	return count_grant(database, call->rows[0].state, GRANT_STATES);
}

/* Ends a query that gives the row where it changed one. Where it did not, the row is there, as
 * `look` sees it, and somebody else's, or it is not there. */
static bool take_changed(struct query *change, struct sqlite_call *call, enum statement look)
{
	struct sqlite_database *database = change->database;

	if (!take_rows(change, call, 1))
		return false;
	if (call->answer.count)
		return true;
	sqlite_call_clear(call);
	if (!run_pair(database, call, look))
		return false;
	if (call->answer.count)
		call->answer.result = VAULT_BUSY;
	return true;
}

static bool run_leave(struct sqlite_database *database, struct sqlite_call *call)
{
	struct query leave = query(database, call->again ? LEAVE_AGAIN : LEAVE);
	const int64_t now = milliseconds();
	enum grant_state before;

	if (!read_state(database, call, &before))
		return false;
	bind_pair(&leave, call->grant.login, call->grant.subject);
	bind_bytes(&leave, call->id, LEASE_OWNER);
	bind_time(&leave, now + call->seconds * 1000);
	bind_time(&leave, call->again ? now : call->time);
	if (!take_changed(&leave, call, call->again ? GET_ANY : GET))
		return false;
	if (call->answer.result == VAULT_BUSY && call->rows[0].state != GRANT_LEAVING) {
		sqlite_call_clear(call); /* a login has come */
		call->answer.result = VAULT_NONE;
	}
	return call->answer.result != VAULT_OK || count_grant(database, before, GRANT_LEAVING);
}

static bool run_lease(struct sqlite_database *database, struct sqlite_call *call)
{
	struct query lease = query(database, LEASE);
	const int64_t now = milliseconds();

	bind_pair(&lease, call->grant.login, call->grant.subject);
	bind_bytes(&lease, call->id, LEASE_OWNER);
	bind_time(&lease, now + call->seconds * 1000);
	bind_time(&lease, now);
	return take_changed(&lease, call, GET);
}

static bool run_renew(struct sqlite_database *database, struct sqlite_call *call)
{
	struct query renew = query(database, RENEW);
	const int64_t now = milliseconds();

	bind_pair(&renew, call->grant.login, call->grant.subject);
	bind_bytes(&renew, call->id, LEASE_OWNER);
	bind_time(&renew, now + call->seconds * 1000);
	bind_time(&renew, now);
	bind_time(&renew, call->time);
	return take_changed(&renew, call, GET);
}

static bool run_finish(struct sqlite_database *database, struct sqlite_call *call)
{
	struct query update = query(database, FINISH);
	enum grant_state before;

	if (!read_state(database, call, &before))
		return false;
	bind_grant(&update, &call->grant);
	bind_time(&update, call->grant.refreshed_at);
	bind_time(&update, call->grant.sent_at);
	bind_pair(&update, call->grant.login, call->grant.subject);
	bind_time(&update, call->grant.version);
	bind_bytes(&update, call->id, LEASE_OWNER);
	return take_changed(&update, call, GET) &&
	       (call->answer.result != VAULT_OK ||
		count_grant(database, before, call->grant.state));
}

static bool run_reseal(struct sqlite_database *database, struct sqlite_call *call)
{
	struct query update = query(database, RESEAL);

	bind_seals(&update, &call->grant);
	bind_pair(&update, call->grant.login, call->grant.subject);
	bind_time(&update, call->grant.version);
	bind_time(&update, milliseconds());
	return take_changed(&update, call, GET_ANY);
}

static bool run_due(struct sqlite_database *database, struct sqlite_call *call)
{
	struct query due = query(database, DUE), next = query(database, NEXT_DUE);

	bind_text(&due, call->grant.login);
	bind_time(&due, call->time);
	bind_time(&due, milliseconds());
	bind_time(&due, (int64_t)call->limit);
	if (!take_rows(&due, call, call->limit))
		return false;
	if (call->answer.count) {
		call->answer.number = call->rows[0].refresh_at;
		return true;
	}
	bind_text(&next, call->grant.login);
	bind_time(&next, call->time);
	call->answer.number = next_row(&next) ? column_time(&next, 0) : PK_TIME_UNKNOWN;
	return finish(&next);
}

static void bind_after(struct query *query, const struct sqlite_call *call)
{
	/* Nothing is before the empty text, and no login is empty. */
	bind_text(query, call->after_login.ptr ? call->after_login : PK_STR(""));
	bind_text(query, call->after_subject.ptr ? call->after_subject : PK_STR(""));
}

static bool run_list(struct sqlite_database *database, struct sqlite_call *call)
{
	const bool one = call->grant.login.ptr;
	struct query list = query(database, one ? LIST_LOGIN : LIST);

	bind_after(&list, call);
	if (one)
		bind_text(&list, call->grant.login);
	bind_time(&list, (int64_t)call->limit);
	return take_rows(&list, call, call->limit);
}

static bool run_list_sealed(struct sqlite_database *database, struct sqlite_call *call)
{
	struct query list = query(database, LIST_SEALED);

	bind_bytes(&list, call->grant.key, KEY_ID);
	bind_after(&list, call);
	bind_time(&list, (int64_t)call->limit);
	return take_rows(&list, call, call->limit);
}

static bool run_find(struct sqlite_database *database, struct sqlite_call *call)
{
	struct query find = query(database, FIND);

	if (!call->grant.session.ptr) {
		const bool ran = run_get(database, call);

		call->answer.result = VAULT_OK;
		return ran;
	}
	bind_pair(&find, call->grant.login, call->grant.subject);
	bind_text(&find, call->grant.session);
	bind_time(&find, (int64_t)call->limit);
	return take_rows(&find, call, call->limit);
}

static bool run_count(struct sqlite_database *database, struct sqlite_call *call)
{
	struct query count = query(database, COUNT);

	while (next_row(&count))
		call->answer.counts[state_of(column_time(&count, 0))] = column_time(&count, 1);
	return finish(&count);
}

static bool run_spend(struct sqlite_database *database, struct sqlite_call *call)
{
	const struct pk_str hash = {(const char *)call->code_hash, CODE_HASH};
	struct query spend = query(database, SPEND);

	call->answer.spend = SPEND_DOWN;
	bind_bytes(&spend, call->id, ATTEMPT_ID);
	bind_bytes(&spend, call->code_hash, CODE_HASH);
	bind_time(&spend, call->time);
	if (next_row(&spend)) {
		if (sqlite3_column_int64(spend.statement, 0) == 0)
			call->answer.spend = SPEND_FIRST;
		else if (pk_str_equal(column_bytes(&spend, 1), hash))
			call->answer.spend = SPEND_SAME_CODE;
		else
			call->answer.spend = SPEND_OTHER_CODE;
	}
	return finish(&spend);
}

static bool run_revoke(struct sqlite_database *database, struct sqlite_call *call)
{
	const bool all = call->revoked.login.ptr;
	struct query revoke = query(database, all ? REVOKE_ALL : REVOKE);

	if (all) {
		bind_pair(&revoke, call->revoked.login, call->revoked.subject);
		bind_time(&revoke, call->revoked.until);
	} else {
		bind_bytes(&revoke, call->revoked.id, SESSION_ID);
	}
	bind_time(&revoke, call->revoked.expires_at);
	return finish(&revoke);
}

/* Copies a row of REVOKED; its texts are in one piece of memory, which `login` begins. */
static bool copy_revoked(const struct query *query, struct revoked_session *ret)
{
	const struct pk_str id = column_bytes(query, 1);

	*ret = (struct revoked_session){.until = sqlite3_column_int64(query->statement, 4),
					.expires_at = sqlite3_column_int64(query->statement, 5)};
	if (id.len == SESSION_ID) {
		memcpy(ret->id, id.ptr, SESSION_ID);
		return true;
	}

	char *at = malloc(column_bytes(query, 2).len + column_bytes(query, 3).len + 1);

	if (!at)
		return false;
	at = copy_text(query, 2, at, &ret->login);
	(void)copy_text(query, 3, at, &ret->subject);
	return true;
}

static bool run_revoked(struct sqlite_database *database, struct sqlite_call *call)
{
	struct query revoked = query(database, REVOKED);

	call->answer.number = call->cursor;
	bind_time(&revoked, call->cursor);
	bind_time(&revoked, call->time);
	bind_time(&revoked, (int64_t)call->limit);
	while (next_row(&revoked)) {
		if (!copy_revoked(&revoked, &call->revoked_rows[call->answer.revoked_count])) {
			revoked.code = SQLITE_NOMEM;
			break;
		}
		call->answer.revoked_count++;
		call->answer.number = sqlite3_column_int64(revoked.statement, 0);
	}
	call->answer.revoked = call->revoked_rows;
	call->answer.more = call->answer.revoked_count == call->limit;
	return finish(&revoked);
}

static bool run_forget(struct sqlite_database *database, struct sqlite_call *call)
{
	struct query revoked = query(database, FORGET_REVOKED),
		     spent = query(database, FORGET_SPENT);

	bind_time(&revoked, call->time);
	bind_time(&spent, call->time);
	return finish(&revoked) && finish(&spent);
}

static const struct {
	bool writes;
	bool (*run)(struct sqlite_database *database, struct sqlite_call *call);
} operations[OP__MAX] = {
	[OP_PUT] = {true, run_put},
	[OP_GET] = {false, run_get},
	[OP_LEAVE] = {true, run_leave},
	[OP_DELETE] = {true, run_delete},
	[OP_LEASE] = {true, run_lease},
	[OP_RENEW] = {true, run_renew},
	[OP_FINISH] = {true, run_finish},
	[OP_RESEAL] = {true, run_reseal},
	[OP_DUE] = {false, run_due},
	[OP_LIST] = {false, run_list},
	[OP_LIST_SEALED] = {false, run_list_sealed},
	[OP_FIND] = {false, run_find},
	[OP_COUNT] = {false, run_count},
	[OP_SPEND] = {true, run_spend},
	[OP_REVOKE] = {true, run_revoke},
	[OP_REVOKED] = {false, run_revoked},
	[OP_FORGET] = {true, run_forget},
};

bool sqlite_call_writes(enum sqlite_op op)
{
	return operations[op].writes;
}

bool sqlite_call_run(struct sqlite_database *database, struct sqlite_call *call)
{
	sqlite_call_clear(call);
	return operations[call->op].run(database, call);
}

bool sqlite_prepare(struct sqlite_database *database)
{
	for (size_t i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(database->handle, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &database->statement[i], NULL) != SQLITE_OK)
			return false;
	return true;
}

void sqlite_finalize(struct sqlite_database *database)
{
	for (size_t i = 0; i < STATEMENTS; i++)
		(void)sqlite3_finalize(database->statement[i]);
}
