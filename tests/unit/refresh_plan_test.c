/*
 * When tokens are refreshed: before they end, spread, and never in a storm. Each property is held
 * against lifetimes from a second to centuries and against all corners of the entropy.
 */
#include "setting.h"

#include "base/text.h"
#include "gateway/refresh_outcome.h"
#include "gateway/refresh_plan.h"

#define NOW 1800000000

static const uint32_t randoms[] = {0, 1, 511, 512, 1022, 1023, 1024, UINT32_MAX};
#define RANDOMS (sizeof(randoms) / sizeof(randoms[0]))

static const int64_t lifetimes[] = {1,   2,   3,    10,   59,    60,       61,       100,
				    300, 599, 3600, 7200, 86400, 15552000, 1ll << 40};

static void before_the_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lifetimes) / sizeof(lifetimes[0]); i++)
		for (size_t r = 0; r < RANDOMS; r++) {
			const int64_t lifetime = lifetimes[i];
			const int64_t wait =
				refresh_plan(NOW, NOW + lifetime, PK_TIME_UNKNOWN, randoms[r]) -
				NOW;

			assert_true(wait >= 1 && wait <= lifetime);
			assert_true(wait * 2 >= lifetime);
			if (lifetime > 1)
				assert_true(wait < lifetime);
			if (lifetime >= 2 * REFRESH_AHEAD)
				assert_true(lifetime - wait >= REFRESH_AHEAD);
			if (lifetime >= 300) {
				assert_true(wait * 10 >= lifetime * 7 - 10);
				assert_true(wait * 10 <= lifetime * 8);
			}
		}
}

static void spread(void **state)
{
	(void)state;
	assert_int_equal(refresh_plan(NOW, NOW + 3600, PK_TIME_UNKNOWN, 0), NOW + 2880);
	assert_int_equal(refresh_plan(NOW, NOW + 3600, PK_TIME_UNKNOWN, 512), NOW + 2880 - 180);
	assert_true(refresh_plan(NOW, NOW + 3600, PK_TIME_UNKNOWN, 1023) < NOW + 2880 - 355);
}

static void the_earlier_end_counts(void **state)
{
	(void)state;
	assert_int_equal(refresh_plan(NOW, PK_TIME_UNKNOWN, PK_TIME_UNKNOWN, 0), PK_TIME_UNKNOWN);
	assert_int_equal(refresh_plan(NOW, PK_TIME_UNKNOWN, NOW + 1000, 0), NOW + 800);
	assert_int_equal(refresh_plan(NOW, NOW + 3600, NOW + 1000, 0), NOW + 800);
	assert_int_equal(refresh_plan(NOW, NOW + 1000, NOW + 3600, 0), NOW + 800);
	/* One that has ended already, or says so, would be refreshed without end. */
	assert_int_equal(refresh_plan(NOW, NOW, PK_TIME_UNKNOWN, 0), PK_TIME_UNKNOWN);
	assert_int_equal(refresh_plan(NOW, NOW - 5, NOW + 1000, 0), NOW + 800);
}

static void again_later_each_time(void **state)
{
	int64_t last = 0;

	(void)state;
	assert_int_equal(refresh_again(NOW, 1, 0, 0), NOW + 5);
	assert_int_equal(refresh_again(NOW, 2, 0, 0), NOW + 10);
	assert_int_equal(refresh_again(NOW, 3, 0, 0), NOW + 20);
	for (int64_t failures = 0; failures < 100; failures++)
		for (size_t r = 0; r < RANDOMS; r++) {
			const int64_t wait = refresh_again(NOW, failures, 0, randoms[r]) - NOW;

			assert_true(wait >= REFRESH_AGAIN && wait <= REFRESH_AGAIN_MAX);
			if (!r) {
				assert_true(wait >= last);
				last = wait;
			}
		}
	assert_int_equal(refresh_again(NOW, INT64_MAX, 0, 0), NOW + REFRESH_AGAIN_MAX);
}

