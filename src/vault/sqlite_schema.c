/*
 * What is in the database file: the connection's settings, the tables, and the steps from each
 * version of them to the next. The file may be somebody else's, or written by an attacker: nothing
 * that it brings along (triggers, views, functions in its schema) is run.
 */
#include "vault/sqlite_schema.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define APPLICATION_ID 0x70666b79 /* "pfky", so that file(1) and we know a vault when we see it */
#define BUSY_MILLISECONDS 2000
#define VALUE_MAX (1024 * 1024) /* bytes: no token, and no row, is larger */

/* migrations[n] makes version n + 1 of version n. One that has been released never changes. */
static const char *const migrations[] = {
	"CREATE TABLE grants ("
	"	login TEXT NOT NULL,"
	"	subject TEXT NOT NULL,"
	"	access_token BLOB NOT NULL,"
	"	refresh_token BLOB,"
	"	scope TEXT,"
	"	access_expires_at INTEGER,"
	"	refresh_expires_at INTEGER,"
	"	updated_at INTEGER NOT NULL,"
	"	PRIMARY KEY (login, subject)"
	") STRICT;"
	"CREATE TABLE spent_attempts ("
	"	id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),"
	"	code_hash BLOB NOT NULL CHECK (length(code_hash) = 16),"
	"	repeats INTEGER NOT NULL,"
	"	expires_at INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX spent_attempts_by_expiry ON spent_attempts (expires_at);"
	"CREATE TABLE revoked_sessions ("
	"	id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),"
	"	expires_at INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX revoked_sessions_by_expiry ON revoked_sessions (expires_at);",

	/* A seal begins with the id of its key. What version 1 stored is due shortly before it
	 * expires; it had no refreshing, so the rest is as after a login. lease_until is in
	 * milliseconds. A revocation's number is never used again: it is the cursor of those who
	 * read them. */
	"ALTER TABLE grants RENAME COLUMN updated_at TO created_at;"
	"ALTER TABLE grants ADD COLUMN version INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE grants ADD COLUMN key BLOB NOT NULL DEFAULT x'00000000';"
	"ALTER TABLE grants ADD COLUMN id_token BLOB;"
	"ALTER TABLE grants ADD COLUMN session TEXT;"
	"ALTER TABLE grants ADD COLUMN refresh_at INTEGER;"
	"ALTER TABLE grants ADD COLUMN state INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE grants ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE grants ADD COLUMN fault TEXT;"
	"ALTER TABLE grants ADD COLUMN refreshed_at INTEGER;"
	"ALTER TABLE grants ADD COLUMN sent_at INTEGER;"
	"ALTER TABLE grants ADD COLUMN lease_owner BLOB;"
	"ALTER TABLE grants ADD COLUMN lease_until INTEGER;"
	"UPDATE grants SET key = CAST(substr(access_token, 1, 4) AS BLOB),"
	"	refresh_at = iif(refresh_token IS NULL, NULL,"
	"		max(created_at, access_expires_at - 300));"
	"CREATE INDEX grants_by_refresh ON grants (refresh_at)"
	"	WHERE refresh_at IS NOT NULL AND state <> 2;"
	"CREATE INDEX grants_by_key ON grants (key, login, subject);"
	"CREATE INDEX grants_by_session ON grants (login, session, subject)"
	"	WHERE session IS NOT NULL;"
	"CREATE INDEX grants_by_state ON grants (state);"
	"CREATE TABLE revocations ("
	"	number INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	id BLOB UNIQUE CHECK (length(id) = 16),"
	"	login TEXT,"
	"	subject TEXT,"
	"	until INTEGER NOT NULL DEFAULT 0,"
	"	expires_at INTEGER NOT NULL,"
	"	UNIQUE (login, subject),"
	"	CHECK ((id IS NULL) <> (login IS NULL) AND (login IS NULL) = (subject IS NULL))"
	") STRICT;"
	"CREATE INDEX revocations_by_expiry ON revocations (expires_at);"
	"INSERT INTO revocations (id, expires_at) SELECT id, expires_at FROM revoked_sessions;"
	"DROP TABLE revoked_sessions;",

	/* What is due is asked for login by login: one whose provider is away keeps nobody else's
	 * from being seen. The counts are kept by each write, see count_grant(). */
	"DROP INDEX grants_by_refresh;"
	"DROP INDEX grants_by_state;"
	"CREATE INDEX grants_by_refresh ON grants (login, refresh_at)"
	"	WHERE refresh_at IS NOT NULL AND state <> 2;"
	"CREATE TABLE grant_counts (state INTEGER PRIMARY KEY, grants INTEGER NOT NULL) STRICT;"
	"INSERT INTO grant_counts SELECT iif(state IN (0, 1), state, 2), count(*)"
	"	FROM grants GROUP BY 1;",
};

