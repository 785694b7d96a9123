/*
 * The vault over SQLite: what it keeps, and what happens when somebody who can write to the
 * database moves, swaps or cuts what is in it, takes another key, or takes the disk away.
 */
#include "vault/vault.h"
#include "base/text.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>

#define NOW 1800000000
#define ACCESS "access-token-of-ada"
#define REFRESH "refresh-token-of-ada"

static const struct subkey old_key = {{1, 1, 1, 1}, {0x11}}, new_key = {{2, 2, 2, 2}, {0x22}};
static const uint8_t id_a[16] = "attempt a......", id_b[16] = "attempt b......";
static const uint8_t code_a[CODE_HASH] = "hash of code a.", code_b[CODE_HASH] = "hash of code b.";

static char directory[] = "/tmp/vault-test-XXXXXX";
static char path[64], store[72];
static char grant_memory[8192];

static int make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/vault.db", directory);
	(void)snprintf(store, sizeof(store), "sqlite:%s", path);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

static int remove_database(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	char file[96];

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(file, sizeof(file), "%s%s", path, ends[i]);
		(void)unlink(file);
	}
	return 0;
}

static struct vault *open_with(const struct subkey *keys, size_t count)
{
	char error[256] = "";
	struct vault *vault = vault_open_store(store, keys, count, error, sizeof(error));

	if (!vault)
		fail_msg("%s", error);
	return vault;
}

static struct vault *open_vault(void)
{
	return open_with(&old_key, 1);
}

static struct grant grant_of(const char *subject)
{
	return (struct grant){
		.login = PK_STR("rfc7636"),
		.subject = pk_str(subject),
		.access_token = {PK_STR(ACCESS)},
		.refresh_token = {PK_STR(REFRESH)},
		.scope = PK_STR("openid profile"),
		.access_expires_at = NOW + 3600,
		.refresh_expires_at = NOW + 86400,
	};
}

static void put(struct vault *vault, struct grant grant)
{
	assert_int_equal(vault_put_grant(vault, &grant, NOW), VAULT_OK);
}

/* The texts of `ret` live until the next call. */
static enum vault_result get(struct vault *vault, const char *subject, struct grant *ret)
{
	struct pk_arena arena = pk_arena(grant_memory, sizeof(grant_memory));

	return vault_get_grant(vault, &arena, PK_STR("rfc7636"), pk_str(subject), ret);
}

static void expect_text(struct pk_str got, const char *want)
{
	assert_int_equal(got.len, strlen(want));
	assert_memory_equal(got.ptr, want, got.len);
}

/* The attacker's own connection to the database. */
static sqlite3 *raw_open(void)
{
	sqlite3 *database;

	assert_int_equal(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	return database;
}

/* Gives the number of rows that it changed. */
static int raw(const char *sql)
{
	sqlite3 *database = raw_open();
	int changes;

	if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(database));
	changes = sqlite3_total_changes(database);
	assert_int_equal(sqlite3_close(database), SQLITE_OK);
	return changes;
}

static int64_t raw_number(const char *sql)
{
	sqlite3 *database = raw_open();
	sqlite3_stmt *statement;
	int64_t number;

	assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	number = sqlite3_column_int64(statement, 0);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	assert_int_equal(sqlite3_close(database), SQLITE_OK);
	return number;
}

static void grant_comes_back_as_it_was(void **state)
{
	struct vault *vault = open_vault();
	struct grant grant;

	(void)state;
	put(vault, grant_of("ada"));
	vault_close(vault);
	vault = open_vault();
	assert_int_equal(get(vault, "ada", &grant), VAULT_OK);
	expect_text(grant.login, "rfc7636");
	expect_text(grant.subject, "ada");
	expect_text(grant.access_token.text, ACCESS);
	expect_text(grant.refresh_token.text, REFRESH);
	expect_text(grant.scope, "openid profile");
	assert_int_equal(grant.access_expires_at, NOW + 3600);
	assert_int_equal(grant.refresh_expires_at, NOW + 86400);
	assert_int_equal(raw_number("SELECT created_at FROM grants"), NOW);
	assert_string_equal(vault_problem(vault), "");
	vault_close(vault);
}

