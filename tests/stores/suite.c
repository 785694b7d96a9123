/*
 * What every store must do, whatever it is: one program, run against each.
 *
 *     stores_suite ADDRESS [STOP CONTINUE]
 *
 * The store at ADDRESS is emptied. STOP and CONTINUE are shell commands that make its server fall
 * silent and go on; without them (SQLite has no server) the test that needs them is left out.
 */
#include "vault/store.h"
#include "base/arena.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <sodium.h>

#define NOW 1800000000
#define RACERS 100
#define WAIT_SECONDS 20 /* for an answer: longer than any store may take */

static const char *address, *stop_command, *continue_command;
static const struct store_ops *ops;
static struct event_base *base;
static struct store *one, *two; /* as of two processes */

static const uint8_t key_a[KEY_ID] = {1, 2, 3, 4}, key_b[KEY_ID] = {0, 0xff, 0, '\n'};
static const uint8_t ann[LEASE_OWNER] = "owner ann......", bob[LEASE_OWNER] = "owner bob......";

/* ---- Answers ---- */

/* An answer, copied: the store's own ends with the callback. */
struct got {
	int times;
	enum vault_result result;
	struct stored_grant grant[STORE_LIST_MAX];
	size_t count;
	enum spend_result spend;
	int64_t number;
	int64_t counts[GRANT_STATES];
	struct revoked_session revoked[STORE_LIST_MAX];
	size_t revoked_count;
	bool more;
	char problem[256];
};

static unsigned char memory[48 << 20];
static struct pk_arena arena;

static struct pk_str kept(struct pk_str text)
{
	struct pk_str ret = {0};

	if (text.ptr)
		assert_int_equal(pk_arena_copy(&arena, text, &ret), PK_OK);
	return ret;
}

static struct stored_grant kept_grant(struct stored_grant grant)
{
	struct pk_str *const texts[] = {&grant.login,         &grant.subject,  &grant.access_token,
					&grant.refresh_token, &grant.id_token, &grant.scope,
					&grant.session,       &grant.fault};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = kept(*texts[i]);
	return grant;
}

static void on_answer(const struct store_answer *answer, void *arg)
{
	struct got *got = arg;

	got->times++;
	got->result = answer->result;
	got->spend = answer->spend;
	got->number = answer->number;
	got->more = answer->more;
	got->count = answer->count;
	got->revoked_count = answer->revoked_count;
	memcpy(got->counts, answer->counts, sizeof(got->counts));
	assert_true(answer->count <= STORE_LIST_MAX && answer->revoked_count <= STORE_LIST_MAX);
	for (size_t i = 0; i < answer->count; i++)
		got->grant[i] = kept_grant(answer->grant[i]);
	for (size_t i = 0; i < answer->revoked_count; i++) {
		got->revoked[i] = answer->revoked[i];
		got->revoked[i].login = kept(answer->revoked[i].login);
		got->revoked[i].subject = kept(answer->revoked[i].subject);
	}
	if (answer->result == VAULT_DOWN) {
		assert_non_null(answer->problem);
		(void)snprintf(got->problem, sizeof(got->problem), "%s", answer->problem);
	}
}

static int64_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec;
}

/* Runs the loop until all of them are answered. */
static void wait_for(const struct got *got, size_t count)
{
	const int64_t until = seconds() + WAIT_SECONDS;
	size_t answered = 0;

	while (answered < count) {
		if (got[answered].times) {
			assert_int_equal(got[answered].times, 1);
			answered++;
			continue;
		}
		if (seconds() > until)
			fail_msg("no answer came");
		(void)event_base_loopexit(base, &(struct timeval){0, 50000});
		(void)event_base_loop(base, EVLOOP_ONCE);
	}
}

static struct got *fresh(void)
{
	struct got *got = pk_arena_take(&arena, sizeof(*got));

	assert_non_null(got);
	return got;
}

static const struct got *answered(struct got *got)
{
	wait_for(got, 1);
	if (got->result == VAULT_DOWN)
		print_message("the store says: %s\n", got->problem);
	return got;
}

/* ---- The calls, waited for ---- */

static const struct got *put(struct store *store, struct stored_grant grant)
{
	struct got *got = fresh();

	ops->put(store, &grant, on_answer, got);
	return answered(got);
}

static const struct got *get(struct store *store, const char *login, struct pk_str subject)
{
	struct got *got = fresh();

	ops->get(store, pk_str(login), subject, on_answer, got);
	return answered(got);
}

static const struct got *delete (struct store *store, struct pk_str login, struct pk_str subject)
{
	struct got *got = fresh();

	ops->delete (store, login, subject, NULL, on_answer, got);
	return answered(got);
}

static const struct got *delete_owned(struct store *store, const char *subject,
				      const uint8_t *owner)
{
	struct got *got = fresh();

	ops->delete (store, PK_STR("login"), pk_str(subject), owner, on_answer, got);
	return answered(got);
}

static const struct got *leave(struct store *store, const char *subject, const uint8_t *owner,
			       int64_t for_seconds, bool again)
{
	struct got *got = fresh();

	ops->leave(store, PK_STR("login"), pk_str(subject), owner, for_seconds, NOW, again,
		   on_answer, got);
	return answered(got);
}

static const struct got *lease(struct store *store, const char *subject, const uint8_t *owner,
			       int64_t for_seconds)
{
	struct got *got = fresh();

	ops->lease(store, PK_STR("login"), pk_str(subject), owner, for_seconds, on_answer, got);
	return answered(got);
}

static const struct got *renew(struct store *store, const char *subject, const uint8_t *owner,
			       int64_t for_seconds, int64_t sent_at)
{
	struct got *got = fresh();

	ops->renew(store, PK_STR("login"), pk_str(subject), owner, for_seconds, sent_at, on_answer,
		   got);
	return answered(got);
}

static const struct got *finish(struct store *store, struct stored_grant grant,
				const uint8_t *owner)
{
	struct got *got = fresh();

	ops->finish(store, &grant, owner, on_answer, got);
	return answered(got);
}

static const struct got *reseal(struct store *store, struct stored_grant grant)
{
	struct got *got = fresh();

	ops->reseal(store, &grant, on_answer, got);
	return answered(got);
}

static const struct got *due_of(struct store *store, struct pk_str login, int64_t now, size_t limit)
{
	struct got *got = fresh();

	ops->due(store, login, now, limit, on_answer, got);
	return answered(got);
}

static const struct got *due(struct store *store, int64_t now, size_t limit)
{
	return due_of(store, PK_STR("login"), now, limit);
}

static const struct got *list(struct store *store, struct pk_str login, struct pk_str after_login,
			      struct pk_str after_subject, size_t limit)
{
	struct got *got = fresh();

	ops->list(store, login, after_login, after_subject, limit, on_answer, got);
	return answered(got);
}

static const struct got *list_sealed(struct store *store, const uint8_t *key,
				     struct pk_str after_login, struct pk_str after_subject,
				     size_t limit)
{
	struct got *got = fresh();

	ops->list_sealed(store, key, after_login, after_subject, limit, on_answer, got);
	return answered(got);
}

static const struct got *find(struct store *store, struct pk_str subject, struct pk_str session)
{
	struct got *got = fresh();

	ops->find(store, PK_STR("login"), subject, session, 16, on_answer, got);
	return answered(got);
}

static const struct got *count(struct store *store)
{
	struct got *got = fresh();

	ops->count(store, on_answer, got);
	return answered(got);
}

