/*
 * What is in the PostgreSQL database: a schema of our own, its tables, and the steps from each
 * version of them to the next. Connections that come at once, of ten replicas that start, take the
 * steps one after the other, and the first takes them for all.
 *
 * Texts are bytea: a subject is any bytes, zero too, and the order of bytes depends on nobody's
 * locale.
 */
#include "vault/postgres_schema.h"
#include "base/text.h"

/* migrations[n] makes version n + 1 of version n. One that has been released never changes. */
static const char *const migrations[] = {
	/* A quarter of each page is left empty: leases come and go in place, without a new entry in
	 * any index. The states are those of enum grant_state. */
	"CREATE TABLE proofkey.grants ("
	"	version bigint NOT NULL,"
	"	state bigint NOT NULL,"
	"	failures bigint NOT NULL,"
	"	access_expires_at bigint,"
	"	refresh_expires_at bigint,"
	"	refresh_at bigint,"
	"	created_at bigint NOT NULL,"
	"	refreshed_at bigint,"
	"	sent_at bigint,"
	"	lease_until timestamptz,"
	"	lease_owner bytea,"
	"	login bytea NOT NULL,"
	"	subject bytea NOT NULL,"
	"	key bytea NOT NULL CHECK (length(key) = 4),"
	"	access_token bytea NOT NULL,"
	"	refresh_token bytea,"
	"	id_token bytea,"
	"	scope bytea,"
	"	session bytea,"
	"	fault bytea,"
	"	PRIMARY KEY (login, subject)"
	") WITH (fillfactor = 75);"
	"CREATE INDEX grants_by_refresh ON proofkey.grants (refresh_at)"
	"	WHERE refresh_at IS NOT NULL AND state <> 2;"
	"CREATE INDEX grants_by_key ON proofkey.grants (key, login, subject);"
	"CREATE INDEX grants_by_session ON proofkey.grants (login, session, subject)"
	"	WHERE session IS NOT NULL;"
	"CREATE INDEX grants_not_active ON proofkey.grants (state) WHERE state <> 0;"
	"CREATE TABLE proofkey.spent_attempts ("
	"	expires_at bigint NOT NULL,"
	"	repeats bigint NOT NULL,"
	"	id bytea PRIMARY KEY CHECK (length(id) = 16),"
	"	code_hash bytea NOT NULL CHECK (length(code_hash) = 16)"
	");"
	"CREATE INDEX spent_attempts_by_expiry ON proofkey.spent_attempts (expires_at);"
	/* written_by is the number of the transaction: see POSTGRES_REVOKED for why no sequence. */
	"CREATE TABLE proofkey.revocations ("
	"	written_by bigint NOT NULL,"
	"	until bigint NOT NULL,"
	"	expires_at bigint NOT NULL,"
	"	id bytea UNIQUE CHECK (length(id) = 16),"
	"	login bytea,"
	"	subject bytea,"
	"	UNIQUE (login, subject),"
	"	CHECK ((id IS NULL) <> (login IS NULL) AND (login IS NULL) = (subject IS NULL))"
	");"
	"CREATE INDEX revocations_by_transaction ON proofkey.revocations (written_by);"
	"CREATE INDEX revocations_by_expiry ON proofkey.revocations (expires_at);",

	/* What is due is asked for login by login: one whose provider is away keeps nobody else's
	 * from being seen.
	 *
	 * The counts are kept by triggers, which see what became of a row whoever else writes it.
	 * They are spread over slots, one for each connection: in one row for all, every login
	 * would wait for the disk write of the one before. Most changes change no state, and no
	 * count. */
	"DROP INDEX proofkey.grants_by_refresh;"
	"DROP INDEX proofkey.grants_not_active;"
	/* What was refreshed stays for a while where the search for what is due begins. */
	"ALTER TABLE proofkey.grants SET (autovacuum_vacuum_scale_factor = 0.05);"
	"CREATE INDEX grants_by_refresh ON proofkey.grants (login, refresh_at)"
	"	WHERE refresh_at IS NOT NULL AND state <> 2;"
	"CREATE TABLE proofkey.grant_counts ("
	"	slot bigint PRIMARY KEY,"
	"	active bigint NOT NULL,"
	"	retrying bigint NOT NULL,"
	"	ended bigint NOT NULL"
	") WITH (fillfactor = 25);"
	"CREATE FUNCTION proofkey.count_grant() RETURNS trigger LANGUAGE plpgsql AS $count$ BEGIN"
	"	INSERT INTO proofkey.grant_counts AS counts (slot, active, retrying, ended)"
	"		VALUES (pg_backend_pid() % 256,"
	"			coalesce((NEW.state = 0)::int, 0) -"
	"				coalesce((OLD.state = 0)::int, 0),"
	"			coalesce((NEW.state = 1)::int, 0) -"
	"				coalesce((OLD.state = 1)::int, 0),"
	"			coalesce((NEW.state = 2)::int, 0) -"
	"				coalesce((OLD.state = 2)::int, 0))"
	"		ON CONFLICT (slot) DO UPDATE SET active = counts.active + excluded.active,"
	"			retrying = counts.retrying + excluded.retrying,"
	"			ended = counts.ended + excluded.ended;"
	"	RETURN NULL;"
	" END $count$;"
	"CREATE TRIGGER grants_come_and_go AFTER INSERT OR DELETE ON proofkey.grants"
	"	FOR EACH ROW EXECUTE FUNCTION proofkey.count_grant();"
	"CREATE TRIGGER grants_change_state AFTER UPDATE OF state ON proofkey.grants"
	"	FOR EACH ROW WHEN (OLD.state <> NEW.state)"
	"	EXECUTE FUNCTION proofkey.count_grant();"
	"INSERT INTO proofkey.grant_counts SELECT 0, count(*) FILTER (WHERE state = 0),"
	"	count(*) FILTER (WHERE state = 1), count(*) FILTER (WHERE state = 2)"
	"	FROM proofkey.grants;",

	/* Grants whose tokens are still to be revoked are counted, too. */
	"ALTER TABLE proofkey.grant_counts ADD COLUMN leaving bigint NOT NULL DEFAULT 0;"
	"CREATE OR REPLACE FUNCTION proofkey.count_grant() RETURNS trigger"
	"	LANGUAGE plpgsql AS $count$ BEGIN"
	"	INSERT INTO proofkey.grant_counts AS counts"
	"			(slot, active, retrying, ended, leaving)"
	"		VALUES (pg_backend_pid() % 256,"
	"			coalesce((NEW.state = 0)::int, 0) -"
	"				coalesce((OLD.state = 0)::int, 0),"
	"			coalesce((NEW.state = 1)::int, 0) -"
	"				coalesce((OLD.state = 1)::int, 0),"
	"			coalesce((NEW.state = 2)::int, 0) -"
	"				coalesce((OLD.state = 2)::int, 0),"
	"			coalesce((NEW.state = 3)::int, 0) -"
	"				coalesce((OLD.state = 3)::int, 0))"
	"		ON CONFLICT (slot) DO UPDATE SET active = counts.active + excluded.active,"
	"			retrying = counts.retrying + excluded.retrying,"
	"			ended = counts.ended + excluded.ended,"
	"			leaving = counts.leaving + excluded.leaving;"
	"	RETURN NULL;"
	" END $count$;",
};