static void what_was_not_given_is_not_given(void **state)
{
	struct vault *vault = open_vault();
	struct grant grant = grant_of("ada");

	(void)state;
	grant.refresh_token.text = grant.scope = (struct pk_str){0};
	grant.access_expires_at = grant.refresh_expires_at = PK_TIME_UNKNOWN;
	put(vault, grant);
	assert_int_equal(get(vault, "ada", &grant), VAULT_OK);
	assert_null(grant.refresh_token.text.ptr);
	assert_null(grant.scope.ptr);
	assert_int_equal(grant.access_expires_at, PK_TIME_UNKNOWN);
	assert_int_equal(grant.refresh_expires_at, PK_TIME_UNKNOWN);
	vault_close(vault);
}

static void subjects_and_logins_are_apart(void **state)
{
	struct vault *vault = open_vault();
	struct grant grant = grant_of("grace");

	(void)state;
	put(vault, grant_of("ada"));
	assert_int_equal(get(vault, "grace", &grant), VAULT_NONE);
	grant.access_token.text = PK_STR("of grace");
	put(vault, grant);
	grant.login = PK_STR("other");
	grant.access_token.text = PK_STR("of grace elsewhere");
	put(vault, grant);
	assert_int_equal(get(vault, "ada", &grant), VAULT_OK);
	expect_text(grant.access_token.text, ACCESS);
	assert_int_equal(get(vault, "grace", &grant), VAULT_OK);
	expect_text(grant.access_token.text, "of grace");
	vault_close(vault);
}

static void deleted_grant_is_gone(void **state)
{
	struct vault *vault = open_vault();
	struct grant grant;

	(void)state;
	put(vault, grant_of("ada"));
	put(vault, grant_of("grace"));
	assert_int_equal(vault_delete_grant(vault, PK_STR("rfc7636"), PK_STR("ada")), VAULT_OK);
	assert_int_equal(vault_delete_grant(vault, PK_STR("rfc7636"), PK_STR("ada")), VAULT_NONE);
	assert_int_equal(get(vault, "ada", &grant), VAULT_NONE);
	assert_int_equal(get(vault, "grace", &grant), VAULT_OK);
	vault_close(vault);
}

/* The fault refresh-token-erased: RFC 6749 6 lets the provider leave the refresh token out. */
static void refresh_token_is_kept_when_none_comes(void **state)
{
	struct vault *vault = open_vault();
	struct grant grant = grant_of("ada");

	(void)state;
	put(vault, grant);
	grant.access_token.text = PK_STR("second");
	grant.access_expires_at = NOW + 7200;
	grant.refresh_token.text = (struct pk_str){0};
	grant.refresh_expires_at = PK_TIME_UNKNOWN;
	put(vault, grant);
	assert_int_equal(get(vault, "ada", &grant), VAULT_OK);
	expect_text(grant.access_token.text, "second");
	assert_int_equal(grant.access_expires_at, NOW + 7200);
	expect_text(grant.refresh_token.text, REFRESH);
	assert_int_equal(grant.refresh_expires_at, NOW + 86400);

	grant = grant_of("ada");
	grant.refresh_token.text = PK_STR("");
	grant.refresh_expires_at = NOW + 90000;
	put(vault, grant);
	assert_int_equal(get(vault, "ada", &grant), VAULT_OK);
	expect_text(grant.refresh_token.text, REFRESH);
	assert_int_equal(grant.refresh_expires_at, NOW + 90000);
	vault_close(vault);
}