static const struct got *spend(struct store *store, const uint8_t *id, const uint8_t *code)
{
	struct got *got = fresh();

	ops->spend(store, id, code, time(NULL) + 600, on_answer, got);
	return answered(got);
}

static const struct got *revoke(struct store *store, struct revoked_session session)
{
	struct got *got = fresh();

	ops->revoke(store, &session, on_answer, got);
	return answered(got);
}

static const struct got *revoked(struct store *store, int64_t cursor, int64_t now)
{
	struct got *got = fresh();

	ops->revoked(store, cursor, now, on_answer, got);
	return answered(got);
}

static const struct got *forget(struct store *store, int64_t now)
{
	struct got *got = fresh();

	ops->forget(store, now, on_answer, got);
	return answered(got);
}

static const struct pk_str none; /* "not given" */

static struct stored_grant grant_of(const char *subject)
{
	struct stored_grant grant = {
		.login = PK_STR("login"),
		.subject = pk_str(subject),
		.access_token = PK_STR("access seal"),
		.refresh_token = PK_STR("refresh seal"),
		.id_token = PK_STR("id seal"),
		.scope = PK_STR("openid profile"),
		.session = PK_STR("sid"),
		.access_expires_at = NOW + 3600,
		.refresh_expires_at = NOW + 86400,
		.refresh_at = NOW + 3000,
		.created_at = NOW,
		.refreshed_at = PK_TIME_UNKNOWN,
		.sent_at = PK_TIME_UNKNOWN,
	};

	memcpy(grant.key, key_a, KEY_ID);
	return grant;
}

static void put_well(struct stored_grant grant)
{
	assert_int_equal(put(one, grant)->result, VAULT_OK);
}

static struct stored_grant get_well(const char *subject)
{
	const struct got *got = get(two, "login", pk_str(subject));

	assert_int_equal(got->result, VAULT_OK);
	assert_int_equal(got->count, 1);
	return got->grant[0];
}

static void expect_text(struct pk_str got, struct pk_str want)
{
	assert_int_equal(got.ptr == NULL, want.ptr == NULL);
	assert_int_equal(got.len, want.len);
	if (want.len)
		assert_memory_equal(got.ptr, want.ptr, want.len);
}

static void expect_grant(struct stored_grant got, struct stored_grant want)
{
	expect_text(got.login, want.login);
	expect_text(got.subject, want.subject);
	assert_memory_equal(got.key, want.key, KEY_ID);
	expect_text(got.access_token, want.access_token);
	expect_text(got.refresh_token, want.refresh_token);
	expect_text(got.id_token, want.id_token);
	expect_text(got.scope, want.scope);
	expect_text(got.session, want.session);
	assert_int_equal(got.access_expires_at, want.access_expires_at);
	assert_int_equal(got.refresh_expires_at, want.refresh_expires_at);
	assert_int_equal(got.refresh_at, want.refresh_at);
	assert_int_equal(got.state, want.state);
	assert_int_equal(got.failures, want.failures);
	expect_text(got.fault, want.fault);
	assert_int_equal(got.created_at, want.created_at);
	assert_int_equal(got.refreshed_at, want.refreshed_at);
	assert_int_equal(got.sent_at, want.sent_at);
}

/* Before each test: a store without grants. */
static int empty(void **state)
{
	const struct got *all;

	(void)state;
	arena = pk_arena(memory, sizeof(memory));
	while ((all = list(one, none, none, none, 0))->count)
		for (size_t i = 0; i < all->count; i++)
			assert_int_equal(
				delete (one, all->grant[i].login, all->grant[i].subject)->result,
				VAULT_OK);

	const bool done = all->result == VAULT_OK;

	arena = pk_arena(memory, sizeof(memory));
	return done ? 0 : -1;
}

/* ---- Grants ---- */

static void grant_comes_back_as_it_was(void **state)
{
	struct stored_grant grant = grant_of("ada");

	(void)state;
	grant.state = GRANT_RETRYING;
	grant.failures = 3;
	grant.fault = PK_STR("provider-unreachable");
	grant.refreshed_at = NOW + 7;
	put_well(grant);
	expect_grant(get_well("ada"), grant);
	assert_int_equal(get(one, "login", PK_STR("grace"))->result, VAULT_NONE);
	assert_int_equal(get(one, "logi", PK_STR("nada"))->result, VAULT_NONE);
	assert_int_equal(get(one, "Login", PK_STR("ada"))->result, VAULT_NONE);
	assert_int_equal(get(one, "login", PK_STR("ada"))->count, 1);
}

static void what_was_not_given_is_not_given(void **state)
{
	struct stored_grant grant = grant_of("ada");

	(void)state;
	grant.refresh_token = grant.id_token = grant.scope = grant.session = none;
	grant.access_expires_at = grant.refresh_expires_at = grant.refresh_at = PK_TIME_UNKNOWN;
	put_well(grant);
	expect_grant(get_well("ada"), grant);
	/* Empty is another thing. */
	grant.scope = PK_STR("");
	put_well(grant);
	expect_text(get_well("ada").scope, PK_STR(""));
}

static void texts_are_any_bytes(void **state)
{
	char all[512], *big = malloc(200000);
	struct stored_grant grant = grant_of("x");

	(void)state;
	assert_non_null(big);
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	randombytes_buf(big, 200000);

	const struct pk_str subjects[] = {
		{all, 255},
		{all, 256},
		{all + 1, 255},
		{"\0", 1},
		{"\0\0", 2},
		PK_STR("'; DROP TABLE grants; --"),
		PK_STR("\r\nDEL *\r\n"),
		PK_STR("a:b"),
		PK_STR("a\\x00"),
		PK_STR("\xff\xfe\x80"),
		PK_STR("{login}:ada"),
		PK_STR("%s%n$1"),
	};
	const size_t subject_count = sizeof(subjects) / sizeof(subjects[0]);

	for (size_t i = 0; i < subject_count; i++) {
		grant.subject = grant.scope = grant.session = grant.access_token = subjects[i];
		grant.refresh_token = (struct pk_str){big, 65536 + i};
		put_well(grant);
	}
	for (size_t i = 0; i < subject_count; i++) {
		const struct got *got = get(two, "login", subjects[i]);

		assert_int_equal(got->result, VAULT_OK);
		grant.subject = grant.scope = grant.session = grant.access_token = subjects[i];
		grant.refresh_token = (struct pk_str){big, 65536 + i};
		expect_grant(got->grant[0], grant);
		got = find(two, subjects[i], subjects[i]);
		assert_int_equal(got->count, 1);
		expect_text(got->grant[0].subject, subjects[i]);
	}
	grant.subject = PK_STR("big");
	grant.access_token = grant.refresh_token = grant.id_token = (struct pk_str){big, 200000};
	put_well(grant);
	expect_grant(get_well("big"), grant);
	for (size_t i = 0; i < subject_count; i++)
		assert_int_equal(delete (one, grant.login, subjects[i])->result, VAULT_OK);
	assert_int_equal(get(one, "login", PK_STR("big"))->result, VAULT_OK);
	free(big);
}

/* The boundary between login and subject is not a character. */
static void logins_and_subjects_are_apart(void **state)
{
	static const char *const pairs[][2] = {{"a", "bc"},  {"ab", "c"},  {"a:b", "c"},
					       {"a", "b:c"}, {"a/b", "c"}, {"a", "b/c"}};

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct stored_grant grant = grant_of(pairs[i][1]);

		grant.login = pk_str(pairs[i][0]);
		grant.failures = (int64_t)i;
		put_well(grant);
	}
	for (size_t i = 0; i < 6; i++) {
		const struct got *got = get(two, pairs[i][0], pk_str(pairs[i][1]));

		assert_int_equal(got->result, VAULT_OK);
		assert_int_equal(got->grant[0].failures, i);
	}
}

