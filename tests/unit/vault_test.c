/*
 * The vault over SQLite: what it keeps, and what happens when somebody who can write to the
 * database moves, swaps or cuts what is in it, takes another key, or takes the disk away.
 */
#include "vault/vault.h"
#include "vault/seal.h"
#include "base/arena.h"
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
#define ID "id-token-of-ada"

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

/* Answers are copied here, texts and all, since they end with the callback. */
static struct event_base *base;
static struct answered {
	bool done;
	enum vault_result result;
	enum spend_result spend;
	struct grant grant;
	size_t count;
	struct revoked_session revoked[8];
	size_t revoked_count;
	char problem[256];
} answered;

static struct vault *open_with(const struct subkey *keys, size_t count)
{
	char error[256] = "";
	struct vault *vault = vault_open_store(base, store, keys, count, error, sizeof(error));

	if (!vault)
		fail_msg("%s", error);
	return vault;
}

static struct vault *open_vault(void)
{
	return open_with(&old_key, 1);
}

static void close_vault(struct vault *vault)
{
	vault_close(&vault);
	assert_null(vault);
}

static struct grant grant_of(const char *subject)
{
	return (struct grant){
		.login = PK_STR("rfc7636"),
		.subject = pk_str(subject),
		.access_token = {PK_STR(ACCESS)},
		.refresh_token = {PK_STR(REFRESH)},
		.id_token = {PK_STR(ID)},
		.scope = PK_STR("openid profile"),
		.access_expires_at = NOW + 3600,
		.refresh_expires_at = NOW + 86400,
		.refresh_at = NOW + 3000,
		.created_at = NOW,
		.refreshed_at = PK_TIME_UNKNOWN,
		.sent_at = PK_TIME_UNKNOWN,
	};
}

static void keep(struct pk_arena *arena, struct pk_str *text)
{
	if (text->ptr)
		assert_int_equal(pk_arena_copy(arena, *text, text), PK_OK);
}

static void on_answer(const struct vault_answer *answer, void *arg)
{
	struct pk_arena arena = pk_arena(grant_memory, sizeof(grant_memory));

	(void)arg;
	assert_false(answered.done);
	answered = (struct answered){.done = true,
				     .result = answer->result,
				     .spend = answer->spend,
				     .count = answer->count,
				     .revoked_count = answer->revoked_count};
	(void)snprintf(answered.problem, sizeof(answered.problem), "%s", answer->problem);
	assert_true(answer->revoked_count <= 8);
	for (size_t i = 0; i < answer->revoked_count; i++)
		answered.revoked[i] = answer->revoked[i];
	if (!answer->count)
		return;
	answered.grant = answer->grant[0];

	struct grant *const grant = &answered.grant;
	struct pk_str *const texts[] = {&grant->login,
					&grant->subject,
					&grant->scope,
					&grant->session,
					&grant->fault,
					&grant->access_token.text,
					&grant->refresh_token.text,
					&grant->id_token.text};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		keep(&arena, texts[i]);
}

/* Runs the loop until the last call is answered. */
static enum vault_result wait_for_answer(void)
{
	while (!answered.done)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	answered.done = false;
	return answered.result;
}

static enum vault_result try_put(struct vault *vault, const struct grant *grant)
{
	vault_put(vault, grant, on_answer, NULL);
	return wait_for_answer();
}

static void put(struct vault *vault, struct grant grant)
{
	assert_int_equal(try_put(vault, &grant), VAULT_OK);
}

/* The texts of `ret` live until the next call. */
static enum vault_result get(struct vault *vault, const char *subject, struct grant *ret)
{
	vault_get(vault, PK_STR("rfc7636"), pk_str(subject), on_answer, NULL);
	(void)wait_for_answer();
	if (answered.result == VAULT_OK)
		*ret = answered.grant;
	return answered.result;
}

static enum vault_result delete (struct vault *vault, const char *subject) {
	vault_delete(vault, PK_STR("rfc7636"), pk_str(subject), NULL, on_answer, NULL);
	return wait_for_answer();
}