/* The fault refresh-token-not-replaced, and the old one's expiry is not the new one's. */
static void refresh_token_is_replaced_when_one_comes(void **state)
{
	struct vault *vault = open_vault();
	struct grant grant = grant_of("ada");

	(void)state;
	put(vault, grant);
	grant.refresh_token.text = PK_STR("rotated");
	grant.refresh_expires_at = PK_TIME_UNKNOWN;
	put(vault, grant);
	assert_int_equal(get(vault, "ada", &grant), VAULT_OK);
	expect_text(grant.refresh_token.text, "rotated");
	assert_int_equal(grant.refresh_expires_at, PK_TIME_UNKNOWN);
	vault_close(vault);
}

static void row_tampered_with_stays_shut(void **state)
{
	/* clang-format off */
	static const struct {
		const char *attack;
		const char *sql;
	} attacks[] = {
		{"tokens of another subject", "UPDATE grants SET (access_token, refresh_token) ="
			" (SELECT access_token, refresh_token FROM grants WHERE subject = 'mallory') WHERE subject = 'ada'"},
		{"row renamed",               "DELETE FROM grants WHERE subject = 'ada';"
			" UPDATE grants SET subject = 'ada' WHERE subject = 'mallory'"},
		{"row of another login",      "DELETE FROM grants WHERE subject = 'ada' AND login = 'rfc7636';"
			" UPDATE grants SET login = 'rfc7636' WHERE login = 'other'"},
		{"boundary moved",            "DELETE FROM grants WHERE subject = 'ada' AND login = 'rfc7636';"
			" UPDATE grants SET login = 'rfc7636', subject = 'ada' WHERE login = 'rfc7636a'"},
		{"columns swapped",           "UPDATE grants SET access_token = refresh_token, refresh_token = access_token"},
		{"refresh as access token",   "UPDATE grants SET access_token = refresh_token"},
		{"access as refresh token",   "UPDATE grants SET refresh_token = access_token"},
		{"last byte cut",             "UPDATE grants SET access_token = substr(access_token, 1, length(access_token) - 1)"},
		{"refresh token cut",         "UPDATE grants SET refresh_token = substr(refresh_token, 1, 43)"},
		{"seal emptied",              "UPDATE grants SET access_token = x''"},
		{"refresh token emptied",     "UPDATE grants SET refresh_token = x''"},
		{"zeros",                     "UPDATE grants SET access_token = zeroblob(64)"},
		{"byte added",                "UPDATE grants SET access_token = CAST(access_token || x'00' AS BLOB)"},
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		struct vault *vault = open_vault();
		struct grant grant = grant_of("da");

		put(vault, grant_of("ada"));
		put(vault, grant_of("mallory"));
		grant.login =
			PK_STR("rfc7636a"); /* and "da": together the letters of the right row */
		put(vault, grant);
		grant = grant_of("ada");
		grant.login = PK_STR("other");
		put(vault, grant);
		assert_int_equal(get(vault, "ada", &grant), VAULT_OK);

		assert_true(raw(attacks[i].sql) > 0);
		grant = (struct grant){0};
		if (get(vault, "ada", &grant) != VAULT_LOCKED_BY_KEY)
			fail_msg("%s: not noticed", attacks[i].attack);
		assert_null(grant.access_token.text.ptr);
		assert_true(vault_problem(vault)[0] != '\0');
		assert_null(strstr(vault_problem(vault), "token-of"));
		vault_close(vault);
		(void)remove_database(NULL);
	}
}

static void other_key_does_not_open(void **state)
{
	const struct subkey impostor = {{1, 1, 1, 1}, {0x33}};
	struct vault *vault = open_vault();
	struct grant grant;

	(void)state;
	put(vault, grant_of("ada"));
	vault_close(vault);

	vault = open_with(&new_key, 1);
	assert_int_equal(get(vault, "ada", &grant), VAULT_LOCKED_BY_KEY);
	assert_non_null(strstr(vault_problem(vault), "not in the key ring"));
	assert_int_equal(get(vault, "grace", &grant), VAULT_NONE);
	vault_close(vault);

	vault = open_with(&impostor, 1);
	assert_int_equal(get(vault, "ada", &grant), VAULT_LOCKED_BY_KEY);
	assert_non_null(strstr(vault_problem(vault), "altered"));
	vault_close(vault);
}

