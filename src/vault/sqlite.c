/*
 * The SQLite store: one prepared statement for each thing that the vault asks for. Every write is a
 * transaction of its own and on the disk when it returns. Trusts the file's rows for nothing but
 * being rows: tokens are sealed, and who opens them finds out what was moved or changed.
 */
#include "vault/sqlite.h"
#include "vault/sqlite_schema.h"
#include "base/arena.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum statement {
	PUT_GRANT,
	GET_GRANT,
	DELETE_GRANT,
	SPEND_ATTEMPT,
	REVOKE_SESSION,
	EACH_REVOKED,
	FORGET_REVOKED,
	FORGET_SPENT,
	DATA_VERSION,
	STATEMENTS,
};

/* Parameters are bound in their order. */
static const char *const texts[STATEMENTS] = {
	/* RFC 6749 6: "The authorization server MAY issue a new refresh token": when it does not,
	 * the old one stays, and its expiry unless the provider moved that. */
	[PUT_GRANT] = "INSERT INTO grants (login, subject, access_token, refresh_token, scope,"
		      "	access_expires_at, refresh_expires_at, created_at, key)"
		      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, CAST(substr(?3, 1, 4) AS BLOB))"
		      " ON CONFLICT (login, subject) DO UPDATE SET"
		      "	access_token = excluded.access_token,"
		      "	refresh_token = coalesce(excluded.refresh_token, refresh_token),"
		      "	scope = excluded.scope,"
		      "	access_expires_at = excluded.access_expires_at,"
		      "	refresh_expires_at = coalesce(excluded.refresh_expires_at,"
		      "		iif(excluded.refresh_token IS NULL, refresh_expires_at, NULL)),"
		      "	created_at = excluded.created_at",
	[GET_GRANT] = "SELECT access_token, refresh_token, scope, access_expires_at,"
		      "	refresh_expires_at"
		      " FROM grants WHERE login = ? AND subject = ?",
	[DELETE_GRANT] = "DELETE FROM grants WHERE login = ? AND subject = ?",
	/* One statement, so that of two processes exactly one sees no repeat. */
	[SPEND_ATTEMPT] = "INSERT INTO spent_attempts (id, code_hash, repeats, expires_at)"
			  " VALUES (?, ?, 0, ?)"
			  " ON CONFLICT (id) DO UPDATE SET repeats = repeats + 1"
			  " RETURNING repeats, code_hash",
	[REVOKE_SESSION] =
		"INSERT OR REPLACE INTO revocations (id, expires_at) VALUES (?1,"
		"	max(?2, coalesce((SELECT expires_at FROM revocations WHERE id = ?1), 0)))",
	[EACH_REVOKED] = "SELECT id, expires_at FROM revocations WHERE expires_at > ?",
	[FORGET_REVOKED] = "DELETE FROM revocations WHERE expires_at <= ?",
	[FORGET_SPENT] = "DELETE FROM spent_attempts WHERE expires_at <= ?",
	/* Another number after another connection has written. */
	[DATA_VERSION] = "PRAGMA data_version",
};

struct sqlite {
	sqlite3 *database;
	sqlite3_stmt *statement[STATEMENTS];
	int64_t data_version;
	char problem[256];
};

/* One use of a statement: what is bound, in order; the first failure sticks. */
struct query {
	struct sqlite *store;
	sqlite3_stmt *statement;
	int bound;
	int code;
};

static struct query query(struct sqlite *store, enum statement which)
{
	return (struct query){.store = store, .statement = store->statement[which]};
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

static void bind_time(struct query *query, int64_t time)
{
	if (query->code != SQLITE_OK)
		return;
	query->bound++;
	query->code = time == PK_TIME_UNKNOWN
			      ? sqlite3_bind_null(query->statement, query->bound)
			      : sqlite3_bind_int64(query->statement, query->bound, time);
}

/* Whether there is another row. */
static bool next_row(struct query *query)
{
	if (query->code == SQLITE_OK || query->code == SQLITE_ROW)
		query->code = sqlite3_step(query->statement);
	return query->code == SQLITE_ROW;
}

/* Ends the use. Only SQLITE_DONE means that a write is on the disk. */
static enum vault_result finish(struct query *query)
{
	while (next_row(query))
		;