#define VERSION ((int64_t)(sizeof(migrations) / sizeof(migrations[0])))

static bool configure(sqlite3 *database)
{
	static const struct {
		int option;
		int value;
	} options[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
		{SQLITE_DBCONFIG_ENABLE_FKEY, 1},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (sqlite3_db_config(database, options[i].option, options[i].value, NULL) !=
		    SQLITE_OK)
			return false;
	(void)sqlite3_limit(database, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	/* FULL: what is said to be stored is on the disk. secure_delete: what was deleted is
	 * overwritten. cache_size: 64 MiB at most hold the inner pages of ten million rows. */
	return sqlite3_busy_timeout(database, BUSY_MILLISECONDS) == SQLITE_OK &&
	       sqlite3_exec(database,
			    "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
			    "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536",
			    NULL, NULL, NULL) == SQLITE_OK;
}

/* The one whole number that a query gives. */
static bool read_number(sqlite3 *database, const char *query, int64_t *ret)
{
	sqlite3_stmt *statement;
	bool ok;

	if (sqlite3_prepare_v2(database, query, -1, &statement, NULL) != SQLITE_OK)
		return false;
	ok = sqlite3_step(statement) == SQLITE_ROW;
	if (ok)
		*ret = sqlite3_column_int64(statement, 0);
	return sqlite3_finalize(statement) == SQLITE_OK && ok;
}

/* Whether this database is for us to write to; the sentence why not, or NULL. */
static const char *recognize(sqlite3 *database, int64_t *ret_version)
{
	int64_t application, tables;

	if (!read_number(database, "PRAGMA application_id", &application) ||
	    !read_number(database, "PRAGMA user_version", ret_version) ||
	    !read_number(database, "SELECT count(*) FROM sqlite_schema", &tables))
		return sqlite3_errmsg(database);
	if (application != APPLICATION_ID && (application || *ret_version || tables))
		return "it is a database of another program";
	if (*ret_version < 0 || *ret_version > VERSION)
		return "it was written by a newer version of this program";
	return NULL;
}

/* Inside of a transaction: two processes that start at once migrate once. */
static const char *migrate(sqlite3 *database)
{
	int64_t version;
	char pragmas[96];
	const char *problem = recognize(database, &version);

	if (problem || version == VERSION)
		return problem;
	for (; version < VERSION; version++)
		if (sqlite3_exec(database, migrations[version], NULL, NULL, NULL) != SQLITE_OK)
			return sqlite3_errmsg(database);
	(void)snprintf(pragmas, sizeof(pragmas),
		       "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID,
		       (int)VERSION);
	if (sqlite3_exec(database, pragmas, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite3_errmsg(database);
	return NULL;
}

/* Gives SQLite's code, which is SQLITE_OK also where another journal had to stay: on a file system
 * without shared memory. */
static int switch_journal(sqlite3 *database, bool *ret_ahead)
{
	sqlite3_stmt *statement;
	const int code =
		sqlite3_prepare_v2(database, "PRAGMA journal_mode = WAL", -1, &statement, NULL);

	if (code != SQLITE_OK)
		return code;
	*ret_ahead = sqlite3_step(statement) == SQLITE_ROW &&
		     sqlite3_stricmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
	return sqlite3_finalize(statement);
}

/* With a write-ahead log readers and the writer do not wait for each other. SQLite does not wait
 * for others before it switches the journal, so that two processes which make the database at the
 * same time would meet here: the waiting is ours. */
static bool use_write_ahead_log(sqlite3 *database)
{
	const int pause = 10;
	bool ahead = false;
	int code = switch_journal(database, &ahead);

	for (int waited = 0; code == SQLITE_BUSY && waited < BUSY_MILLISECONDS; waited += pause) {
		(void)sqlite3_sleep(pause);
		code = switch_journal(database, &ahead);
	}
	return code == SQLITE_OK && ahead;
}

bool sqlite_schema_prepare(sqlite3 *database, char *error, size_t error_size)
{
	if (!configure(database) ||
	    sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK) {
		(void)snprintf(error, error_size, "%s", sqlite3_errmsg(database));
		return false;
	}

	const char *problem = migrate(database);

	if (problem) {
		(void)snprintf(error, error_size, "%s", problem);
		(void)sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
		return false;
	}
	if (sqlite3_exec(database, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
		(void)snprintf(error, error_size, "%s", sqlite3_errmsg(database));
		return false;
	}
	if (!use_write_ahead_log(database)) {
		(void)snprintf(error, error_size, "no write-ahead log can be used there: %s",
			       sqlite3_errmsg(database));
		return false;
	}
	return true;
}