static void rotated_key_seals_and_old_one_still_opens(void **state)
{
	const struct subkey ring[] = {new_key, old_key};
	struct vault *vault = open_vault();
	struct grant grant;

	(void)state;
	put(vault, grant_of("ada"));
	vault_close(vault);

	vault = open_with(ring, 2);
	assert_int_equal(get(vault, "ada", &grant), VAULT_OK);
	expect_text(grant.access_token.text, ACCESS);
	put(vault, grant_of("grace"));
	vault_close(vault);

	vault = open_with(&new_key, 1);
	assert_int_equal(get(vault, "grace", &grant), VAULT_OK);
	assert_int_equal(get(vault, "ada", &grant), VAULT_LOCKED_BY_KEY);
	vault_close(vault);
}

/* In another process: closing a database's file in this one would take SQLite's locks away. */
static bool is_in_files(const char *needle)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	const pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		bool found = false;

		for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
			static char bytes[1 << 20];
			char file[96];
			ssize_t size;

			(void)snprintf(file, sizeof(file), "%s%s", path, ends[i]);
			const int fd = open(file, O_RDONLY);

			size = fd >= 0 ? read(fd, bytes, sizeof(bytes)) : 0;
			if (size < 0 || size == sizeof(bytes))
				_exit(2);
			found |= memmem(bytes, (size_t)size, needle, strlen(needle)) != NULL;
		}
		_exit(found ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
	return WEXITSTATUS(status) == 1;
}

static void no_token_is_in_the_files(void **state)
{
	struct vault *vault = open_vault();

	(void)state;
	put(vault, grant_of("ada"));
	for (size_t closed = 0; closed < 2; closed++) {
		/* That the search would find it: what is stored in clear is found. */
		assert_true(is_in_files("openid profile"));
		assert_false(is_in_files(ACCESS));
		assert_false(is_in_files(REFRESH));
		if (!closed)
			vault_close(vault);
	}
	(void)raw("UPDATE grants SET access_token = CAST('" ACCESS "' AS BLOB)");
	assert_true(is_in_files(ACCESS));
}

/* secure_delete: what has been deleted is not left in a free page. */
static void deleted_grant_leaves_no_trace(void **state)
{
	struct vault *vault = open_vault();

	(void)state;
	put(vault, grant_of("subject-who-was-here"));
	vault_close(vault);
	assert_true(is_in_files("subject-who-was-here"));
	vault = open_vault();
	assert_int_equal(
		vault_delete_grant(vault, PK_STR("rfc7636"), PK_STR("subject-who-was-here")),
		VAULT_OK);
	vault_close(vault);
	assert_false(is_in_files("subject-who-was-here"));
}

static void files_are_ours_alone(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	const mode_t mask = umask(0);
	struct vault *vault = open_vault();

	(void)state;
	put(vault, grant_of("ada"));
	(void)umask(mask);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct stat status;
		char file[96];

		(void)snprintf(file, sizeof(file), "%s%s", path, ends[i]);
		assert_int_equal(stat(file, &status), 0);
		assert_int_equal(status.st_mode & 07777, 0600);
	}
	vault_close(vault);
}

static void attempt_is_spent_once_over_two_connections(void **state)
{
	struct vault *one = open_vault(), *two = open_vault();

	(void)state;
	assert_int_equal(vault_spend_attempt(one, id_a, code_a, NOW + 600), SPEND_FIRST);
	assert_int_equal(vault_spend_attempt(one, id_a, code_a, NOW + 600), SPEND_SAME_CODE);
	assert_int_equal(vault_spend_attempt(two, id_a, code_a, NOW + 600), SPEND_SAME_CODE);
	assert_int_equal(vault_spend_attempt(two, id_a, code_b, NOW + 600), SPEND_OTHER_CODE);
	assert_int_equal(vault_spend_attempt(one, id_a, code_a, NOW + 600), SPEND_SAME_CODE);
	assert_int_equal(vault_spend_attempt(two, id_b, code_a, NOW + 600), SPEND_FIRST);
	vault_close(one);
	vault_close(two);
	one = open_vault();
	assert_int_equal(vault_spend_attempt(one, id_a, code_a, NOW + 600), SPEND_SAME_CODE);
	assert_int_equal(vault_spend_attempt(one, id_b, code_b, NOW + 600), SPEND_OTHER_CODE);
	vault_close(one);
}