static void deleted_grant_is_given_and_gone(void **state)
{
	const struct got *got;

	(void)state;
	put_well(grant_of("ada"));
	put_well(grant_of("grace"));
	got = delete (two, PK_STR("login"), PK_STR("ada"));
	assert_int_equal(got->result, VAULT_OK);
	assert_int_equal(got->count, 1);
	expect_grant(got->grant[0], grant_of("ada"));
	assert_int_equal(delete (one, PK_STR("login"), PK_STR("ada"))->result, VAULT_NONE);
	assert_int_equal(get(one, "login", PK_STR("ada"))->result, VAULT_NONE);
	assert_int_equal(get(one, "login", PK_STR("grace"))->result, VAULT_OK);
	/* It left nothing in what finds grants. */
	assert_int_equal(find(one, none, PK_STR("sid"))->count, 1);
	assert_int_equal(due(one, NOW + 9999, 16)->count, 1);
	assert_int_equal(list_sealed(one, key_a, none, none, 16)->count, 1);
	assert_int_equal(count(one)->counts[GRANT_ACTIVE], 1);
}

/* The fault refresh-token-erased: RFC 6749 6 lets the provider leave the refresh token out. */
static void refresh_token_is_kept_when_none_comes(void **state)
{
	struct stored_grant grant = grant_of("ada"), got;

	(void)state;
	put_well(grant);
	grant.access_token = PK_STR("second");
	grant.refresh_token = none;
	grant.refresh_expires_at = PK_TIME_UNKNOWN;
	memcpy(grant.key, key_b, KEY_ID);
	put_well(grant);
	got = get_well("ada");
	expect_text(got.access_token, PK_STR("second"));
	expect_text(got.refresh_token, PK_STR("refresh seal"));
	assert_int_equal(got.refresh_expires_at, NOW + 86400);
	/* What the old key sealed is still there, so the row is still one of its. */
	assert_memory_equal(got.key, key_a, KEY_ID);
	assert_int_equal(list_sealed(one, key_a, none, none, 16)->count, 1);
	assert_int_equal(list_sealed(one, key_b, none, none, 16)->count, 0);

	grant.refresh_expires_at = NOW + 90000;
	put_well(grant);
	assert_int_equal(get_well("ada").refresh_expires_at, NOW + 90000);

	/* The fault refresh-token-not-replaced, and the old one's expiry is not the new one's. */
	grant.refresh_token = PK_STR("rotated");
	grant.refresh_expires_at = PK_TIME_UNKNOWN;
	put_well(grant);
	expect_grant(get_well("ada"), grant);
	assert_int_equal(list_sealed(one, key_a, none, none, 16)->count, 0);
	assert_int_equal(list_sealed(one, key_b, none, none, 16)->count, 1);
}

/* ---- Leases ---- */

static void lease_is_one_owners(void **state)
{
	const struct got *got;

	(void)state;
	put_well(grant_of("ada"));
	got = lease(one, "ada", ann, 60);
	assert_int_equal(got->result, VAULT_OK);
	expect_grant(got->grant[0], grant_of("ada"));
	got = lease(two, "ada", bob, 60);
	assert_int_equal(got->result, VAULT_BUSY);
	assert_int_equal(got->count, 1);
	expect_grant(got->grant[0], grant_of("ada"));
	assert_int_equal(lease(two, "ada", ann, 60)->result, VAULT_OK);
	assert_int_equal(lease(two, "nobody", ann, 60)->result, VAULT_NONE);
	assert_int_equal(renew(one, "ada", bob, 60, PK_TIME_UNKNOWN)->result, VAULT_BUSY);
	assert_int_equal(renew(one, "nobody", bob, 60, PK_TIME_UNKNOWN)->result, VAULT_NONE);
	assert_int_equal(get_well("ada").sent_at, PK_TIME_UNKNOWN);
	assert_int_equal(renew(one, "ada", ann, 60, NOW + 1)->result, VAULT_OK);
	assert_int_equal(get_well("ada").sent_at, NOW + 1);
	assert_int_equal(renew(one, "ada", ann, 60, PK_TIME_UNKNOWN)->result, VAULT_OK);
	assert_int_equal(get_well("ada").sent_at, NOW + 1);
}

static void lease_ends_by_itself_and_lives_on_when_renewed(void **state)
{
	(void)state;
	put_well(grant_of("ada"));
	put_well(grant_of("grace"));
	assert_int_equal(lease(one, "ada", ann, 1)->result, VAULT_OK);
	assert_int_equal(lease(one, "grace", ann, 1)->result, VAULT_OK);
	assert_int_equal(renew(one, "grace", ann, 60, PK_TIME_UNKNOWN)->result, VAULT_OK);
	assert_int_equal(lease(two, "ada", bob, 1)->result, VAULT_BUSY);
	(void)nanosleep(&(struct timespec){1, 200000000}, NULL);
	assert_int_equal(renew(one, "ada", ann, 60, PK_TIME_UNKNOWN)->result, VAULT_BUSY);
	assert_int_equal(lease(two, "ada", bob, 60)->result, VAULT_OK);
	assert_int_equal(lease(two, "grace", bob, 60)->result, VAULT_BUSY);
}

static void one_of_many_gets_the_lease(void **state)
{
	struct got *got = pk_arena_take(&arena, RACERS * sizeof(*got));
	size_t won = 0, lost = 0;

	(void)state;
	assert_non_null(got);
	put_well(grant_of("ada"));
	for (size_t i = 0; i < RACERS; i++) {
		uint8_t owner[LEASE_OWNER];

		randombytes_buf(owner, sizeof(owner));
		ops->lease(i % 2 ? one : two, PK_STR("login"), PK_STR("ada"), owner, 60, on_answer,
			   &got[i]);
	}
	wait_for(got, RACERS);
	for (size_t i = 0; i < RACERS; i++) {
		won += got[i].result == VAULT_OK;
		lost += got[i].result == VAULT_BUSY;
	}
	assert_int_equal(won, 1);
	assert_int_equal(lost, RACERS - 1);
}

static struct stored_grant refreshed(struct stored_grant grant)
{
	grant.access_token = PK_STR("new access seal");
	grant.refresh_token = PK_STR("new refresh seal");
	grant.id_token = none;
	grant.scope = PK_STR("openid");
	grant.session = PK_STR("new sid");
	memcpy(grant.key, key_b, KEY_ID);
	grant.access_expires_at = NOW + 7200;
	grant.refresh_expires_at = PK_TIME_UNKNOWN;
	grant.refresh_at = NOW + 7000;
	grant.refreshed_at = NOW + 3000;
	grant.failures = 0;
	return grant;
}

