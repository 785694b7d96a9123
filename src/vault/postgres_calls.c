/*
 * What the PostgreSQL store is asked: one statement for each call, so that each is a transaction by
 * itself and one message there and back. Trusts the database for nothing but keeping rows: tokens
 * are sealed, and a row that is not of our making is refused.
 */
#include "vault/postgres_calls.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As read_grant() reads them. */
#define COLUMNS_BUT(seals)                                                                         \
	"login, subject, version, key, " seals ", scope, session,"                                 \
	" access_expires_at, refresh_expires_at, refresh_at, state, failures, fault,"              \
	" created_at, refreshed_at, sent_at"
#define COLUMNS COLUMNS_BUT("access_token, refresh_token, id_token")
#define COLUMNS_WITHOUT_SEALS                                                                      \
	COLUMNS_BUT("NULL::bytea AS access_token, NULL::bytea AS refresh_token,"                   \
		    " NULL::bytea AS id_token")
#define COLUMN_COUNT 18

/* An update that gives its row. Where it changed none, the row as it was before is given, if there
 * is one: somebody else's. */
#define CHANGED_OR(update, others)                                                                 \
	"WITH changed AS (" update " RETURNING " COLUMNS ")"                                       \
	" SELECT true, * FROM changed"                                                             \
	" UNION ALL SELECT false, " COLUMNS " FROM proofkey.grants"                                \
	" WHERE login = $1 AND subject = $2" others " AND NOT EXISTS (SELECT FROM changed)"
#define CHANGED(update) CHANGED_OR(update, " AND state <> 3")

/* Versions begin with the time, in microseconds: one that a row had before it was deleted never
 * comes again. */
#define FIRST_VERSION "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"

struct statement {
	const char *text;
	const char *types; /* of its arguments: 'b' for bytes, 'n' for a number */
	bool (*read)(const PGresult *result, struct store_answer *answer);
};

/* ---- Cursors ---- */

#define AHEAD_BITS 20
_Static_assert(POSTGRES_CURSOR_AHEAD == (1 << AHEAD_BITS) - 1, "the largest that they hold");

int64_t postgres_cursor(int64_t from, int64_t at)
{
	return from * (1 << AHEAD_BITS) + (at - from);
}

void postgres_cursor_split(int64_t cursor, int64_t *ret_from, int64_t *ret_at)
{
	*ret_from = cursor >> AHEAD_BITS;
	*ret_at = *ret_from + (cursor & POSTGRES_CURSOR_AHEAD);
}

/* ---- Reading ---- */

static int64_t read_number(const PGresult *result, int row, int column)
{
	uint64_t number;

	if (PQgetisnull(result, row, column) ||
	    PQgetlength(result, row, column) != (int)sizeof(number))
		return PK_TIME_UNKNOWN;
	memcpy(&number, PQgetvalue(result, row, column), sizeof(number));
	return (int64_t)be64toh(number);
}

static bool read_bool(const PGresult *result, int row, int column)
{
	return PQgetlength(result, row, column) == 1 && PQgetvalue(result, row, column)[0];
}

static struct pk_str read_bytes(const PGresult *result, int row, int column)
{
	if (PQgetisnull(result, row, column))
		return (struct pk_str){0};
	return (struct pk_str){PQgetvalue(result, row, column),
			       (size_t)PQgetlength(result, row, column)};
}

/* The row's columns from `column` on. False for a row that we did not write. */
static bool read_grant(const PGresult *result, int row, int column, struct stored_grant *ret)
{
	const struct pk_str key = read_bytes(result, row, column + 3);
	const int64_t state = read_number(result, row, column + 12);

	if (key.len != KEY_ID || state < 0 || state >= GRANT_STATES)
		return false;
	*ret = (struct stored_grant){
		.login = read_bytes(result, row, column),
		.subject = read_bytes(result, row, column + 1),
		.version = read_number(result, row, column + 2),
		.access_token = read_bytes(result, row, column + 4),
		.refresh_token = read_bytes(result, row, column + 5),
		.id_token = read_bytes(result, row, column + 6),
		.scope = read_bytes(result, row, column + 7),
		.session = read_bytes(result, row, column + 8),
		.access_expires_at = read_number(result, row, column + 9),
		.refresh_expires_at = read_number(result, row, column + 10),
		.refresh_at = read_number(result, row, column + 11),
		.state = (enum grant_state)state,
		.failures = read_number(result, row, column + 13),
		.fault = read_bytes(result, row, column + 14),
		.created_at = read_number(result, row, column + 15),
		.refreshed_at = read_number(result, row, column + 16),
		.sent_at = read_number(result, row, column + 17),
	};
	memcpy(ret->key, key.ptr, KEY_ID);
	return true;
}