/* Each makes the database too, if it is the first. */
static void attempt_is_spent_once_over_processes(void **state)
{
	enum { PROCESSES = 6 };
	pid_t child[PROCESSES];
	size_t first = 0, same = 0;

	(void)state;
	for (size_t i = 0; i < PROCESSES; i++) {
		child[i] = fork();
		assert_true(child[i] >= 0);
		if (!child[i]) {
			char error[256];
			struct vault *vault =
				vault_open_store(store, &old_key, 1, error, sizeof(error));

			if (!vault)
				(void)fprintf(stderr, "# %s\n", error);
			_exit(vault ? (int)vault_spend_attempt(vault, id_a, code_a, NOW + 600)
				    : 99);
		}
	}
	for (size_t i = 0; i < PROCESSES; i++) {
		int status;

		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_true(WIFEXITED(status));
		first += WEXITSTATUS(status) == SPEND_FIRST;
		same += WEXITSTATUS(status) == SPEND_SAME_CODE;
	}
	assert_int_equal(first, 1);
	assert_int_equal(same, PROCESSES - 1);
}

struct seen {
	size_t count;
	int64_t expires_at[8];
	uint8_t id[8][SESSION_ID];
};

static void note(const uint8_t id[static SESSION_ID], int64_t expires_at, void *arg)
{
	struct seen *seen = arg;

	assert_true(seen->count < 8);
	memcpy(seen->id[seen->count], id, SESSION_ID);
	seen->expires_at[seen->count++] = expires_at;
}

static void revoked_session_survives_reopening(void **state)
{
	struct vault *vault = open_vault();
	struct seen seen = {0};

	(void)state;
	assert_int_equal(vault_revoke_session(vault, id_a, NOW + 100), VAULT_OK);
	assert_int_equal(vault_revoke_session(vault, id_a, NOW + 50), VAULT_OK);
	vault_close(vault);
	vault = open_vault();
	assert_int_equal(vault_each_revoked(vault, NOW, note, &seen), VAULT_OK);
	assert_int_equal(seen.count, 1);
	assert_memory_equal(seen.id[0], id_a, SESSION_ID);
	assert_int_equal(seen.expires_at[0], NOW + 100);
	vault_close(vault);
}

static void what_has_ended_is_forgotten(void **state)
{
	struct vault *vault = open_vault();
	struct seen seen = {0};

	(void)state;
	assert_int_equal(vault_revoke_session(vault, id_a, NOW), VAULT_OK);
	assert_int_equal(vault_revoke_session(vault, id_b, NOW + 1), VAULT_OK);
	assert_int_equal(vault_spend_attempt(vault, id_a, code_a, NOW), SPEND_FIRST);
	assert_int_equal(vault_spend_attempt(vault, id_b, code_a, NOW + 1), SPEND_FIRST);
	assert_int_equal(vault_each_revoked(vault, NOW, note, &seen), VAULT_OK);
	assert_int_equal(seen.count, 1);
	assert_memory_equal(seen.id[0], id_b, SESSION_ID);
	assert_int_equal(raw_number("SELECT count(*) FROM revocations"), 1);
	assert_int_equal(raw_number("SELECT count(*) FROM spent_attempts"), 1);
	assert_int_equal(vault_spend_attempt(vault, id_b, code_a, NOW + 1), SPEND_SAME_CODE);
	vault_close(vault);
}