static void as_the_provider_asks(void **state)
{
	(void)state;
	assert_int_equal(refresh_again(NOW, 1, 60, 0), NOW + 60);
	assert_true(refresh_again(NOW, 1, 60, 1023) <= NOW + 67);
	assert_int_equal(refresh_again(NOW, 1, 2, 0), NOW + 5);
	assert_int_equal(refresh_again(NOW, 1, INT64_MAX, 0), NOW + REFRESH_AFTER_MAX);
	assert_int_equal(refresh_again(NOW, 1, INT64_MIN, 0), NOW + 5);
}

static void whether_it_helps(void **state)
{
	struct grant grant = {
		.refresh_token = {{"r", 1}},
		.access_expires_at = NOW + 100,
		.created_at = NOW,
		.refreshed_at = PK_TIME_UNKNOWN,
		.refresh_at = NOW + 70,
	};

	(void)state;
	assert_true(refresh_is_fresh(&grant, NOW + 60, 40));
	assert_false(refresh_is_fresh(&grant, NOW + 61, 40));
	/* Half of what the provider makes is all that can be asked for. */
	assert_true(refresh_is_fresh(&grant, NOW, 101));
	assert_true(refresh_is_fresh(&grant, NOW + 50, 86400));
	assert_false(refresh_is_fresh(&grant, NOW + 51, 86400));
	assert_true(refresh_is_fresh(&grant, NOW + 100, 0));
	assert_false(refresh_is_fresh(&grant, NOW + 101, 0));
	assert_false(refresh_helps(&grant, NOW, 60));
	assert_false(refresh_helps(&grant, NOW, 200));
	assert_false(refresh_helps(&grant, NOW + 50, 200));
	assert_true(refresh_helps(&grant, NOW + 51, 200));
	assert_true(refresh_helps(&grant, NOW + 51, 60));
	assert_false(refresh_helps(&grant, NOW + 51, 40));
	assert_true(refresh_helps(&grant, NOW + 500, 0));
	/* One that ends with its beginning. */
	grant.access_expires_at = NOW;
	assert_true(refresh_is_fresh(&grant, NOW, 60));
	assert_true(refresh_helps(&grant, NOW + 1, 60));
	grant.access_expires_at = NOW - 1000;
	assert_false(refresh_is_fresh(&grant, NOW, 0));
	grant.refreshed_at = NOW + 60;
	grant.access_expires_at = NOW + 160;
	assert_false(refresh_helps(&grant, NOW + 100, 200));

	grant.state = GRANT_RETRYING;
	grant.refresh_at = NOW + 200;
	assert_false(refresh_helps(&grant, NOW + 199, 60));
	assert_true(refresh_helps(&grant, NOW + 200, 60));
	grant.state = GRANT_ENDED;
	assert_false(refresh_helps(&grant, NOW + 200, 60));
	grant.state = GRANT_ACTIVE;
	grant.refresh_token.text.len = 0;
	assert_false(refresh_helps(&grant, NOW + 200, 60));
	grant.refresh_token.text.len = 1;
	grant.access_expires_at = PK_TIME_UNKNOWN;
	assert_true(refresh_is_fresh(&grant, NOW, 86400));
	assert_false(refresh_helps(&grant, NOW, 86400));
}