/* All rows, their columns from `column` on. */
static bool read_grants(const PGresult *result, int column, struct store_answer *answer)
{
	const int rows = PQntuples(result);
	struct stored_grant *grants;

	if (PQnfields(result) != column + COLUMN_COUNT)
		return false;
	if (rows == 0)
		return true;
	grants = calloc((size_t)rows, sizeof(*grants));
	if (!grants)
		return false;
	answer->grant = grants; /* postgres_answer() frees it */
	answer->count = (size_t)rows;
	for (int row = 0; row < rows; row++)
		if (!read_grant(result, row, column, &grants[row]))
			return false;
	return true;
}

static bool read_done(const PGresult *result, struct store_answer *answer)
{
	(void)answer;
	return PQresultStatus(result) == PGRES_COMMAND_OK;
}

static bool read_list(const PGresult *result, struct store_answer *answer)
{
	return read_grants(result, 0, answer);
}

static bool read_one(const PGresult *result, struct store_answer *answer)
{
	if (!read_grants(result, 0, answer))
		return false;
	if (!answer->count)
		answer->result = VAULT_NONE;
	return true;
}

static bool read_changed(const PGresult *result, struct store_answer *answer)
{
	if (!read_grants(result, 1, answer))
		return false;
	if (!answer->count)
		answer->result = VAULT_NONE;
	else if (!read_bool(result, 0, 0))
		answer->result = VAULT_BUSY;
	return true;
}

/* The first row says when the next is due, also where there is no grant in it. */
static bool read_due(const PGresult *result, struct store_answer *answer)
{
	if (PQntuples(result) == 0)
		return false;
	answer->number = read_number(result, 0, 0);
	if (PQgetisnull(result, 0, 1))
		return true;
	if (!read_grants(result, 1, answer))
		return false;
	answer->number = answer->grant[0].refresh_at;
	return true;
}

static bool read_count(const PGresult *result, struct store_answer *answer)
{
	if (PQntuples(result) != 1 || PQnfields(result) != GRANT_STATES)
		return false;
	for (int state = 0; state < GRANT_STATES; state++)
		answer->counts[state] = read_number(result, 0, state);
	return true;
}

static bool read_spend(const PGresult *result, struct store_answer *answer)
{
	if (PQntuples(result) != 1)
		return false;
	if (read_number(result, 0, 0) == 0)
		answer->spend = SPEND_FIRST;
	else
		answer->spend = read_bool(result, 0, 1) ? SPEND_SAME_CODE : SPEND_OTHER_CODE;
	return true;
}

static bool read_revoked_session(const PGresult *result, int row, struct revoked_session *ret)
{
	const struct pk_str id = read_bytes(result, row, 4);

	if (id.ptr && id.len != SESSION_ID)
		return false;
	*ret = (struct revoked_session){
		.login = read_bytes(result, row, 5),
		.subject = read_bytes(result, row, 6),
		.until = read_number(result, row, 7),
		.expires_at = read_number(result, row, 8),
	};
	if (id.ptr)
		memcpy(ret->id, id.ptr, SESSION_ID);
	return true;
}

/* From where to ask when `rows` have been given; see POSTGRES_REVOKED. */
static int64_t next_cursor(const PGresult *result, int rows, bool *ret_more)
{
	const int64_t from = read_number(result, 0, 1), at = read_number(result, 0, 2);
	/* What the first page saw unfinished is where the next walk begins. */
	const int64_t unfinished = at == from ? read_number(result, 0, 0) : from;

	*ret_more = false;
	if (rows < STORE_LIST_MAX)
		return postgres_cursor(unfinished, unfinished);

	const int64_t behind = read_number(result, rows - 1, 3) + 1;

	*ret_more = behind <= unfinished || behind - unfinished <= POSTGRES_CURSOR_AHEAD;
	if (!*ret_more)
		return postgres_cursor(unfinished, unfinished);
	return postgres_cursor(behind < unfinished ? behind : unfinished, behind);
}