/* Another keeper on the same store: a logout there is news here, once; what we wrote is none. */
static void poll_tells_what_others_wrote(void **state)
{
	struct vault *one = open_vault(), *two = open_vault();
	bool changed;

	(void)state;
	assert_int_equal(vault_poll(one, &changed), VAULT_OK); /* the first is always news */
	assert_int_equal(vault_revoke_session(one, id_a, NOW + 100), VAULT_OK);
	assert_int_equal(vault_poll(one, &changed), VAULT_OK);
	assert_false(changed);
	assert_int_equal(vault_revoke_session(two, id_b, NOW + 100), VAULT_OK);
	assert_int_equal(vault_poll(one, &changed), VAULT_OK);
	assert_true(changed);
	assert_int_equal(vault_poll(one, &changed), VAULT_OK);
	assert_false(changed);
	vault_close(one);
	vault_close(two);
}

static void store_that_is_busy_is_down_for_writing(void **state)
{
	struct vault *vault = open_vault();
	struct grant grant = grant_of("grace");
	sqlite3 *other;

	(void)state;
	put(vault, grant_of("ada"));
	other = raw_open();
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(vault_spend_attempt(vault, id_a, code_a, NOW + 600), SPEND_DOWN);
	assert_string_equal(vault_problem(vault), "SQLite: database is locked");
	assert_int_equal(get(vault, "ada", &grant), VAULT_OK);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	assert_int_equal(vault_spend_attempt(vault, id_a, code_a, NOW + 600), SPEND_FIRST);
	vault_close(vault);
}

static void disk_that_is_full_is_down_and_loses_nothing(void **state)
{
	struct vault *vault = open_vault();
	struct grant grant = grant_of("grace");
	struct rlimit before, none;
	enum vault_result results[3];
	enum spend_result spent;
	char problem[256];

	(void)state;
	put(vault, grant_of("ada"));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	results[0] = vault_put_grant(vault, &grant, NOW);
	(void)snprintf(problem, sizeof(problem), "%s", vault_problem(vault));
	results[1] = vault_revoke_session(vault, id_a, NOW + 600);
	results[2] = vault_delete_grant(vault, PK_STR("rfc7636"), PK_STR("ada"));
	spent = vault_spend_attempt(vault, id_a, code_a, NOW + 600);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(results[i], VAULT_DOWN);
	assert_int_equal(spent, SPEND_DOWN);
	assert_true(pk_str_starts(pk_str(problem), PK_STR("SQLite: ")));

	assert_int_equal(get(vault, "grace", &grant), VAULT_NONE);
	assert_int_equal(get(vault, "ada", &grant), VAULT_OK);
	assert_int_equal(vault_spend_attempt(vault, id_a, code_a, NOW + 600), SPEND_FIRST);
	vault_close(vault);
}

/* As a user whom permissions bind, which root is not: 0 when opening was refused in the right
 * words, 1 when not, 2 when root cannot become another user here. */
static int open_read_only(void)
{
	char error[256] = "";

	if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
		return 2;
	return vault_open_store(store, &old_key, 1, error, sizeof(error)) ||
	       !strstr(error, "readonly database");
}