static void finished_refresh_replaces_and_ends_the_lease(void **state)
{
	struct stored_grant grant, want;

	(void)state;
	put_well(grant_of("ada"));
	grant = lease(one, "ada", ann, 60)->grant[0];
	assert_int_equal(renew(one, "ada", ann, 60, NOW + 1)->result, VAULT_OK);
	want = refreshed(grant);
	assert_int_equal(finish(one, want, ann)->result, VAULT_OK);
	grant = get_well("ada");
	expect_grant(grant, want);
	assert_int_equal(grant.version, want.version + 1);
	assert_int_equal(lease(two, "ada", bob, 60)->result, VAULT_OK);
	assert_int_equal(find(one, none, PK_STR("sid"))->count, 0);
	assert_int_equal(find(one, none, PK_STR("new sid"))->count, 1);

	/* As given: here a refresh token that is not given is gone. */
	want = grant;
	want.refresh_token = none;
	want.state = GRANT_ENDED;
	want.fault = PK_STR("refresh-token-revoked");
	assert_int_equal(finish(one, want, bob)->result, VAULT_OK);
	expect_grant(get_well("ada"), want);

	/* So is what is known of the one that was sent; a login knows nothing of it. */
	want = lease(one, "ada", ann, 60)->grant[0];
	assert_int_equal(renew(one, "ada", ann, 60, NOW + 9)->result, VAULT_OK);
	want.sent_at = NOW + 5;
	assert_int_equal(finish(one, want, ann)->result, VAULT_OK);
	expect_grant(get_well("ada"), want);
	put_well(grant_of("ada"));
	assert_int_equal(get_well("ada").sent_at, PK_TIME_UNKNOWN);
}

static void finish_after_a_lost_lease_writes_nothing(void **state)
{
	struct stored_grant grant;

	(void)state;
	put_well(grant_of("ada"));
	grant = lease(one, "ada", ann, 1)->grant[0];
	(void)nanosleep(&(struct timespec){1, 200000000}, NULL);
	assert_int_equal(lease(two, "ada", bob, 60)->result, VAULT_OK);
	assert_int_equal(finish(one, refreshed(grant), ann)->result, VAULT_BUSY);
	expect_grant(get_well("ada"), grant_of("ada"));
	/* bob's lease was not touched by that. */
	assert_int_equal(lease(one, "ada", ann, 60)->result, VAULT_BUSY);
	assert_int_equal(finish(two, refreshed(grant), bob)->result, VAULT_OK);
	/* Finished once; a second time is another version, without a lease. */
	assert_int_equal(finish(two, refreshed(grant), bob)->result, VAULT_BUSY);
	grant.subject = PK_STR("nobody");
	assert_int_equal(finish(two, grant, bob)->result, VAULT_NONE);
	assert_int_equal(get(one, "login", PK_STR("nobody"))->result, VAULT_NONE);
}

/* A login takes the lease away, and what was being refreshed for the old one is not written. */
static void login_wins_over_a_refresh(void **state)
{
	struct stored_grant grant, login = grant_of("ada");

	(void)state;
	put_well(grant_of("ada"));
	grant = lease(one, "ada", ann, 60)->grant[0];
	assert_int_equal(renew(one, "ada", ann, 60, NOW + 1)->result, VAULT_OK);
	login.access_token = PK_STR("of the login");
	assert_int_equal(put(two, login)->result, VAULT_OK);
	assert_int_equal(renew(one, "ada", ann, 60, PK_TIME_UNKNOWN)->result, VAULT_BUSY);
	assert_int_equal(finish(one, refreshed(grant), ann)->result, VAULT_BUSY);
	expect_grant(get_well("ada"), login);
	assert_int_equal(lease(two, "ada", bob, 60)->result, VAULT_OK);
}

static void resealing_replaces_the_seals_alone(void **state)
{
	struct stored_grant grant, want;

	(void)state;
	put_well(grant_of("ada"));
	grant = get_well("ada");
	want = refreshed(grant);
	assert_int_equal(reseal(one, want)->result, VAULT_OK);

	struct stored_grant got = get_well("ada");

	assert_int_equal(got.version, grant.version + 1);
	grant.access_token = want.access_token;
	grant.refresh_token = want.refresh_token;
	grant.id_token = want.id_token;
	memcpy(grant.key, want.key, KEY_ID);
	expect_grant(got, grant);
	assert_int_equal(list_sealed(one, key_a, none, none, 16)->count, 0);
	assert_int_equal(list_sealed(one, key_b, none, none, 16)->count, 1);

	/* An older one, and one that is being refreshed. */
	assert_int_equal(reseal(one, want)->result, VAULT_BUSY);
	assert_int_equal(lease(two, "ada", bob, 60)->result, VAULT_OK);
	assert_int_equal(reseal(one, got)->result, VAULT_BUSY);
	assert_int_equal(finish(two, got, bob)->result, VAULT_OK);
	got = get_well("ada");
	assert_int_equal(reseal(one, got)->result, VAULT_OK);
	got.subject = PK_STR("nobody");
	assert_int_equal(reseal(one, got)->result, VAULT_NONE);
}

/* ---- Finding ---- */

static void put_numbered(const char *login, size_t how_many)
{
	struct got *got = pk_arena_take(&arena, how_many * sizeof(*got));

	assert_non_null(got);
	for (size_t i = 0; i < how_many; i++) {
		char subject[16];

		(void)snprintf(subject, sizeof(subject), "s%03u", (unsigned)(i * 7 % how_many));

		struct stored_grant grant = grant_of(subject);

		grant.login = pk_str(login);
		ops->put(i % 2 ? one : two, &grant, on_answer, &got[i]);
	}
	wait_for(got, how_many);
	for (size_t i = 0; i < how_many; i++)
		assert_int_equal(got[i].result, VAULT_OK);
}

static void due_are_given_in_their_order(void **state)
{
	static const int64_t at[] = {50, 10, 40, 20, 30};
	const struct got *got;
	char subject[] = "due0";

	(void)state;
	got = due(one, NOW, 16);
	assert_int_equal(got->count, 0);
	assert_int_equal(got->number, PK_TIME_UNKNOWN);
	for (size_t i = 0; i < 5; i++) {
		struct stored_grant grant = grant_of(subject);

		subject[3] = (char)('0' + i);
		grant.refresh_at = NOW + at[i];
		put_well(grant);
	}

	struct stored_grant ended = grant_of("ended"), never = grant_of("never");

	ended.state = GRANT_ENDED;
	ended.refresh_at = NOW - 100;
	put_well(ended);
	never.refresh_at = PK_TIME_UNKNOWN;
	put_well(never);

	got = due(two, NOW, 16);
	assert_int_equal(got->count, 0);
	assert_int_equal(got->number, NOW + 10);
	got = due(two, NOW + 30, 16);
	assert_int_equal(got->count, 3);
	assert_int_equal(got->number, NOW + 10);
	expect_text(got->grant[0].subject, PK_STR("due1"));
	expect_text(got->grant[1].subject, PK_STR("due3"));
	expect_text(got->grant[2].subject, PK_STR("due4"));
	got = due(two, NOW + 99, 2);
	assert_int_equal(got->count, 2);
	expect_text(got->grant[1].subject, PK_STR("due3"));

	assert_int_equal(lease(one, "due1", ann, 1)->result, VAULT_OK);
	got = due(two, NOW + 20, 16);
	assert_int_equal(got->count, 1);
	expect_text(got->grant[0].subject, PK_STR("due3"));
	(void)nanosleep(&(struct timespec){1, 200000000}, NULL);
	assert_int_equal(due(two, NOW + 20, 16)->count, 2);

	/* A refresh moves it, and ends it. */
	struct stored_grant grant = lease(one, "due1", ann, 60)->grant[0];

	grant.refresh_at = NOW + 60;
	assert_int_equal(finish(one, grant, ann)->result, VAULT_OK);
	assert_int_equal(due(two, NOW + 20, 16)->count, 1);
	grant = lease(one, "due3", ann, 60)->grant[0];
	grant.state = GRANT_ENDED;
	assert_int_equal(finish(one, grant, ann)->result, VAULT_OK);
	assert_int_equal(due(two, NOW + 20, 16)->count, 0);
}