#define VERSION ((int64_t)(sizeof(migrations) / sizeof(migrations[0])))

/* For this session, whatever the database's owner set for others. */
static const char settings[] =
	/* The only functions are the server's own; tables are named with their schema. */
	"SET search_path = pg_catalog, pg_temp;"
	"SET client_min_messages = error;"
	"SET default_transaction_isolation = 'read committed';"
	/* What is said to be stored is on the disk; stricter settings stay. */
	"SELECT set_config('synchronous_commit', 'on', false)"
	"	WHERE current_setting('synchronous_commit') = 'off';"
	/* Each question has its index. A plan that was made while the table was small must not read
	 * all of it when it is large. */
	"SET enable_seqscan = off;"
	/* Planning anew with each call's values takes longer than most calls, and comes to the same
	 * plan. */
	"SET plan_cache_mode = force_generic_plan;"
	/* Compiling takes longer than any of our statements. */
	"SET jit = off;";

/* Steps are waited for longer; what nobody waits for any more is given up by the server, too. */
static const char limits_of_steps[] = "SET statement_timeout = '600s';";
static const char limits_of_calls[] = "SET statement_timeout = '2800ms'";

/* 1886808953 is "pfky": the lock of all who migrate a vault of this database. */
static const char begin_steps[] = "DO $steps$ DECLARE found bigint; BEGIN"
				  " PERFORM pg_advisory_xact_lock(1886808953);"
				  " IF to_regclass('proofkey.version') IS NULL THEN"
				  "	IF to_regnamespace('proofkey') IS NULL THEN"
				  "		CREATE SCHEMA proofkey;"
				  "	END IF;"
				  "	CREATE TABLE proofkey.version (version bigint NOT NULL);"
				  "	INSERT INTO proofkey.version VALUES (0);"
				  " END IF;"
				  " SELECT version INTO STRICT found FROM proofkey.version;";

bool postgres_schema_write(struct pk_buf *out)
{
	pk_buf_put(out, pk_str(settings));
	pk_buf_put(out, pk_str(limits_of_steps));
	pk_buf_put(out, pk_str(begin_steps));
	pk_buf_put(out, PK_STR(" IF found > "));
	pk_buf_number(out, VERSION);
	pk_buf_put(out, PK_STR(" THEN RAISE EXCEPTION USING ERRCODE = '" POSTGRES_NEWER "',"
			       " MESSAGE = 'it was written by a newer version of this program';"
			       " END IF;"));
	for (int64_t version = 0; version < VERSION; version++) {
		pk_buf_put(out, PK_STR(" IF found = "));
		pk_buf_number(out, version);
		pk_buf_put(out, PK_STR(" THEN "));
		pk_buf_put(out, pk_str(migrations[version]));
		pk_buf_put(out, PK_STR(" found := found + 1;"
				       " UPDATE proofkey.version SET version = found; END IF;"));
	}
	pk_buf_put(out, PK_STR(" END $steps$;"));
	pk_buf_put(out, pk_str(limits_of_calls));
	pk_buf_char(out, '\0');
	return !out->overflow;
}