	const bool done = query->code == SQLITE_DONE;

	if (!done)
		(void)snprintf(query->store->problem, sizeof(query->store->problem), "SQLite: %s",
			       sqlite3_errmsg(query->store->database));
	(void)sqlite3_reset(query->statement); /* repeats the error that next_row() saw */
	(void)sqlite3_clear_bindings(query->statement);
	return done ? VAULT_OK : VAULT_DOWN;
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

/* Makes an empty file, which SQLite then fills, because SQLite's own would be readable to others;
 * its log takes the mode over. One that exists is not even opened: closing it again would take the
 * locks away that SQLite may hold on it in this process. */
static bool make_file(const char *path)
{
	const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST;
	return close(fd) == 0;
}

static bool prepare_statements(struct sqlite *store)
{
	for (size_t i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(store->database, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &store->statement[i], NULL) != SQLITE_OK)
			return false;
	return true;
}

struct sqlite *sqlite_open(const char *path, char *error, size_t error_size)
{
	struct sqlite *store = calloc(1, sizeof(*store));
	char full[PATH_MAX], problem[160];

	if (!store) {
		(void)snprintf(error, error_size, "out of memory");
		return NULL;
	}
	/* A relative path must not be taken for one of SQLite's words: ":memory:", "file:...". */
	const int len = snprintf(full, sizeof(full), "%s%s", path[0] == '/' ? "" : "./", path);

	if (len < 0 || (size_t)len >= sizeof(full))
		(void)snprintf(problem, sizeof(problem), "%s", strerror(ENAMETOOLONG));
	else if (!make_file(full))
		(void)snprintf(problem, sizeof(problem), "%s", strerror(errno));
	else if (sqlite3_open_v2(full, &store->database, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		(void)snprintf(problem, sizeof(problem), "%s", sqlite3_errmsg(store->database));
	else if (sqlite_schema_prepare(store->database, problem, sizeof(problem))) {
		if (prepare_statements(store))
			return store;
		(void)snprintf(problem, sizeof(problem), "%s", sqlite3_errmsg(store->database));
	}
	(void)snprintf(error, error_size, "vault %s: %s", path, problem);
	sqlite_close(store);
	return NULL;
}

void sqlite_close(struct sqlite *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < STATEMENTS; i++)
		(void)sqlite3_finalize(store->statement[i]);
	(void)sqlite3_close(store->database);
	free(store);
}

const char *sqlite_problem(const struct sqlite *store)
{
	return store->problem;
}

enum vault_result sqlite_put_grant(struct sqlite *store, const struct sealed_grant *grant,
				   int64_t now)
{
	struct query put = query(store, PUT_GRANT);

	bind_text(&put, grant->login);
	bind_text(&put, grant->subject);
	bind_bytes(&put, grant->access_token.ptr, grant->access_token.len);
	bind_bytes(&put, grant->refresh_token.ptr, grant->refresh_token.len);
	bind_text(&put, grant->scope);
	bind_time(&put, grant->access_expires_at);
	bind_time(&put, grant->refresh_expires_at);
	bind_time(&put, now);
	return finish(&put);
}

/* Copies what the row has; "not given" stays so. */
static bool copy_column(const struct query *query, int column, struct pk_arena *arena,
			struct pk_str *ret)
{
	*ret = (struct pk_str){0};
	return sqlite3_column_type(query->statement, column) == SQLITE_NULL ||
	       pk_arena_copy(arena, column_bytes(query, column), ret) == PK_OK;
}

enum vault_result sqlite_get_grant(struct sqlite *store, struct pk_arena *arena,
				   struct pk_str login, struct pk_str subject,
				   struct sealed_grant *ret)
{
	struct query get = query(store, GET_GRANT);
	bool found = false, fits = true;