/* The first row says from where on to ask the next time, also where nothing was revoked. */
static bool read_revoked(const PGresult *result, struct store_answer *answer)
{
	const int rows = PQntuples(result);
	struct revoked_session *revoked;

	if (rows == 0)
		return false;
	if (PQgetisnull(result, 0, 3)) {
		answer->number = next_cursor(result, 0, &answer->more);
		return true;
	}
	revoked = calloc((size_t)rows, sizeof(*revoked));
	if (!revoked)
		return false;
	answer->revoked = revoked; /* postgres_answer() frees it */
	answer->revoked_count = (size_t)rows;
	answer->number = next_cursor(result, rows, &answer->more);
	for (int row = 0; row < rows; row++)
		if (!read_revoked_session(result, row, &revoked[row]))
			return false;
	return true;
}

/* ---- The statements ---- */

#define TEXT(number) #number
#define DECIMAL(number) TEXT(number)

_Static_assert(GRANT_ACTIVE == 0 && GRANT_RETRYING == 1 && GRANT_ENDED == 2 && GRANT_LEAVING == 3,
	       "as in the texts");

/* State 3 is a grant that is leaving: no grant any more but for few. */
static const struct statement statements[POSTGRES_CALLS] = {
	/* RFC 6749 6: "The authorization server MAY issue a new refresh token": when it does not,
	 * the old one stays, its expiry unless the provider moved that, and the note which key
	 * sealed it: it must not be overlooked when that key goes. */
	[POSTGRES_PUT] =
		{"INSERT INTO proofkey.grants AS old (" COLUMNS ")"
		 " VALUES ($1, $2, " FIRST_VERSION ", $3, $4, $5, $6, $7, $8, $9, $10,"
		 "	$11, $12, $13, $14, $15, $16, NULL)"
		 " ON CONFLICT (login, subject) DO UPDATE SET"
		 "	version = old.version + 1,"
		 "	key = CASE WHEN excluded.refresh_token IS NULL"
		 "			AND old.refresh_token IS NOT NULL AND old.state <> 3"
		 "		THEN old.key ELSE excluded.key END,"
		 "	access_token = excluded.access_token,"
		 "	refresh_token = coalesce(excluded.refresh_token,"
		 "		CASE WHEN old.state <> 3 THEN old.refresh_token END),"
		 "	id_token = excluded.id_token,"
		 "	scope = excluded.scope,"
		 "	session = excluded.session,"
		 "	access_expires_at = excluded.access_expires_at,"
		 "	refresh_expires_at = coalesce(excluded.refresh_expires_at,"
		 "		CASE WHEN excluded.refresh_token IS NULL AND old.state <> 3"
		 "		THEN old.refresh_expires_at END),"
		 "	refresh_at = excluded.refresh_at,"
		 "	state = excluded.state,"
		 "	failures = excluded.failures,"
		 "	fault = excluded.fault,"
		 "	created_at = excluded.created_at,"
		 "	refreshed_at = excluded.refreshed_at,"
		 "	sent_at = NULL, lease_owner = NULL, lease_until = NULL",
		 "bbbbbbbbnnnnnbnn", read_done},
	[POSTGRES_GET] = {"SELECT " COLUMNS " FROM proofkey.grants"
			  " WHERE login = $1 AND subject = $2 AND state <> 3",
			  "bb", read_one},
	[POSTGRES_LEAVE] = {"UPDATE proofkey.grants SET version = version + 1, state = 3,"
			    "	refresh_at = $5, lease_owner = $3, lease_until ="
			    "	clock_timestamp() + $4::float8 * interval '1 second'"
			    " WHERE login = $1 AND subject = $2 AND state <> 3"
			    " RETURNING " COLUMNS,
			    "bbbnn", read_one},
	[POSTGRES_LEAVE_AGAIN] =
		{CHANGED_OR("UPDATE proofkey.grants SET lease_owner = $3, lease_until ="
			    "	clock_timestamp() + $4::float8 * interval '1 second'"
			    " WHERE login = $1 AND subject = $2 AND state = 3"
			    "	AND (lease_owner IS NULL OR lease_owner = $3"
			    "		OR lease_until <= clock_timestamp())",
			    " AND state = 3"),
		 "bbbn", read_changed},
	[POSTGRES_DELETE] = {"DELETE FROM proofkey.grants WHERE login = $1 AND subject = $2"
			     "	AND ($3 IS NULL OR lease_owner = $3) RETURNING " COLUMNS,
			     "bbb", read_one},

	/* Of two that come at the same time, the second waits for the first and then looks at the
	 * row again. */
	[POSTGRES_LEASE] = {CHANGED("UPDATE proofkey.grants SET lease_owner = $3, lease_until ="
				    "	clock_timestamp() + $4::float8 * interval '1 second'"
				    " WHERE login = $1 AND subject = $2 AND state <> 3"
				    "	AND (lease_owner IS NULL OR lease_owner = $3"
				    " OR lease_until <= clock_timestamp())"),
			    "bbbn", read_changed},
	[POSTGRES_RENEW] = {CHANGED("UPDATE proofkey.grants SET lease_until ="
				    "	clock_timestamp() + $4::float8 * interval '1 second',"
				    "	sent_at = coalesce($5, sent_at)"
				    " WHERE login = $1 AND subject = $2 AND lease_owner = $3"
				    "	AND lease_until > clock_timestamp()"),
			    "bbbnn", read_changed},
	/* A lease that ended is still its owner's while nobody else has taken it. */
	[POSTGRES_FINISH] = {CHANGED("UPDATE proofkey.grants SET version = version + 1, key = $5,"
				     "	access_token = $6, refresh_token = $7, id_token = $8,"
				     "	scope = $9, session = $10, access_expires_at = $11,"
				     "	refresh_expires_at = $12, refresh_at = $13, state = $14,"
				     "	failures = $15, fault = $16, refreshed_at = $17,"
				     "	sent_at = $18, lease_owner = NULL, lease_until = NULL"
				     " WHERE login = $1 AND subject = $2 AND version = $3"
				     "	AND lease_owner = $4 AND state <> 3"),
			     "bbnbbbbbbbnnnnnbnn", read_changed},
	[POSTGRES_RESEAL] = {CHANGED_OR(
				     "UPDATE proofkey.grants SET version = version + 1, key = $4,"
				     "	access_token = $5, refresh_token = $6, id_token = $7"
				     " WHERE login = $1 AND subject = $2 AND version = $3 AND"
				     "	(lease_owner IS NULL OR lease_until <= clock_timestamp())",
				     ""),
			     "bbnbbbb", read_changed},

	/* The conditions on refresh_at and state are those of the index. Rows that others have
	 * locked for a moment are shown as well: it is the lease that decides. */
	[POSTGRES_DUE] =
		{"SELECT (SELECT refresh_at FROM proofkey.grants"
		 "		WHERE login = $3 AND refresh_at IS NOT NULL AND state <> 2"
		 "			AND refresh_at > $1"
		 "		ORDER BY refresh_at LIMIT 1), due.*"
		 " FROM (VALUES (1)) AS always LEFT JOIN ("
		 "	SELECT " COLUMNS_WITHOUT_SEALS " FROM proofkey.grants"
		 "	WHERE login = $3 AND refresh_at IS NOT NULL AND state <> 2"
		 "		AND refresh_at <= $1"
		 "		AND (lease_owner IS NULL OR lease_until <= clock_timestamp())"
		 "	ORDER BY refresh_at LIMIT $2) AS due ON true"
		 " ORDER BY due.refresh_at",
		 "nnb", read_due},
	[POSTGRES_LIST] = {"SELECT " COLUMNS " FROM proofkey.grants"
			   " WHERE (login, subject) > ($1, $2) AND state <> 3"
			   " ORDER BY login, subject LIMIT $3",
			   "bbn", read_list},
	[POSTGRES_LIST_LOGIN] = {"SELECT " COLUMNS " FROM proofkey.grants"
				 " WHERE login = $4 AND (login, subject) > ($1, $2) AND state <> 3"
				 " ORDER BY login, subject LIMIT $3",
				 "bbnb", read_list},
	/* Written so that no other index can give this order: few may be left of many. */
	[POSTGRES_LIST_SEALED] = {"SELECT " COLUMNS " FROM proofkey.grants"
				  " WHERE (key, login, subject) > ($4, $1, $2) AND key <= $4"
				  " ORDER BY key, login, subject LIMIT $3",
				  "bbnb", read_list},
	[POSTGRES_FIND] = {"SELECT " COLUMNS " FROM proofkey.grants"
			   " WHERE login = $1 AND subject = $2 AND state <> 3",
			   "bb", read_list},
	[POSTGRES_FIND_SESSION] = {"SELECT " COLUMNS " FROM proofkey.grants"
				   " WHERE login = $1 AND ($2 IS NULL OR subject = $2)"
				   "	AND session = $3 AND state <> 3 ORDER BY subject LIMIT $4",
				   "bbbn", read_list},
	[POSTGRES_COUNT] = {"SELECT coalesce(sum(active), 0)::bigint,"
			    "	coalesce(sum(retrying), 0)::bigint,"
			    "	coalesce(sum(ended), 0)::bigint,"
			    "	coalesce(sum(leaving), 0)::bigint FROM proofkey.grant_counts",
			    "", read_count},

	/* One statement, so that of two processes exactly one sees no repeat. */
	[POSTGRES_SPEND] = {"INSERT INTO proofkey.spent_attempts AS old"
			    "	(id, code_hash, repeats, expires_at) VALUES ($1, $2, 0, $3)"
			    " ON CONFLICT (id) DO UPDATE SET repeats = old.repeats + 1"
			    " RETURNING repeats, code_hash = $2",
			    "bbn", read_spend},

	/* What is revoked again is written by a new transaction, so that all hear of the later
	 * time. */
	[POSTGRES_REVOKE] = {"INSERT INTO proofkey.revocations AS old"
			     "	(written_by, id, until, expires_at)"
			     " VALUES (pg_current_xact_id()::text::bigint, $1, $2, $3)"
			     " ON CONFLICT (id) DO UPDATE SET written_by = excluded.written_by,"
			     "	expires_at = greatest(old.expires_at, excluded.expires_at)",
			     "bnn", read_done},
	[POSTGRES_REVOKE_ALL] = {"INSERT INTO proofkey.revocations AS old"
				 "	(written_by, login, subject, until, expires_at)"
				 " VALUES (pg_current_xact_id()::text::bigint, $1, $2, $3, $4)"
				 " ON CONFLICT (login, subject) DO UPDATE SET"
				 "	written_by = excluded.written_by,"
				 "	until = greatest(old.until, excluded.until),"
				 "	expires_at = greatest(old.expires_at, excluded.expires_at)",
				 "bbnn", read_done},
	/* Neither sequences nor times commit in their order, so that a reader who goes by them can
	 * pass over a row that becomes visible behind it. A transaction's number can be asked
	 * after: `unfinished` is the first one that may still be under way, and all before it are
	 * either visible here or came to nothing. From there on is read the next time. Rows behind
	 * it that are visible already are given at once, and again then: nothing is waited for, and
	 * nothing is left out. A walk over several pages goes on at $2, and ends with the first
	 * page's `unfinished`, $1. A cursor from the future is of another server, which this one is
	 * a copy of: what that one had told counts for nothing. */
	[POSTGRES_REVOKED] =
		{"WITH server AS MATERIALIZED (SELECT"
		 "	pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
		 "		AS unfinished)"
		 " SELECT server.unfinished, $1, $2, revoked.* FROM server LEFT JOIN ("
		 "	SELECT written_by, id, login, subject, until, expires_at"
		 "	FROM proofkey.revocations"
		 "	WHERE written_by >= (SELECT CASE WHEN $1 <= unfinished"
		 "			THEN $2 ELSE 0 END FROM server)"
		 "		AND expires_at > $3"
		 "	ORDER BY written_by"
		 "	FETCH FIRST " DECIMAL(
			 STORE_LIST_MAX) " ROWS WITH TIES"
					 " ) AS revoked ON true ORDER BY revoked.written_by",
		 "nnn", read_revoked},
	/* In pieces, and without waiting for another replica that does the same. */
	[POSTGRES_FORGET] = {"WITH old_sessions AS (DELETE FROM proofkey.revocations"
			     "	WHERE ctid = ANY (ARRAY(SELECT ctid FROM proofkey.revocations"
			     "		WHERE expires_at <= $1 ORDER BY expires_at LIMIT 10000"
			     "		FOR UPDATE SKIP LOCKED)))"
			     " DELETE FROM proofkey.spent_attempts"
			     "	WHERE ctid = ANY (ARRAY(SELECT ctid FROM proofkey.spent_attempts"
			     "		WHERE expires_at <= $1 ORDER BY expires_at LIMIT 10000"
			     "		FOR UPDATE SKIP LOCKED))",
			     "n", read_done},
};