/* However many are overdue of one login, those of another are seen. */
static void due_are_of_one_login(void **state)
{
	const struct pk_str logins[] = {
		PK_STR("login"), PK_STR("logi"), PK_STR("login2"), {"lo\0gin", 6}, {"login\0", 6},
	};
	enum { LOGINS = sizeof(logins) / sizeof(logins[0]) };
	const struct got *got;

	(void)state;
	put_numbered("slow", 300);
	for (size_t i = 0; i < LOGINS; i++) {
		struct stored_grant grant = grant_of("ada");

		grant.login = logins[i];
		grant.refresh_at = NOW + 4000 + (int64_t)i;
		put_well(grant);
	}
	for (size_t i = 0; i < LOGINS; i++) {
		got = due_of(two, logins[i], NOW + 3900, 16);
		assert_int_equal(got->count, 0);
		assert_int_equal(got->number, NOW + 4000 + (int64_t)i);
		got = due_of(two, logins[i], NOW + 9999, 16);
		assert_int_equal(got->count, 1);
		expect_text(got->grant[0].login, logins[i]);
		expect_text(got->grant[0].subject, PK_STR("ada"));
		assert_int_equal(got->number, NOW + 4000 + (int64_t)i);
	}
	got = due_of(one, PK_STR("slow"), NOW + 9999, 64);
	assert_int_equal(got->count, 64);
	assert_int_equal(got->number, NOW + 3000);
	/* What is not looked at is not sent. */
	assert_null(got->grant[0].access_token.ptr);
	assert_null(got->grant[0].refresh_token.ptr);
	assert_null(got->grant[0].id_token.ptr);
	expect_text(got->grant[0].scope, PK_STR("openid profile"));
	got = due_of(one, PK_STR("nobody's"), NOW + 9999, 64);
	assert_int_equal(got->result, VAULT_OK);
	assert_int_equal(got->count, 0);
	assert_int_equal(got->number, PK_TIME_UNKNOWN);
}

/* Behind many that are leased, there are others. */
static void due_are_found_behind_leases(void **state)
{
	struct got *got = pk_arena_take(&arena, 100 * sizeof(*got));

	(void)state;
	assert_non_null(got);
	put_numbered("login", 103);
	for (size_t i = 0; i < 100; i++) {
		char subject[16];

		(void)snprintf(subject, sizeof(subject), "s%03u", (unsigned)i);
		ops->lease(one, PK_STR("login"), pk_str(subject), ann, 60, on_answer, &got[i]);
	}
	wait_for(got, 100);
	assert_int_equal(due(two, NOW + 9999, 2)->count, 2);
	assert_int_equal(due(two, NOW + 9999, 16)->count, 3);
}

static void lists_go_page_by_page(void **state)
{
	struct pk_str login = none, subject = none;
	const struct got *got;
	size_t seen = 0, sealed = 0;
	char want[16];

	(void)state;
	put_numbered("b", 100);
	put_numbered("a", 100);
	while ((got = list(one, none, login, subject, 30))->count) {
		assert_int_equal(got->result, VAULT_OK);
		assert_true(got->count <= 30);
		for (size_t i = 0; i < got->count; i++, seen++) {
			(void)snprintf(want, sizeof(want), "s%03u", (unsigned)(seen % 100));
			expect_text(got->grant[i].login, seen < 100 ? PK_STR("a") : PK_STR("b"));
			expect_text(got->grant[i].subject, pk_str(want));
		}
		login = got->grant[got->count - 1].login;
		subject = got->grant[got->count - 1].subject;
	}
	assert_int_equal(seen, 200);
	got = list(one, PK_STR("a"), PK_STR("a"), PK_STR("s089"), 30);
	assert_int_equal(got->count, 10);
	expect_text(got->grant[9].subject, PK_STR("s099"));
	assert_int_equal(list(one, PK_STR("c"), none, none, 30)->count, 0);
	login = subject = none;
	while ((got = list_sealed(one, key_a, login, subject, 64))->count) {
		sealed += got->count;
		login = got->grant[got->count - 1].login;
		subject = got->grant[got->count - 1].subject;
	}
	assert_int_equal(sealed, 200);
	assert_int_equal(list_sealed(one, key_b, none, none, 64)->count, 0);
	/* No answer is larger than it may be, whatever was asked for. */
	put_numbered("c", 100);
	assert_int_equal(list(one, none, none, none, 100000)->count, STORE_LIST_MAX);
}

static void grants_of_a_session_are_found(void **state)
{
	struct stored_grant grant = grant_of("ada");
	const struct got *got;

	(void)state;
	put_well(grant);
	put_well(grant_of("grace"));
	grant = grant_of("joan");
	grant.session = PK_STR("another sid");
	put_well(grant);
	grant.login = PK_STR("other");
	grant.session = PK_STR("sid");
	put_well(grant);

	got = find(one, none, PK_STR("sid"));
	assert_int_equal(got->result, VAULT_OK);
	assert_int_equal(got->count, 2);
	got = find(one, PK_STR("grace"), PK_STR("sid"));
	assert_int_equal(got->count, 1);
	expect_text(got->grant[0].subject, PK_STR("grace"));
	assert_int_equal(find(one, PK_STR("joan"), PK_STR("sid"))->count, 0);
	got = find(one, PK_STR("joan"), none);
	assert_int_equal(got->result, VAULT_OK);
	assert_int_equal(got->count, 1);
	expect_text(got->grant[0].session, PK_STR("another sid"));
	got = find(one, PK_STR("nobody"), none);
	assert_int_equal(got->result, VAULT_OK);
	assert_int_equal(got->count, 0);
	grant = grant_of("ada");
	grant.session = none;
	put_well(grant);
	assert_int_equal(find(one, none, PK_STR("sid"))->count, 1);
}

static void states_are_counted(void **state)
{
	struct stored_grant grant = grant_of("a");
	const struct got *got;

	(void)state;
	put_well(grant);
	put_well(grant_of("b"));
	grant = grant_of("c");
	grant.state = GRANT_RETRYING;
	put_well(grant);
	got = count(two);
	assert_int_equal(got->result, VAULT_OK);
	assert_int_equal(got->counts[GRANT_ACTIVE], 2);
	assert_int_equal(got->counts[GRANT_RETRYING], 1);
	assert_int_equal(got->counts[GRANT_ENDED], 0);
	grant = lease(one, "c", ann, 60)->grant[0];
	grant.state = GRANT_ENDED;
	assert_int_equal(finish(one, grant, ann)->result, VAULT_OK);
	put_well(grant_of("b"));
	got = count(two);
	assert_int_equal(got->counts[GRANT_ACTIVE], 2);
	assert_int_equal(got->counts[GRANT_RETRYING], 0);
	assert_int_equal(got->counts[GRANT_ENDED], 1);
}

static void expect_counts(int64_t active, int64_t retrying, int64_t ended)
{
	const struct got *got = count(two);

	assert_int_equal(got->result, VAULT_OK);
	assert_int_equal(got->counts[GRANT_ACTIVE], active);
	assert_int_equal(got->counts[GRANT_RETRYING], retrying);
	assert_int_equal(got->counts[GRANT_ENDED], ended);
}