/* clang-format off */
static const struct refusal {
	enum pk_err err;
	int status;
	const char *word;
	const char *earlier; /* the fault of the grant */
	int64_t sent_at;
	enum grant_state state;
	const char *fault;
	bool operators;
	bool unheard;
} refusals[] = {
	{PK_ERR_PROVIDER_REFUSED, 400, "invalid_grant",           "", PK_TIME_UNKNOWN, GRANT_ENDED,    "provider-session-gone", false, false},
	{PK_ERR_PROVIDER_REFUSED, 200, "invalid_grant",           "", PK_TIME_UNKNOWN, GRANT_ENDED,    "provider-session-gone", false, false},
	{PK_ERR_PROVIDER_REFUSED, 401, "a_word_of_its_own",       "", PK_TIME_UNKNOWN, GRANT_ENDED,    "provider-session-gone", false, false},
	{PK_ERR_PROVIDER_REFUSED, 400, "invalid_grant",           "", NOW - 20,        GRANT_ENDED,    "refresh-reply-lost",    false, false},
	{PK_ERR_PROVIDER_REFUSED, 400, "invalid_grant",           "server-error", NOW - 20, GRANT_ENDED, "refresh-reply-lost", false, false},
	{PK_ERR_PROVIDER_REFUSED, 400, "invalid_grant",           "provider-unreachable", PK_TIME_UNKNOWN, GRANT_ENDED, "provider-session-gone", false, false},
	{PK_ERR_PROVIDER_REFUSED, 400, "invalid_grant",           "server-error", PK_TIME_UNKNOWN, GRANT_ENDED, "provider-session-gone", false, false},
	{PK_ERR_PROVIDER_REFUSED, 401, "invalid_client",          "", NOW - 20,        GRANT_RETRYING, "secret-rejected",       true, false},
	{PK_ERR_PROVIDER_REFUSED, 400, "temporarily_unavailable", "", PK_TIME_UNKNOWN, GRANT_RETRYING, "server-error",          false, false},
	{PK_ERR_PROVIDER_REFUSED, 429, "invalid_grant",           "", PK_TIME_UNKNOWN, GRANT_RETRYING, "rate-limited",          false, false},
	{PK_ERR_PROVIDER_REFUSED, 500, "invalid_grant",           "", PK_TIME_UNKNOWN, GRANT_RETRYING, "server-error",          false, false},
	{PK_ERR_PROVIDER_REFUSED, 400, "",                        "", PK_TIME_UNKNOWN, GRANT_RETRYING, "provider-error",        true, false},
	{PK_ERR_PROVIDER_REFUSED, 503, "",                        "", PK_TIME_UNKNOWN, GRANT_RETRYING, "server-error",          false, false},
	{PK_ERR_REPLY_NOT_OAUTH,  502, "",                        "", PK_TIME_UNKNOWN, GRANT_RETRYING, "server-error",          false, true},
	{PK_ERR_REPLY_NOT_OAUTH,  504, "",                        "", PK_TIME_UNKNOWN, GRANT_RETRYING, "server-error",          false, true},
	{PK_ERR_REPLY_NOT_OAUTH,  200, "",                        "", PK_TIME_UNKNOWN, GRANT_RETRYING, "reply-not-oauth",       true, true},
	{PK_ERR_REPLY_NOT_OAUTH,  403, "",                        "", PK_TIME_UNKNOWN, GRANT_RETRYING, "reply-not-oauth",       true, false},
	{PK_ERR_REPLY_INCOMPLETE, 200, "",                        "", PK_TIME_UNKNOWN, GRANT_RETRYING, "reply-misread",         true, true},
};
/* clang-format on */

static void refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *row = &refusals[i];
		const struct grant grant = {.fault = pk_str(row->earlier), .sent_at = row->sent_at};
		struct pk_why why = {.err = row->err, .status = row->status};
		struct refresh_outcome outcome;

		(void)snprintf(why.provider_error, sizeof(why.provider_error), "%s", row->word);
		outcome = refresh_refused(&grant, &why);
		assert_string_equal(outcome.fault, row->fault);
		assert_int_equal(outcome.state, row->state);
		assert_int_equal(outcome.operators, row->operators);
		assert_int_equal(outcome.unheard, row->unheard);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_the_end),
		cmocka_unit_test(spread),
		cmocka_unit_test(the_earlier_end_counts),
		cmocka_unit_test(again_later_each_time),
		cmocka_unit_test(as_the_provider_asks),
		cmocka_unit_test(whether_it_helps),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