/* ---- Sending ---- */

void postgres_put_bytes(struct postgres_arguments *arguments, struct pk_str bytes)
{
	arguments->value[arguments->count++] = bytes;
}

void postgres_put_number(struct postgres_arguments *arguments, int64_t number)
{
	const uint64_t big = htobe64((uint64_t)number);
	char *const memory = arguments->number[arguments->count];

	memcpy(memory, &big, sizeof(big));
	postgres_put_bytes(arguments, (struct pk_str){memory, sizeof(big)});
}

void postgres_put_time(struct postgres_arguments *arguments, int64_t time)
{
	if (time == PK_TIME_UNKNOWN)
		postgres_put_bytes(arguments, (struct pk_str){0});
	else
		postgres_put_number(arguments, time);
}

#define NAME_SIZE 16

static const char *name_of(enum postgres_call call, char name[static NAME_SIZE])
{
	(void)snprintf(name, NAME_SIZE, "proofkey%d", (int)call);
	return name;
}

bool postgres_prepare(PGconn *connection)
{
	/* As in the server's pg_type.dat; they never change. */
	const Oid bytea = 17, bigint = 20;

	for (int call = 0; call < POSTGRES_CALLS; call++) {
		const struct statement *statement = &statements[call];
		const size_t count = strlen(statement->types);
		Oid types[POSTGRES_ARGUMENTS_MAX];
		char name[NAME_SIZE];

		for (size_t i = 0; i < count; i++)
			types[i] = statement->types[i] == 'b' ? bytea : bigint;
		if (!PQsendPrepare(connection, name_of((enum postgres_call)call, name),
				   statement->text, (int)count, types))
			return false;
	}
	return true;
}