/* Whatever happens to a grant, and whatever does not. */
static void counts_follow_every_change(void **state)
{
	struct stored_grant grant = grant_of("a");
	struct got *got = pk_arena_take(&arena, RACERS * sizeof(*got));

	(void)state;
	assert_non_null(got);
	expect_counts(0, 0, 0);
	grant.state = GRANT_ENDED;
	put_well(grant);
	expect_counts(0, 0, 1);
	put_well(grant_of("a")); /* signed in again */
	expect_counts(1, 0, 0);
	grant = lease(one, "a", ann, 60)->grant[0];
	assert_int_equal(renew(one, "a", ann, 60, NOW)->result, VAULT_OK);
	assert_int_equal(finish(one, refreshed(grant), ann)->result, VAULT_OK);
	expect_counts(1, 0, 0);
	grant = lease(one, "a", ann, 60)->grant[0];
	grant.state = GRANT_RETRYING;
	assert_int_equal(finish(two, grant, bob)->result, VAULT_BUSY);
	expect_counts(1, 0, 0);
	assert_int_equal(finish(two, grant, ann)->result, VAULT_OK);
	expect_counts(0, 1, 0);
	grant = get_well("a");
	grant.state = GRANT_ENDED; /* reseal() says nothing of it */
	assert_int_equal(reseal(one, grant)->result, VAULT_OK);
	expect_counts(0, 1, 0);
	assert_int_equal(delete (one, PK_STR("login"), PK_STR("nobody"))->result, VAULT_NONE);
	expect_counts(0, 1, 0);
	assert_int_equal(delete (one, PK_STR("login"), PK_STR("a"))->result, VAULT_OK);
	expect_counts(0, 0, 0);
	/* Many who sign in the same person for the first time are one. */
	grant = grant_of("b");
	for (size_t i = 0; i < RACERS; i++) {
		grant.state = i % 3 ? GRANT_ACTIVE : GRANT_RETRYING;
		ops->put(i % 2 ? one : two, &grant, on_answer, &got[i]);
	}
	wait_for(got, RACERS);
	grant = get_well("b");
	expect_counts(grant.state == GRANT_ACTIVE, grant.state == GRANT_RETRYING, 0);
}

static void expect_leaving(int64_t active, int64_t leaving)
{
	expect_counts(active, 0, 0);
	assert_int_equal(count(two)->counts[GRANT_LEAVING], leaving);
}

/* What leaves is given, with its tokens, and is there for nobody from then on. */
static void leaving_grant_is_no_grant(void **state)
{
	struct stored_grant grant;
	const struct got *got;

	(void)state;
	assert_int_equal(leave(one, "ada", ann, 60, false)->result, VAULT_NONE);
	put_well(grant_of("ada"));
	put_well(grant_of("bob"));
	grant = lease(two, "ada", bob, 60)->grant[0];
	expect_leaving(2, 0);
	got = leave(one, "ada", ann, 60, false);
	assert_int_equal(got->result, VAULT_OK);
	assert_int_equal(got->count, 1);
	assert_int_equal(got->grant[0].state, GRANT_LEAVING);
	expect_text(got->grant[0].access_token, PK_STR("access seal"));
	expect_text(got->grant[0].refresh_token, PK_STR("refresh seal"));
	expect_text(got->grant[0].id_token, PK_STR("id seal"));
	expect_leaving(1, 1);
	assert_int_equal(leave(two, "ada", bob, 60, false)->result, VAULT_NONE);
	assert_int_equal(get(two, "login", PK_STR("ada"))->result, VAULT_NONE);
	assert_int_equal(lease(two, "ada", bob, 60)->result, VAULT_NONE);
	assert_int_equal(renew(two, "ada", bob, 60, NOW)->result, VAULT_NONE);
	assert_int_equal(finish(two, refreshed(grant), bob)->result, VAULT_NONE);
	grant.version = got->grant[0].version;
	assert_int_equal(finish(two, refreshed(grant), ann)->result, VAULT_NONE);
	got = list(two, none, none, none, 1);
	assert_int_equal(got->count, 1);
	expect_text(got->grant[0].subject, PK_STR("bob"));
	got = list(two, PK_STR("login"), none, none, 1);
	assert_int_equal(got->count, 1);
	expect_text(got->grant[0].subject, PK_STR("bob"));
	got = find(two, none, PK_STR("sid"));
	assert_int_equal(got->count, 1);
	expect_text(got->grant[0].subject, PK_STR("bob"));
	got = find(two, PK_STR("ada"), none);
	assert_int_equal(got->result, VAULT_OK);
	assert_int_equal(got->count, 0);
	/* Its seals are there, until it is gone: no key may be dropped that they need. */
	got = list_sealed(two, key_a, none, none, 16);
	assert_int_equal(got->count, 2);
	assert_int_equal(reseal(two, got->grant[0])->result, VAULT_BUSY);
	assert_int_equal(delete_owned(two, "ada", bob)->result, VAULT_NONE);
	expect_leaving(1, 1);
	assert_int_equal(delete_owned(two, "ada", ann)->result, VAULT_OK);
	expect_leaving(1, 0);
	assert_int_equal(delete_owned(two, "ada", ann)->result, VAULT_NONE);
	assert_int_equal(list_sealed(two, key_a, none, none, 16)->count, 1);
}

/* Whoever died while a grant was leaving is followed by one other. */
static void leaving_grant_is_due_when_its_lease_ends(void **state)
{
	const struct timespec moment = {0, 300000000};
	const struct got *got;
	struct stored_grant sealed;
	int64_t began;

	(void)state;
	put_well(grant_of("ada"));
	assert_int_equal(leave(one, "ada", ann, 60, true)->result, VAULT_NONE);
	assert_int_equal(get_well("ada").state, GRANT_ACTIVE);
	assert_int_equal(leave(one, "ada", ann, 60, false)->result, VAULT_OK);
	assert_int_equal(due(two, NOW, 16)->count, 0);
	assert_int_equal(leave(two, "ada", bob, 60, true)->result, VAULT_BUSY);
	assert_int_equal(renew(one, "ada", ann, 1, PK_TIME_UNKNOWN)->result, VAULT_OK);
	for (began = seconds(); !(got = due(two, NOW, 16))->count; (void)nanosleep(&moment, NULL))
		assert_true(seconds() - began < WAIT_SECONDS);
	assert_int_equal(got->count, 1);
	assert_int_equal(got->number, NOW);
	assert_int_equal(got->grant[0].state, GRANT_LEAVING);
	expect_text(got->grant[0].subject, PK_STR("ada"));
	/* Meanwhile its key may go. */
	sealed = list_sealed(one, key_a, none, none, 16)->grant[0];
	memcpy(sealed.key, key_b, KEY_ID);
	assert_int_equal(reseal(one, sealed)->result, VAULT_OK);
	assert_int_equal(list_sealed(one, key_a, none, none, 16)->count, 0);
	got = leave(two, "ada", bob, 60, true);
	assert_int_equal(got->result, VAULT_OK);
	expect_text(got->grant[0].refresh_token, PK_STR("refresh seal"));
	assert_int_equal(leave(one, "ada", ann, 60, true)->result, VAULT_BUSY);
	assert_int_equal(renew(one, "ada", ann, 60, PK_TIME_UNKNOWN)->result, VAULT_NONE);
	assert_int_equal(delete_owned(one, "ada", ann)->result, VAULT_NONE);
	assert_int_equal(delete_owned(two, "ada", bob)->result, VAULT_OK);
	assert_int_equal(due(two, NOW, 16)->count, 0);
	expect_leaving(0, 0);
}