static enum spend_result spend(struct vault *vault, const uint8_t *id, const uint8_t *code,
			       int64_t expires_at)
{
	vault_spend(vault, id, code, expires_at, on_answer, NULL);
	(void)wait_for_answer();
	assert_int_equal(answered.result == VAULT_DOWN, answered.spend == SPEND_DOWN);
	return answered.spend;
}

static enum vault_result revoke_session(struct vault *vault, const uint8_t *id, int64_t expires_at)
{
	struct revoked_session session = {.expires_at = expires_at};

	memcpy(session.id, id, SESSION_ID);
	vault_revoke(vault, &session, on_answer, NULL);
	return wait_for_answer();
}

/* All that was revoked, into `answered`. */
static enum vault_result revoked(struct vault *vault)
{
	vault_revoked(vault, 0, NOW, on_answer, NULL);
	return wait_for_answer();
}

static enum vault_result forget(struct vault *vault)
{
	vault_forget(vault, NOW, on_answer, NULL);
	return wait_for_answer();
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
	close_vault(vault);
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
	assert_string_equal(answered.problem, "");
	close_vault(vault);
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
	close_vault(vault);
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
	close_vault(vault);
}

static void deleted_grant_is_gone(void **state)
{
	struct vault *vault = open_vault();
	struct grant grant;

	(void)state;
	put(vault, grant_of("ada"));
	put(vault, grant_of("grace"));
	assert_int_equal(delete (vault, "ada"), VAULT_OK);
	assert_int_equal(delete (vault, "ada"), VAULT_NONE);
	assert_int_equal(get(vault, "ada", &grant), VAULT_NONE);
	assert_int_equal(get(vault, "grace", &grant), VAULT_OK);
	close_vault(vault);
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
	close_vault(vault);
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
	close_vault(vault);
}

/* The same for one that is left, which then is there for its owner alone. */
static void left_grant_is_given(void **state)
{
	static const uint8_t ann[LEASE_OWNER] = "owner ann......", bob[LEASE_OWNER] = "bob";
	struct vault *vault = open_vault();
	struct grant grant;

	(void)state;
	put(vault, grant_of("ada"));
	vault_leave(vault, PK_STR("rfc7636"), PK_STR("ada"), ann, 60, NOW, false, on_answer, NULL);
	assert_int_equal(wait_for_answer(), VAULT_OK);
	assert_int_equal(answered.count, 1);
	assert_int_equal(answered.grant.state, GRANT_LEAVING);
	assert_int_equal(answered.grant.refresh_at, NOW);
	expect_text(answered.grant.access_token.text, ACCESS);
	expect_text(answered.grant.refresh_token.text, REFRESH);
	assert_int_equal(get(vault, "ada", &grant), VAULT_NONE);
	vault_leave(vault, PK_STR("rfc7636"), PK_STR("ada"), bob, 60, NOW, true, on_answer, NULL);
	assert_int_equal(wait_for_answer(), VAULT_BUSY);
	vault_delete(vault, PK_STR("rfc7636"), PK_STR("ada"), bob, on_answer, NULL);
	assert_int_equal(wait_for_answer(), VAULT_NONE);
	vault_delete(vault, PK_STR("rfc7636"), PK_STR("ada"), ann, on_answer, NULL);
	assert_int_equal(wait_for_answer(), VAULT_OK);
	expect_text(answered.grant.refresh_token.text, REFRESH);
	close_vault(vault);
}

/* What a deleted grant held is given, so that the provider can be told. */
static void deleted_grant_is_given(void **state)
{
	struct vault *vault = open_vault();

	(void)state;
	put(vault, grant_of("ada"));
	assert_int_equal(delete (vault, "ada"), VAULT_OK);
	assert_int_equal(answered.count, 1);
	expect_text(answered.grant.access_token.text, ACCESS);
	expect_text(answered.grant.refresh_token.text, REFRESH);
	expect_text(answered.grant.id_token.text, ID);
	close_vault(vault);
}