bool postgres_send(PGconn *connection, enum postgres_call call, const struct pk_str *arguments,
		   size_t count)
{
	const char *values[POSTGRES_ARGUMENTS_MAX];
	int lengths[POSTGRES_ARGUMENTS_MAX], binary[POSTGRES_ARGUMENTS_MAX];
	char name[NAME_SIZE];

	for (size_t i = 0; i < count; i++) {
		values[i] = arguments[i].ptr;
		lengths[i] = (int)arguments[i].len;
		binary[i] = 1;
	}
	return PQsendQueryPrepared(connection, name_of(call, name), (int)count, values, lengths,
				   binary, 1) == 1;
}

/* ---- Answering ---- */

void postgres_answer_down(const char *problem, store_done *done, void *arg)
{
	done(&(struct store_answer){.result = VAULT_DOWN, .spend = SPEND_DOWN, .problem = problem},
	     arg);
}

void postgres_answer(enum postgres_call call, const PGresult *result, store_done *done, void *arg)
{
	struct store_answer answer = {.result = VAULT_OK};

	if (statements[call].read(result, &answer))
		done(&answer, arg);
	else
		postgres_answer_down("PostgreSQL gave rows that this program did not write, or"
				     " the memory for them is missing",
				     done, arg);
	free((void *)(uintptr_t)answer.grant);
	free((void *)(uintptr_t)answer.revoked);
}