/* A login that comes meanwhile is a new grant, which has nothing of the old one, and stays. */
static void login_replaces_a_leaving_grant(void **state)
{
	struct stored_grant grant = grant_of("ada");
	struct stored_grant row;

	(void)state;
	put_well(grant);
	assert_int_equal(leave(one, "ada", ann, 60, false)->result, VAULT_OK);
	grant.refresh_token = none;
	grant.refresh_expires_at = PK_TIME_UNKNOWN;
	memcpy(grant.key, key_b, KEY_ID);
	put_well(grant);
	row = get_well("ada");
	expect_text(row.refresh_token, none);
	assert_int_equal(row.refresh_expires_at, PK_TIME_UNKNOWN);
	assert_int_equal(row.state, GRANT_ACTIVE);
	assert_memory_equal(row.key, key_b, KEY_ID);
	expect_leaving(1, 0);
	assert_int_equal(renew(one, "ada", ann, 60, PK_TIME_UNKNOWN)->result, VAULT_BUSY);
	assert_int_equal(leave(one, "ada", ann, 60, true)->result, VAULT_NONE);
	assert_int_equal(delete_owned(one, "ada", ann)->result, VAULT_NONE);
	assert_int_equal(find(two, none, PK_STR("sid"))->count, 1);
	assert_int_equal(list(two, none, none, none, 16)->count, 1);
}

/* A row that was deleted and made again is another one: what was begun on the first does not touch
 * it. */
static void version_of_a_deleted_row_never_comes_again(void **state)
{
	struct stored_grant grant, old;

	(void)state;
	put_well(grant_of("ada"));
	old = get_well("ada");
	assert_int_equal(delete (one, PK_STR("login"), PK_STR("ada"))->result, VAULT_OK);
	grant = grant_of("ada");
	grant.access_token = PK_STR("of the second login");
	put_well(grant);
	assert_true(get_well("ada").version > old.version);
	assert_int_equal(reseal(one, old)->result, VAULT_BUSY);
	assert_int_equal(lease(one, "ada", ann, 60)->result, VAULT_OK);
	assert_int_equal(finish(one, refreshed(old), ann)->result, VAULT_BUSY);
	expect_text(get_well("ada").access_token, PK_STR("of the second login"));
}

/* ---- Attempts and sessions ---- */

static void attempt_is_spent_once(void **state)
{
	uint8_t id[ATTEMPT_ID], other[ATTEMPT_ID], code[CODE_HASH], second[CODE_HASH];

	(void)state;
	randombytes_buf(id, sizeof(id));
	randombytes_buf(other, sizeof(other));
	randombytes_buf(code, sizeof(code));
	randombytes_buf(second, sizeof(second));
	code[0] = second[0] = 0;
	assert_int_equal(spend(one, id, code)->spend, SPEND_FIRST);
	assert_int_equal(spend(one, id, code)->spend, SPEND_SAME_CODE);
	assert_int_equal(spend(two, id, code)->spend, SPEND_SAME_CODE);
	assert_int_equal(spend(two, id, second)->spend, SPEND_OTHER_CODE);
	assert_int_equal(spend(one, id, code)->spend, SPEND_SAME_CODE);
	assert_int_equal(spend(two, other, code)->spend, SPEND_FIRST);
	/* Forgetting spares what has not ended. */
	assert_int_equal(forget(one, time(NULL))->result, VAULT_OK);
	assert_int_equal(spend(two, id, code)->spend, SPEND_SAME_CODE);
}

static void one_of_many_spends(void **state)
{
	struct got *got = pk_arena_take(&arena, RACERS * sizeof(*got));
	uint8_t id[ATTEMPT_ID], code[CODE_HASH] = {0};
	size_t first = 0, same = 0;

	(void)state;
	assert_non_null(got);
	randombytes_buf(id, sizeof(id));
	for (size_t i = 0; i < RACERS; i++)
		ops->spend(i % 2 ? one : two, id, code, time(NULL) + 600, on_answer, &got[i]);
	wait_for(got, RACERS);
	for (size_t i = 0; i < RACERS; i++) {
		first += got[i].spend == SPEND_FIRST && got[i].result == VAULT_OK;
		same += got[i].spend == SPEND_SAME_CODE;
	}
	assert_int_equal(first, 1);
	assert_int_equal(same, RACERS - 1);
}

/* Reads to the end; gives the cursor there, and how often each of `ids` was told. */
static int64_t read_on(struct store *store, int64_t cursor, int64_t now,
		       const struct revoked_session *sessions, size_t how_many, unsigned *ret_seen)
{
	const struct got *got;

	memset(ret_seen, 0, how_many * sizeof(*ret_seen));
	do {
		got = revoked(store, cursor, now);
		assert_int_equal(got->result, VAULT_OK);
		for (size_t i = 0; i < got->revoked_count; i++)
			for (size_t j = 0; j < how_many; j++)
				if (got->revoked[i].login.ptr
					    ? pk_str_equal(got->revoked[i].login,
							   sessions[j].login) &&
						      pk_str_equal(got->revoked[i].subject,
								   sessions[j].subject) &&
						      got->revoked[i].until == sessions[j].until
					    : memcmp(got->revoked[i].id, sessions[j].id,
						     SESSION_ID) == 0 &&
						      !sessions[j].login.ptr)
					ret_seen[j] += got->revoked[i].expires_at ==
						       sessions[j].expires_at;
		cursor = got->number;
	} while (got->more);
	return cursor;
}

static void revocations_are_told_from_the_cursor_on(void **state)
{
	const int64_t now = time(NULL);
	struct revoked_session sessions[3] = {
		{.expires_at = now + 600},
		{.login = PK_STR("login"),
		 .subject = {"a\0b", 3},
		 .until = now,
		 .expires_at = now + 700},
		{.expires_at = now + 800},
	};
	unsigned seen[3];
	int64_t cursor;

	(void)state;
	randombytes_buf(sessions[0].id, SESSION_ID);
	randombytes_buf(sessions[2].id, SESSION_ID);
	assert_int_equal(revoke(one, sessions[0])->result, VAULT_OK);
	assert_int_equal(revoke(one, sessions[1])->result, VAULT_OK);
	cursor = read_on(two, 0, now, sessions, 3, seen);
	assert_true(seen[0] && seen[1] && !seen[2]);
	assert_int_equal(revoke(one, sessions[2])->result, VAULT_OK);
	(void)read_on(two, cursor, now, sessions, 3, seen);
	assert_true(seen[2]);

	/* Again, with a later end: all hear of it; with an earlier one, nothing is taken back. */
	cursor = read_on(two, cursor, now, sessions, 3, seen);
	sessions[0].expires_at = now + 900;
	assert_int_equal(revoke(one, sessions[0])->result, VAULT_OK);
	(void)read_on(two, cursor, now, sessions, 3, seen);
	assert_true(seen[0]);
	sessions[0].expires_at = now + 60;
	sessions[1].until -= 100;
	assert_int_equal(revoke(one, sessions[0])->result, VAULT_OK);
	assert_int_equal(revoke(one, sessions[1])->result, VAULT_OK);
	sessions[0].expires_at = now + 900;
	sessions[1].until += 100;
	(void)read_on(two, 0, now, sessions, 3, seen);
	assert_true(seen[0] && seen[1] && seen[2]);

	/* What has ended counts no more, and is forgotten. */
	(void)read_on(two, 0, now + 850, sessions, 3, seen);
	assert_true(seen[0] && !seen[1] && !seen[2]);
	assert_int_equal(forget(one, now)->result, VAULT_OK);
	(void)read_on(two, 0, now, sessions, 3, seen);
	assert_true(seen[0] && seen[1] && seen[2]);
}