	bind_text(&get, login);
	bind_text(&get, subject);
	if (next_row(&get)) {
		found = true;
		fits = pk_arena_copy(arena, login, &ret->login) == PK_OK &&
		       pk_arena_copy(arena, subject, &ret->subject) == PK_OK &&
		       copy_column(&get, 0, arena, &ret->access_token) &&
		       copy_column(&get, 1, arena, &ret->refresh_token) &&
		       copy_column(&get, 2, arena, &ret->scope);
		ret->access_expires_at = column_time(&get, 3);
		ret->refresh_expires_at = column_time(&get, 4);
	}
	if (finish(&get) != VAULT_OK)
		return VAULT_DOWN;
	if (!fits) {
		(void)snprintf(store->problem, sizeof(store->problem),
			       "the grant is larger than the memory that was given for it");
		return VAULT_DOWN;
	}
	return found ? VAULT_OK : VAULT_NONE;
}

enum vault_result sqlite_delete_grant(struct sqlite *store, struct pk_str login,
				      struct pk_str subject)
{
	struct query delete = query(store, DELETE_GRANT);

	bind_text(&delete, login);
	bind_text(&delete, subject);
	if (finish(&delete) != VAULT_OK)
		return VAULT_DOWN;
	return sqlite3_changes(store->database) ? VAULT_OK : VAULT_NONE;
}

enum spend_result sqlite_spend_attempt(struct sqlite *store, const uint8_t id[static ATTEMPT_ID],
				       const uint8_t code_hash[static CODE_HASH],
				       int64_t expires_at)
{
	const struct pk_str hash = {(const char *)code_hash, CODE_HASH};
	struct query spend = query(store, SPEND_ATTEMPT);
	enum spend_result result = SPEND_DOWN;

	bind_bytes(&spend, id, ATTEMPT_ID);
	bind_bytes(&spend, code_hash, CODE_HASH);
	bind_time(&spend, expires_at);
	if (next_row(&spend)) {
		if (sqlite3_column_int64(spend.statement, 0) == 0)
			result = SPEND_FIRST;
		else if (pk_str_equal(column_bytes(&spend, 1), hash))
			result = SPEND_SAME_CODE;
		else
			result = SPEND_OTHER_CODE;
	}
	/* The row is shown before it is on the disk. */
	return finish(&spend) == VAULT_OK ? result : SPEND_DOWN;
}

enum vault_result sqlite_revoke_session(struct sqlite *store, const uint8_t id[static SESSION_ID],
					int64_t expires_at)
{
	struct query revoke = query(store, REVOKE_SESSION);

	bind_bytes(&revoke, id, SESSION_ID);
	bind_time(&revoke, expires_at);
	return finish(&revoke);
}

static enum vault_result forget(struct sqlite *store, enum statement which, int64_t now)
{
	struct query old = query(store, which);

	bind_time(&old, now);
	return finish(&old);
}

enum vault_result sqlite_each_revoked(struct sqlite *store, int64_t now,
				      void (*each)(const uint8_t id[static SESSION_ID],
						   int64_t expires_at, void *arg),
				      void *arg)
{
	struct query revoked = query(store, EACH_REVOKED);

	bind_time(&revoked, now);
	while (next_row(&revoked)) {
		const struct pk_str id = column_bytes(&revoked, 0);

		if (id.len == SESSION_ID)
			each((const uint8_t *)id.ptr, sqlite3_column_int64(revoked.statement, 1),
			     arg);
	}
	/* Forgetting comes last: those that count have been told by then, even with a full disk. */
	if (finish(&revoked) != VAULT_OK || forget(store, FORGET_REVOKED, now) != VAULT_OK)
		return VAULT_DOWN;
	return forget(store, FORGET_SPENT, now);
}

enum vault_result sqlite_poll(struct sqlite *store, bool *ret_changed)
{
	struct query ask = query(store, DATA_VERSION);
	int64_t version = store->data_version;

	if (next_row(&ask))
		version = sqlite3_column_int64(ask.statement, 0);

	const enum vault_result result = finish(&ask);

	*ret_changed = version != store->data_version;
	store->data_version = version;
	return result;
}