static void refresh_goes_from_lease_to_finish(void **state)
{
	static const uint8_t owner[LEASE_OWNER] = "somebody", other[LEASE_OWNER] = "else";
	struct vault *vault = open_vault();
	struct grant grant;

	(void)state;
	put(vault, grant_of("ada"));
	vault_lease(vault, PK_STR("rfc7636"), PK_STR("ada"), owner, 60, on_answer, NULL);
	assert_int_equal(wait_for_answer(), VAULT_OK);
	grant = answered.grant;
	expect_text(grant.refresh_token.text, REFRESH);
	vault_lease(vault, PK_STR("rfc7636"), PK_STR("ada"), other, 60, on_answer, NULL);
	assert_int_equal(wait_for_answer(), VAULT_BUSY);
	expect_text(answered.grant.access_token.text, ACCESS);
	vault_renew(vault, PK_STR("rfc7636"), PK_STR("ada"), owner, 60, NOW + 1, on_answer, NULL);
	assert_int_equal(wait_for_answer(), VAULT_OK);
	assert_null(answered.grant.access_token.text.ptr);

	grant.access_token.text = PK_STR("fresh");
	grant.refresh_token.text = PK_STR("rotated");
	grant.refresh_at = grant.refreshed_at = NOW + 5000;
	vault_finish(vault, &grant, owner, on_answer, NULL);
	assert_int_equal(wait_for_answer(), VAULT_OK);
	assert_int_equal(get(vault, "ada", &grant), VAULT_OK);
	expect_text(grant.access_token.text, "fresh");
	expect_text(grant.refresh_token.text, "rotated");
	expect_text(grant.id_token.text, ID);
	assert_int_equal(grant.refresh_at, NOW + 5000);
	assert_int_equal(grant.created_at, NOW);
	assert_int_equal(grant.sent_at, PK_TIME_UNKNOWN);

	/* What only lists does not open. */
	vault_due(vault, PK_STR("rfc7636"), NOW + 5000, 8, on_answer, NULL);
	assert_int_equal(wait_for_answer(), VAULT_OK);
	assert_int_equal(answered.count, 1);
	assert_null(answered.grant.access_token.text.ptr);
	assert_false(answered.grant.locked);
	close_vault(vault);
}

/* Re-sealing makes what an old key sealed open with the new one alone; what did not open stays. */
static void resealed_grant_needs_the_old_key_no_more(void **state)
{
	const struct subkey ring[] = {new_key, old_key};
	struct vault *vault = open_vault();
	struct grant grant;

	(void)state;
	put(vault, grant_of("ada"));
	close_vault(vault);
	vault = open_with(ring, 2);
	vault_list_sealed(vault, old_key.id, PK_STR(""), PK_STR(""), 8, on_answer, NULL);
	assert_int_equal(wait_for_answer(), VAULT_OK);
	assert_int_equal(answered.count, 1);
	grant = answered.grant;
	vault_reseal(vault, &grant, on_answer, NULL);
	assert_int_equal(wait_for_answer(), VAULT_OK);
	vault_reseal(vault, &grant, on_answer, NULL);
	assert_int_equal(wait_for_answer(), VAULT_BUSY);
	vault_list_sealed(vault, old_key.id, PK_STR(""), PK_STR(""), 8, on_answer, NULL);
	assert_int_equal(wait_for_answer(), VAULT_OK);
	assert_int_equal(answered.count, 0);
	close_vault(vault);

	vault = open_with(&new_key, 1);
	assert_int_equal(get(vault, "ada", &grant), VAULT_OK);
	expect_text(grant.access_token.text, ACCESS);
	expect_text(grant.refresh_token.text, REFRESH);
	expect_text(grant.id_token.text, ID);
	assert_true(raw("UPDATE grants SET access_token = zeroblob(64)") == 1);
	vault_list_sealed(vault, new_key.id, PK_STR(""), PK_STR(""), 8, on_answer, NULL);
	assert_int_equal(wait_for_answer(), VAULT_OK);
	assert_int_equal(answered.count, 1);
	assert_true(answered.grant.locked);
	assert_null(answered.grant.refresh_token.text.ptr);
	grant = answered.grant;
	vault_reseal(vault, &grant, on_answer, NULL);
	assert_int_equal(wait_for_answer(), VAULT_LOCKED_BY_KEY);
	close_vault(vault);
}