static void many_revocations_are_told_in_pages(void **state)
{
	enum { MANY = 1000 };
	static struct revoked_session sessions[MANY];
	static unsigned seen[MANY];
	const int64_t now = time(NULL);
	struct got *got = pk_arena_take(&arena, 100 * sizeof(*got));

	(void)state;
	assert_non_null(got);
	for (size_t i = 0; i < MANY; i++) {
		sessions[i].expires_at = now + 600;
		randombytes_buf(sessions[i].id, SESSION_ID);
		ops->revoke(i % 2 ? one : two, &sessions[i], on_answer, &got[i % 100]);
		if (i % 100 == 99) {
			wait_for(got, 100);
			memset(got, 0, 100 * sizeof(*got));
		}
	}
	arena = pk_arena(memory, sizeof(memory));
	(void)read_on(one, 0, now, sessions, MANY, seen);
	for (size_t i = 0; i < MANY; i++)
		assert_true(seen[i]);
}

/* ---- The store goes away ---- */

static void calls_beyond_the_bound_are_refused_at_once(void **state)
{
	struct got *got = pk_arena_take(&arena, sizeof(*got));
	size_t down = 0;

	(void)state;
	assert_non_null(got);
	for (size_t i = 0; i < STORE_CALLS_MAX + 200; i++) {
		ops->get(one, PK_STR("login"), PK_STR("ada"), on_answer, got);
		if (got->times) {
			assert_int_equal(got->result, VAULT_DOWN);
			down++;
			got->times = 0;
		}
	}
	assert_int_equal(down, 200);
	for (int64_t until = seconds() + WAIT_SECONDS; got->times < STORE_CALLS_MAX;) {
		assert_true(seconds() <= until);
		(void)event_base_loop(base, EVLOOP_ONCE);
	}
	assert_int_equal(got->times, STORE_CALLS_MAX);
}

static void silent_store_is_down_and_comes_back(void **state)
{
	struct got *got = pk_arena_take(&arena, 16 * sizeof(*got));
	int64_t began;

	(void)state;
	assert_non_null(got);
	put_well(grant_of("ada"));
	assert_int_equal(system(stop_command), 0);
	began = seconds();
	for (size_t i = 0; i < 16; i++)
		ops->get(i % 2 ? one : two, PK_STR("login"), PK_STR("ada"), on_answer, &got[i]);
	wait_for(got, 16);
	assert_true(seconds() - began <= STORE_SECONDS + 2);
	for (size_t i = 0; i < 16; i++) {
		assert_int_equal(got[i].result, VAULT_DOWN);
		assert_true(got[i].problem[0]);
	}
	assert_int_equal(system(continue_command), 0);
	for (began = seconds(); get(one, "login", PK_STR("ada"))->result != VAULT_OK;)
		assert_true(seconds() - began < 15);
	for (began = seconds(); get(two, "login", PK_STR("ada"))->result != VAULT_OK;)
		assert_true(seconds() - began < 15);
	expect_grant(get_well("ada"), grant_of("ada"));
	assert_int_equal(lease(one, "ada", ann, 60)->result, VAULT_OK);
}

static void what_is_under_way_is_answered_at_the_end(void **state)
{
	struct got *got = pk_arena_take(&arena, 10 * sizeof(*got));
	char error[256];
	struct store *store;

	(void)state;
	assert_non_null(got);
	put_well(grant_of("ada"));
	store = ops->open(base, address, error, sizeof(error));
	assert_non_null(store);
	for (size_t i = 0; i < 10; i++)
		ops->get(store, PK_STR("login"), PK_STR("ada"), on_answer, &got[i]);
	ops->close(store);
	for (size_t i = 0; i < 10; i++) {
		assert_int_equal(got[i].times, 1);
		assert_true(got[i].result == VAULT_OK || got[i].result == VAULT_DOWN);
	}
}

static void what_was_answered_is_there_for_the_next(void **state)
{
	char error[256];
	struct store *store;

	(void)state;
	put_well(grant_of("ada"));
	ops->close(one);
	one = ops->open(base, address, error, sizeof(error));
	assert_non_null(one);
	store = one;
	assert_int_equal(get(store, "login", PK_STR("ada"))->result, VAULT_OK);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(grant_comes_back_as_it_was, empty),
		cmocka_unit_test_setup(what_was_not_given_is_not_given, empty),
		cmocka_unit_test_setup(texts_are_any_bytes, empty),
		cmocka_unit_test_setup(logins_and_subjects_are_apart, empty),
		cmocka_unit_test_setup(deleted_grant_is_given_and_gone, empty),
		cmocka_unit_test_setup(refresh_token_is_kept_when_none_comes, empty),
		cmocka_unit_test_setup(lease_is_one_owners, empty),
		cmocka_unit_test_setup(lease_ends_by_itself_and_lives_on_when_renewed, empty),
		cmocka_unit_test_setup(one_of_many_gets_the_lease, empty),
		cmocka_unit_test_setup(finished_refresh_replaces_and_ends_the_lease, empty),
		cmocka_unit_test_setup(finish_after_a_lost_lease_writes_nothing, empty),
		cmocka_unit_test_setup(login_wins_over_a_refresh, empty),
		cmocka_unit_test_setup(resealing_replaces_the_seals_alone, empty),
		cmocka_unit_test_setup(due_are_given_in_their_order, empty),
		cmocka_unit_test_setup(due_are_of_one_login, empty),
		cmocka_unit_test_setup(due_are_found_behind_leases, empty),
		cmocka_unit_test_setup(lists_go_page_by_page, empty),
		cmocka_unit_test_setup(grants_of_a_session_are_found, empty),
		cmocka_unit_test_setup(states_are_counted, empty),
		cmocka_unit_test_setup(counts_follow_every_change, empty),
		cmocka_unit_test_setup(leaving_grant_is_no_grant, empty),
		cmocka_unit_test_setup(leaving_grant_is_due_when_its_lease_ends, empty),
		cmocka_unit_test_setup(login_replaces_a_leaving_grant, empty),
		cmocka_unit_test_setup(version_of_a_deleted_row_never_comes_again, empty),
		cmocka_unit_test_setup(attempt_is_spent_once, empty),
		cmocka_unit_test_setup(one_of_many_spends, empty),
		cmocka_unit_test_setup(revocations_are_told_from_the_cursor_on, empty),
		cmocka_unit_test_setup(many_revocations_are_told_in_pages, empty),
		cmocka_unit_test_setup(calls_beyond_the_bound_are_refused_at_once, empty),
		cmocka_unit_test_setup(what_is_under_way_is_answered_at_the_end, empty),
		cmocka_unit_test_setup(what_was_answered_is_there_for_the_next, empty),
		/* The last one: it is left out where there is no server. */
		cmocka_unit_test_setup(silent_store_is_down_and_comes_back, empty),
	};
	char error[256] = "";
	int failed;

	if (argc != 2 && argc != 4) {
		fprintf(stderr, "usage: stores_suite ADDRESS [STOP CONTINUE]\n");
		return 2;
	}
	address = argv[1];
	stop_command = argc == 4 ? argv[2] : NULL;
	continue_command = argc == 4 ? argv[3] : NULL;
	ops = store_for(address);
	base = event_base_new();
	if (sodium_init() < 0 || !ops || !base) {
		fprintf(stderr, "no store has addresses like that\n");
		return 2;
	}
	arena = pk_arena(memory, sizeof(memory));
	one = ops->open(base, address, error, sizeof(error));
	two = one ? ops->open(base, address, error, sizeof(error)) : NULL;
	if (!two) {
		fprintf(stderr, "%s\n", error);
		return 2;
	}
	failed = _cmocka_run_group_tests(
		address, tests, sizeof(tests) / sizeof(tests[0]) - !stop_command, NULL, NULL);
	ops->close(one);
	ops->close(two);
	event_base_free(base);
	return failed;
}