static void store_that_is_read_only_is_not_opened(void **state)
{
	int status;
	pid_t child;

	(void)state;
	vault_close(open_vault());
	assert_int_equal(chmod(path, 0444), 0);
	assert_int_equal(chmod(directory, 0755), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		_exit(open_read_only());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(chmod(directory, 0700), 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 2)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void store_without_its_tables_is_down(void **state)
{
	struct vault *vault = open_vault();
	struct grant grant = grant_of("ada");
	struct seen seen = {0};

	(void)state;
	(void)raw("DROP TABLE spent_attempts; DROP TABLE revocations; DROP TABLE grants");
	assert_int_equal(vault_put_grant(vault, &grant, NOW), VAULT_DOWN);
	assert_string_equal(vault_problem(vault), "SQLite: no such table: grants");
	assert_int_equal(get(vault, "ada", &grant), VAULT_DOWN);
	assert_int_equal(vault_spend_attempt(vault, id_a, code_a, NOW), SPEND_DOWN);
	assert_int_equal(vault_revoke_session(vault, id_a, NOW), VAULT_DOWN);
	assert_int_equal(vault_each_revoked(vault, NOW, note, &seen), VAULT_DOWN);
	vault_close(vault);
}

static void names_too_long_or_empty_are_refused(void **state)
{
	char name[PK_SUBJECT_MAX + 2];
	struct vault *vault = open_vault();
	struct grant grant = grant_of("");

	(void)state;
	assert_int_equal(vault_put_grant(vault, &grant, NOW), VAULT_DOWN);
	assert_non_null(strstr(vault_problem(vault), "empty or too long"));
	memset(name, 'a', sizeof(name));
	grant.subject = (struct pk_str){name, PK_SUBJECT_MAX + 1};
	assert_int_equal(vault_put_grant(vault, &grant, NOW), VAULT_DOWN);
	name[PK_SUBJECT_MAX + 1] = '\0';
	assert_int_equal(get(vault, name, &grant), VAULT_NONE);
	name[PK_SUBJECT_MAX] = '\0';
	put(vault, grant_of(name));
	assert_int_equal(get(vault, name, &grant), VAULT_OK);
	vault_close(vault);
}

static void grant_larger_than_its_memory_is_said(void **state)
{
	struct vault *vault = open_vault();
	struct grant grant;

	(void)state;
	put(vault, grant_of("ada"));
	for (size_t size = 0; size < 240; size += 16) {
		struct pk_arena arena = pk_arena(grant_memory, size);

		assert_int_equal(
			vault_get_grant(vault, &arena, PK_STR("rfc7636"), PK_STR("ada"), &grant),
			VAULT_DOWN);
		assert_non_null(strstr(vault_problem(vault), "larger than the memory"));
	}
	assert_int_equal(get(vault, "ada", &grant), VAULT_OK);
	vault_close(vault);
}

static void expect_no_vault(const char *where, size_t keys, const char *sentence)
{
	struct subkey ring[KEYRING_MAX + 1] = {0};
	char error[256] = "";

	assert_null(vault_open_store(where, ring, keys, error, sizeof(error)));
	if (!strstr(error, sentence))
		fail_msg("%s: \"%s\" and not \"%s\"", where, error, sentence);
}

static void stores_that_cannot_be_opened_say_why(void **state)
{
	char where[128];

	(void)state;
	expect_no_vault("", 1, "a store is sqlite:");
	expect_no_vault("sqlite:", 1, "a store is sqlite:");
	expect_no_vault("postgres://localhost/vault", 1, "a store is sqlite:");
	expect_no_vault(store, 0, "needs 1 to 16 keys");
	expect_no_vault(store, KEYRING_MAX + 1, "needs 1 to 16 keys");
	(void)snprintf(where, sizeof(where), "sqlite:%s/none/vault.db", directory);
	expect_no_vault(where, 1, "No such file or directory");
	(void)snprintf(where, sizeof(where), "sqlite:%s", directory);
	expect_no_vault(where, 1, "unable to open database file");
	assert_int_equal(access(path, F_OK), -1);
}

static void files_that_are_no_vault_are_left_alone(void **state)
{
	static const char rubbish[] = "this is a letter to a friend and no database at all .......";
	char after[sizeof(rubbish)] = "";
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	(void)state;
	assert_int_equal(write(fd, rubbish, sizeof(rubbish)), sizeof(rubbish));
	assert_int_equal(close(fd), 0);
	expect_no_vault(store, 1, "file is not a database");
	fd = open(path, O_RDONLY);
	assert_int_equal(read(fd, after, sizeof(after)), sizeof(after));
	assert_int_equal(close(fd), 0);
	assert_string_equal(after, rubbish);

	assert_int_equal(truncate(path, 0), 0);
	(void)raw("CREATE TABLE recipes (name TEXT)");
	expect_no_vault(store, 1, "another program");
	assert_int_equal(raw_number("SELECT count(*) FROM sqlite_schema"), 1);
	assert_int_equal(raw_number("PRAGMA application_id"), 0);
}

static void vault_of_a_newer_version_is_left_alone(void **state)
{
	(void)state;
	vault_close(open_vault());
	(void)raw("PRAGMA user_version = 99");
	expect_no_vault(store, 1, "newer version");
	(void)raw("PRAGMA user_version = -1");
	expect_no_vault(store, 1, "newer version");
	assert_int_equal(raw_number("PRAGMA user_version"), -1);
}

/* A relative path is a file, whatever SQLite would make of its name. */
static void path_is_a_path(void **state)
{
	char error[256];
	char before[4096];
	struct vault *vault;

	(void)state;
	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(directory), 0);
	vault = vault_open_store("sqlite::memory:", &old_key, 1, error, sizeof(error));
	assert_non_null(vault);
	assert_int_equal(access(":memory:", F_OK), 0);
	vault_close(vault);
	assert_int_equal(unlink(":memory:"), 0);
	assert_int_equal(chdir(before), 0);
}

/* The settings that the promises of vault.h stand on. */
static void log_is_written_ahead(void **state)
{
	struct vault *vault = open_vault();
	char file[96];

	(void)state;
	put(vault, grant_of("ada"));
	(void)snprintf(file, sizeof(file), "%s-wal", path);
	assert_int_equal(access(file, F_OK), 0);
	assert_int_equal(raw_number("PRAGMA user_version"), 2);
	vault_close(vault);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(grant_comes_back_as_it_was, remove_database),
		cmocka_unit_test_teardown(what_was_not_given_is_not_given, remove_database),
		cmocka_unit_test_teardown(subjects_and_logins_are_apart, remove_database),
		cmocka_unit_test_teardown(deleted_grant_is_gone, remove_database),
		cmocka_unit_test_teardown(refresh_token_is_kept_when_none_comes, remove_database),
		cmocka_unit_test_teardown(refresh_token_is_replaced_when_one_comes,
					  remove_database),
		cmocka_unit_test_teardown(row_tampered_with_stays_shut, remove_database),
		cmocka_unit_test_teardown(other_key_does_not_open, remove_database),
		cmocka_unit_test_teardown(rotated_key_seals_and_old_one_still_opens,
					  remove_database),
		cmocka_unit_test_teardown(no_token_is_in_the_files, remove_database),
		cmocka_unit_test_teardown(deleted_grant_leaves_no_trace, remove_database),
		cmocka_unit_test_teardown(files_are_ours_alone, remove_database),
		cmocka_unit_test_teardown(attempt_is_spent_once_over_two_connections,
					  remove_database),
		cmocka_unit_test_teardown(attempt_is_spent_once_over_processes, remove_database),
		cmocka_unit_test_teardown(revoked_session_survives_reopening, remove_database),
		cmocka_unit_test_teardown(what_has_ended_is_forgotten, remove_database),
		cmocka_unit_test_teardown(poll_tells_what_others_wrote, remove_database),
		cmocka_unit_test_teardown(store_that_is_busy_is_down_for_writing, remove_database),
		cmocka_unit_test_teardown(disk_that_is_full_is_down_and_loses_nothing,
					  remove_database),
		cmocka_unit_test_teardown(store_that_is_read_only_is_not_opened, remove_database),
		cmocka_unit_test_teardown(store_without_its_tables_is_down, remove_database),
		cmocka_unit_test_teardown(names_too_long_or_empty_are_refused, remove_database),
		cmocka_unit_test_teardown(grant_larger_than_its_memory_is_said, remove_database),
		cmocka_unit_test(stores_that_cannot_be_opened_say_why),
		cmocka_unit_test_teardown(files_that_are_no_vault_are_left_alone, remove_database),
		cmocka_unit_test_teardown(vault_of_a_newer_version_is_left_alone, remove_database),
		cmocka_unit_test(path_is_a_path),
		cmocka_unit_test_teardown(log_is_written_ahead, remove_database),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