/* Whoever asks during the last answers is answered too, and nobody afterwards. */
static void ask_again(const struct vault_answer *answer, void *arg)
{
	(void)answer;
	vault_get(arg, PK_STR("rfc7636"), PK_STR("ada"), on_answer, NULL);
}

static void closing_answers_everybody(void **state)
{
	struct vault *vault = open_vault();

	(void)state;
	vault_get(vault, PK_STR("rfc7636"), PK_STR("ada"), ask_again, vault);
	vault_close(&vault);
	assert_null(vault);
	assert_int_equal(wait_for_answer(), VAULT_DOWN);
	assert_string_equal(answered.problem, "the store is closed");
	vault_close(&vault);
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
		assert_true(answered.problem[0] != '\0');
		assert_null(strstr(answered.problem, "token-of"));
		close_vault(vault);
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
	close_vault(vault);

	vault = open_with(&new_key, 1);
	assert_int_equal(get(vault, "ada", &grant), VAULT_LOCKED_BY_KEY);
	assert_non_null(strstr(answered.problem, "not in the key ring"));
	assert_int_equal(get(vault, "grace", &grant), VAULT_NONE);
	close_vault(vault);

	vault = open_with(&impostor, 1);
	assert_int_equal(get(vault, "ada", &grant), VAULT_LOCKED_BY_KEY);
	assert_non_null(strstr(answered.problem, "altered"));
	close_vault(vault);
}

static void rotated_key_seals_and_old_one_still_opens(void **state)
{
	const struct subkey ring[] = {new_key, old_key};
	struct vault *vault = open_vault();
	struct grant grant;

	(void)state;
	put(vault, grant_of("ada"));
	close_vault(vault);

	vault = open_with(ring, 2);
	assert_int_equal(get(vault, "ada", &grant), VAULT_OK);
	expect_text(grant.access_token.text, ACCESS);
	put(vault, grant_of("grace"));
	close_vault(vault);

	vault = open_with(&new_key, 1);
	assert_int_equal(get(vault, "grace", &grant), VAULT_OK);
	assert_int_equal(get(vault, "ada", &grant), VAULT_LOCKED_BY_KEY);
	close_vault(vault);
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
			close_vault(vault);
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
	close_vault(vault);
	assert_true(is_in_files("subject-who-was-here"));
	vault = open_vault();
	assert_int_equal(delete (vault, "subject-who-was-here"), VAULT_OK);
	close_vault(vault);
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
	close_vault(vault);
}

static void attempt_is_spent_once_over_two_connections(void **state)
{
	struct vault *one = open_vault(), *two = open_vault();

	(void)state;
	assert_int_equal(spend(one, id_a, code_a, NOW + 600), SPEND_FIRST);
	assert_int_equal(spend(one, id_a, code_a, NOW + 600), SPEND_SAME_CODE);
	assert_int_equal(spend(two, id_a, code_a, NOW + 600), SPEND_SAME_CODE);
	assert_int_equal(spend(two, id_a, code_b, NOW + 600), SPEND_OTHER_CODE);
	assert_int_equal(spend(one, id_a, code_a, NOW + 600), SPEND_SAME_CODE);
	assert_int_equal(spend(two, id_b, code_a, NOW + 600), SPEND_FIRST);
	close_vault(one);
	close_vault(two);
	one = open_vault();
	assert_int_equal(spend(one, id_a, code_a, NOW + 600), SPEND_SAME_CODE);
	assert_int_equal(spend(one, id_b, code_b, NOW + 600), SPEND_OTHER_CODE);
	close_vault(one);
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

			base = event_base_new();
			struct vault *vault =
				vault_open_store(base, store, &old_key, 1, error, sizeof(error));

			if (!vault)
				(void)fprintf(stderr, "# %s\n", error);
			_exit(vault ? (int)spend(vault, id_a, code_a, NOW + 600) : 99);
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

static void revoked_session_survives_reopening(void **state)
{
	struct vault *vault = open_vault();

	(void)state;
	assert_int_equal(revoke_session(vault, id_a, NOW + 100), VAULT_OK);
	assert_int_equal(revoke_session(vault, id_a, NOW + 50), VAULT_OK);
	close_vault(vault);
	vault = open_vault();
	assert_int_equal(revoked(vault), VAULT_OK);
	assert_int_equal(answered.revoked_count, 1);
	assert_memory_equal(answered.revoked[0].id, id_a, SESSION_ID);
	assert_int_equal(answered.revoked[0].expires_at, NOW + 100);
	close_vault(vault);
}

static void what_has_ended_is_forgotten(void **state)
{
	struct vault *vault = open_vault();

	(void)state;
	assert_int_equal(revoke_session(vault, id_a, NOW), VAULT_OK);
	assert_int_equal(revoke_session(vault, id_b, NOW + 1), VAULT_OK);
	assert_int_equal(spend(vault, id_a, code_a, NOW), SPEND_FIRST);
	assert_int_equal(spend(vault, id_b, code_a, NOW + 1), SPEND_FIRST);
	assert_int_equal(revoked(vault), VAULT_OK);
	assert_int_equal(answered.revoked_count, 1);
	assert_memory_equal(answered.revoked[0].id, id_b, SESSION_ID);
	assert_int_equal(forget(vault), VAULT_OK);
	assert_int_equal(raw_number("SELECT count(*) FROM revocations"), 1);
	assert_int_equal(raw_number("SELECT count(*) FROM spent_attempts"), 1);
	assert_int_equal(spend(vault, id_b, code_a, NOW + 1), SPEND_SAME_CODE);
	close_vault(vault);
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
	assert_int_equal(spend(vault, id_a, code_a, NOW + 600), SPEND_DOWN);
	assert_string_equal(answered.problem, "SQLite: database is locked");
	assert_int_equal(get(vault, "ada", &grant), VAULT_OK);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	assert_int_equal(spend(vault, id_a, code_a, NOW + 600), SPEND_FIRST);
	close_vault(vault);
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
	results[0] = try_put(vault, &grant);
	(void)snprintf(problem, sizeof(problem), "%s", answered.problem);
	results[1] = revoke_session(vault, id_a, NOW + 600);
	results[2] = delete (vault, "ada");
	spent = spend(vault, id_a, code_a, NOW + 600);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(results[i], VAULT_DOWN);
	assert_int_equal(spent, SPEND_DOWN);
	assert_true(pk_str_starts(pk_str(problem), PK_STR("SQLite: ")));

	assert_int_equal(get(vault, "grace", &grant), VAULT_NONE);
	assert_int_equal(get(vault, "ada", &grant), VAULT_OK);
	assert_int_equal(spend(vault, id_a, code_a, NOW + 600), SPEND_FIRST);
	close_vault(vault);
}

/* As a user whom permissions bind, which root is not: 0 when opening was refused in the right
 * words, 1 when not, 2 when root cannot become another user here. */
static int open_read_only(void)
{
	char error[256] = "";

	if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
		return 2;
	return vault_open_store(base, store, &old_key, 1, error, sizeof(error)) ||
	       !strstr(error, "readonly database");
}

static void store_that_is_read_only_is_not_opened(void **state)
{
	int status;
	pid_t child;

	(void)state;
	close_vault(open_vault());
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

	(void)state;
	(void)raw("DROP TABLE spent_attempts; DROP TABLE revocations; DROP TABLE grants");
	assert_int_equal(try_put(vault, &grant), VAULT_DOWN);
	assert_string_equal(answered.problem, "SQLite: no such table: grants");
	assert_int_equal(get(vault, "ada", &grant), VAULT_DOWN);
	assert_int_equal(spend(vault, id_a, code_a, NOW), SPEND_DOWN);
	assert_int_equal(revoke_session(vault, id_a, NOW), VAULT_DOWN);
	assert_int_equal(revoked(vault), VAULT_DOWN);
	close_vault(vault);
}

static void names_too_long_or_empty_are_refused(void **state)
{
	char name[PK_SUBJECT_MAX + 2];
	struct vault *vault = open_vault();
	struct grant grant = grant_of("");

	(void)state;
	assert_int_equal(try_put(vault, &grant), VAULT_DOWN);
	assert_non_null(strstr(answered.problem, "empty or too long"));
	memset(name, 'a', sizeof(name));
	grant.subject = (struct pk_str){name, PK_SUBJECT_MAX + 1};
	assert_int_equal(try_put(vault, &grant), VAULT_DOWN);
	name[PK_SUBJECT_MAX + 1] = '\0';
	assert_int_equal(get(vault, name, &grant), VAULT_NONE);
	name[PK_SUBJECT_MAX] = '\0';
	put(vault, grant_of(name));
	assert_int_equal(get(vault, name, &grant), VAULT_OK);
	close_vault(vault);
}

static void expect_no_vault(const char *where, size_t keys, const char *sentence)
{
	struct subkey ring[KEYRING_MAX + 1] = {0};
	char error[256] = "";

	assert_null(vault_open_store(base, where, ring, keys, error, sizeof(error)));
	if (!strstr(error, sentence))
		fail_msg("%s: \"%s\" and not \"%s\"", where, error, sentence);
}

static void stores_that_cannot_be_opened_say_why(void **state)
{
	char where[128];

	(void)state;
	expect_no_vault("", 1, "a store is ");
	expect_no_vault("sqlite:", 1, "a store is ");
	expect_no_vault("mysql://localhost/vault", 1, "a store is ");
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
	close_vault(open_vault());
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
	vault = vault_open_store(base, "sqlite::memory:", &old_key, 1, error, sizeof(error));
	assert_non_null(vault);
	assert_int_equal(access(":memory:", F_OK), 0);
	close_vault(vault);
	assert_int_equal(unlink(":memory:"), 0);
	assert_int_equal(chdir(before), 0);
}

/* Binds a seal as version 1 made it. */
static void bind_seal(sqlite3_stmt *statement, int place, const char *bound, const char *token)
{
	static const uint8_t nonce[SEAL_NONCE] = "a nonce for tests";
	static char memory[256];
	struct pk_buf seal = pk_buf(memory, sizeof(memory));

	vault_seal(&old_key, nonce, pk_str(bound), pk_str(token), &seal);
	assert_false(seal.overflow);
	assert_int_equal(
		sqlite3_bind_blob64(statement, place, seal.ptr, seal.len, SQLITE_TRANSIENT),
		SQLITE_OK);
}

/* A database as version 1 of the schema left it, with what it knew. */
static void make_version_1(void)
{
	static const char schema[] =
		"CREATE TABLE grants (login TEXT NOT NULL, subject TEXT NOT NULL,"
		"	access_token BLOB NOT NULL, refresh_token BLOB, scope TEXT,"
		"	access_expires_at INTEGER, refresh_expires_at INTEGER,"
		"	updated_at INTEGER NOT NULL, PRIMARY KEY (login, subject)) STRICT;"
		"CREATE TABLE spent_attempts ("
		"	id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),"
		"	code_hash BLOB NOT NULL CHECK (length(code_hash) = 16),"
		"	repeats INTEGER NOT NULL, expires_at INTEGER NOT NULL) STRICT, WITHOUT "
		"ROWID;"
		"CREATE INDEX spent_attempts_by_expiry ON spent_attempts (expires_at);"
		"CREATE TABLE revoked_sessions ("
		"	id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),"
		"	expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
		"CREATE INDEX revoked_sessions_by_expiry ON revoked_sessions (expires_at);"
		"INSERT INTO revoked_sessions VALUES (CAST('attempt a......' || x'00' AS BLOB),"
		"	1800000100);"
		"PRAGMA application_id = 1885760377; PRAGMA user_version = 1";
	sqlite3 *database;
	sqlite3_stmt *insert;

	assert_int_equal(
		sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL),
		SQLITE_OK);
	if (sqlite3_exec(database, schema, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(database));
	assert_int_equal(sqlite3_prepare_v2(database,
					    "INSERT INTO grants VALUES ('rfc7636', 'ada', ?, ?,"
					    " 'openid', 1800003600, NULL, 1800000000)",
					    -1, &insert, NULL),
			 SQLITE_OK);
	bind_seal(insert, 1, "5:grant12:access_token7:rfc76363:ada", ACCESS);
	bind_seal(insert, 2, "5:grant13:refresh_token7:rfc76363:ada", REFRESH);
	assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
	assert_int_equal(sqlite3_finalize(insert), SQLITE_OK);
	assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static void vault_of_version_1_is_brought_up_to_date(void **state)
{
	struct vault *vault;
	struct grant grant;

	(void)state;
	make_version_1();
	vault = open_vault();
	assert_int_equal(get(vault, "ada", &grant), VAULT_OK);
	expect_text(grant.access_token.text, ACCESS);
	expect_text(grant.refresh_token.text, REFRESH);
	assert_null(grant.id_token.text.ptr);
	expect_text(grant.scope, "openid");
	assert_int_equal(grant.access_expires_at, NOW + 3600);
	assert_int_equal(grant.refresh_expires_at, PK_TIME_UNKNOWN);
	assert_int_equal(grant.created_at, NOW);
	assert_int_equal(grant.refreshed_at, PK_TIME_UNKNOWN);
	assert_int_equal(grant.refresh_at, NOW + 3300);
	assert_int_equal(grant.state, GRANT_ACTIVE);
	vault_list_sealed(vault, old_key.id, PK_STR(""), PK_STR(""), 8, on_answer, NULL);
	assert_int_equal(wait_for_answer(), VAULT_OK);
	assert_int_equal(answered.count, 1);
	vault_due(vault, PK_STR("rfc7636"), NOW + 3300, 8, on_answer, NULL);
	assert_int_equal(wait_for_answer(), VAULT_OK);
	assert_int_equal(answered.count, 1);
	assert_int_equal(raw_number("SELECT grants FROM grant_counts WHERE state = 0"), 1);
	assert_int_equal(revoked(vault), VAULT_OK);
	assert_int_equal(answered.revoked_count, 1);
	assert_memory_equal(answered.revoked[0].id, id_a, SESSION_ID);
	assert_int_equal(answered.revoked[0].expires_at, NOW + 100);
	close_vault(vault);
	assert_int_equal(raw_number("PRAGMA user_version"), 3);
}

/* Each of them asks an index, so that it takes as long with ten million rows as with ten. */
static void what_is_found_is_found_by_an_index(void **state)
{
	static const struct {
		const char *sql;
		const char *index;
	} plans[] = {
		{"SELECT * FROM grants WHERE login = 'a' AND refresh_at IS NOT NULL AND state <> 2"
		 " AND refresh_at <= 5 AND (lease_owner IS NULL OR lease_until <= 5)"
		 " ORDER BY refresh_at LIMIT 5",
		 "grants_by_refresh"},
		{"SELECT refresh_at FROM grants WHERE login = 'a' AND refresh_at IS NOT NULL"
		 " AND state <> 2 AND refresh_at > 5 ORDER BY refresh_at LIMIT 1",
		 "grants_by_refresh"},
		{"SELECT * FROM grants WHERE key = x'00' AND (login, subject) > ('a', 'b')"
		 " ORDER BY login, subject",
		 "grants_by_key"},
		{"SELECT * FROM grants WHERE login = 'a' AND session = 'b' ORDER BY subject",
		 "grants_by_session"},
		{"SELECT * FROM grants WHERE (login, subject) > ('a', 'b') ORDER BY login, subject",
		 "sqlite_autoindex_grants_1"},
		{"SELECT * FROM grants WHERE login = 'a' AND (login, subject) > ('a', 'b')"
		 " ORDER BY login, subject",
		 "sqlite_autoindex_grants_1"},
		{"SELECT state FROM grants WHERE login = 'a' AND subject = 'b'",
		 "sqlite_autoindex_grants_1"},
		{"SELECT * FROM revocations WHERE number > 5 AND expires_at > 5 ORDER BY number",
		 "INTEGER PRIMARY KEY"},
		{"SELECT max(until) FROM revocations WHERE login = 'a' AND subject = 'b'",
		 "sqlite_autoindex_revocations_2"},
		{"DELETE FROM revocations WHERE expires_at <= 5", "revocations_by_expiry"},
		{"DELETE FROM spent_attempts WHERE expires_at <= 5", "spent_attempts_by_expiry"},
	};
	sqlite3 *database;

	(void)state;
	close_vault(open_vault());
	database = raw_open();
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		sqlite3_stmt *statement;
		char sql[256];

		(void)snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", plans[i].sql);
		assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL),
				 SQLITE_OK);
		assert_int_equal(sqlite3_step(statement), SQLITE_ROW);

		const char *plan = (const char *)sqlite3_column_text(statement, 3);

		if (!strstr(plan, "SEARCH") || !strstr(plan, plans[i].index))
			fail_msg("%s: %s", plans[i].sql, plan);
		/* And no sorting of what was found. */
		assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
		assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	}
	assert_int_equal(sqlite3_close(database), SQLITE_OK);
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
	assert_int_equal(raw_number("PRAGMA user_version"), 3);
	close_vault(vault);
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
		cmocka_unit_test_teardown(deleted_grant_is_given, remove_database),
		cmocka_unit_test_teardown(left_grant_is_given, remove_database),
		cmocka_unit_test_teardown(refresh_goes_from_lease_to_finish, remove_database),
		cmocka_unit_test_teardown(resealed_grant_needs_the_old_key_no_more,
					  remove_database),
		cmocka_unit_test_teardown(closing_answers_everybody, remove_database),
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
		cmocka_unit_test_teardown(store_that_is_busy_is_down_for_writing, remove_database),
		cmocka_unit_test_teardown(disk_that_is_full_is_down_and_loses_nothing,
					  remove_database),
		cmocka_unit_test_teardown(store_that_is_read_only_is_not_opened, remove_database),
		cmocka_unit_test_teardown(store_without_its_tables_is_down, remove_database),
		cmocka_unit_test_teardown(names_too_long_or_empty_are_refused, remove_database),
		cmocka_unit_test(stores_that_cannot_be_opened_say_why),
		cmocka_unit_test_teardown(files_that_are_no_vault_are_left_alone, remove_database),
		cmocka_unit_test_teardown(vault_of_a_newer_version_is_left_alone, remove_database),
		cmocka_unit_test_teardown(vault_of_version_1_is_brought_up_to_date,
					  remove_database),
		cmocka_unit_test_teardown(what_is_found_is_found_by_an_index, remove_database),
		cmocka_unit_test(path_is_a_path),
		cmocka_unit_test_teardown(log_is_written_ahead, remove_database),
	};

	int failed;

	base = event_base_new();
	if (sodium_init() < 0 || !base)
		return 1;
	failed = cmocka_run_group_tests(tests, make_directory, remove_directory);
	event_base_free(base);
	return failed;
}
