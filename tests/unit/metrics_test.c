/*
 * The counters, alone and under many processes: every count is in the sum, whoever asks and whoever
 * has died; nobody can take the memory away; what is written is what Prometheus reads.
 */
#include "setting.h"

#include "gateway/metrics.h"
#include "base/text.h"
#include "proofkey_explain.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 70 /* more than there are slots: two share one */
#define COUNTS 5000

static int fd;
static struct metrics *metrics;
static char memory[METRICS_TEXT_MAX];

static int set_up(void **state)
{
	(void)state;
	fd = metrics_create();
	metrics = fd < 0 ? NULL : metrics_map(fd);
	return metrics ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	metrics_unmap(metrics);
	return close(fd);
}

/* The text, with a NUL. */
static const char *written(void)
{
	struct pk_buf out = pk_buf(memory, sizeof(memory) - 1);

	metrics_write(metrics, &out);
	assert_false(out.overflow);
	memory[out.len] = '\0';
	return memory;
}

static void assert_line(const char *line)
{
	char whole[256];

	(void)snprintf(whole, sizeof(whole), "\n%s\n", line);
	if (!strstr(written(), whole))
		fail_msg("no line %s in:\n%s", line, memory);
}

static void assert_nothing_of(const char *text)
{
	if (strstr(written(), text))
		fail_msg("%s stands in:\n%s", text, memory);
}

static void at_first_all_are_zero(void **state)
{
	static const char start[] =
		"# HELP proofkey_logins_started_total Logins begun: browsers sent to a provider.\n"
		"# TYPE proofkey_logins_started_total counter\n"
		"proofkey_logins_started_total 0\n"
		"# HELP proofkey_logins_finished_total Logins that ended with a session.\n";

	(void)state;
	assert_memory_equal(written(), start, sizeof(start) - 1);
	assert_line("proofkey_checks_total{answer=\"no\"} 0");
	assert_line("proofkey_upstream_requests_total{request=\"push\",status=\"5xx\"} 0");
	assert_line("proofkey_process_deaths_total{process=\"broker\"} 0");
	assert_line("proofkey_grants_ended_total{fault=\"provider-session-gone\"} 0");
	assert_line("proofkey_grants_ended_total{fault=\"unlisted\"} 0");
	for (const char *line = written(); line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (*line && *line != '#')
			assert_memory_equal(strchr(line, ' '), " 0\n", 3);
	}
}

static void each_has_its_line(void **state)
{
	(void)state;
	metrics_count(metrics, METRIC_CHECKS_NO);
	metrics_count(metrics, METRIC_CHECKS_NO);
	metrics_count(metrics, METRIC_SESSIONS_ENDED);
	assert_line("proofkey_checks_total{answer=\"yes\"} 0");
	assert_line("proofkey_checks_total{answer=\"no\"} 2");
	assert_line("proofkey_sessions_ended_total 1");
}

static void every_fault_has_a_label(void **state)
{
	(void)state;
	for (size_t i = 0; pk_fault_at(i); i++)
		for (size_t n = 0; n <= i; n++)
			metrics_count_fault(metrics, METRIC_LOGIN_FAULTS,
					    pk_str(pk_fault_at(i)->id));
	for (size_t i = 0; pk_fault_at(i); i++) {
		char line[256];

		(void)snprintf(line, sizeof(line),
			       "proofkey_login_failures_total{fault=\"%s\"} %zu",
			       pk_fault_at(i)->id, i + 1);
		assert_line(line);
	}
	assert_line("proofkey_login_failures_total{fault=\"unlisted\"} 0");
}

/* A label's values stand in the order in which they are counted. */
static void two_labels(void **state)
{
	(void)state;
	metrics_count_at(metrics, METRIC_UPSTREAM, UPSTREAM_REFRESH * UPSTREAM_STATUS + 4);
	metrics_count_at(metrics, METRIC_UPSTREAM, UPSTREAM_PUSH * UPSTREAM_STATUS);
	metrics_count_at(metrics, METRIC_BROKER, metrics_broker_status(410));
	metrics_count_at(metrics, METRIC_BROKER, metrics_broker_status(302));
	metrics_count(metrics, METRIC_STORE_FAILED_WRITES);
	metrics_count(metrics, METRIC_GRANTS_LOCKED);
	metrics_count(metrics, METRIC_GRANTS_RESEALED);
	assert_line("proofkey_upstream_requests_total{request=\"refresh\",status=\"4xx\"} 1");
	assert_line("proofkey_upstream_requests_total{request=\"push\",status=\"none\"} 1");
	assert_line("proofkey_upstream_requests_total{request=\"push\",status=\"5xx\"} 0");
	assert_line("proofkey_broker_requests_total{status=\"410\"} 1");
	assert_line("proofkey_broker_requests_total{status=\"other\"} 1");
	assert_line("proofkey_store_failures_total{access=\"write\"} 1");
	assert_line("proofkey_grants_locked_total 1");
	assert_line("proofkey_grants_resealed_total 1");
}

/* What a gauge does not know it does not say; 0 is something to know. */
static void gauges(void **state)
{
	(void)state;
	assert_nothing_of("\nproofkey_store_up ");
	metrics_set(metrics, GAUGE_STORE_UP, 0);
	metrics_set(metrics, GAUGE_GRANTS + 1, 70000000000);
	assert_line("proofkey_store_up 0");
	assert_line("proofkey_grants{state=\"retrying\"} 70000000000");
	assert_nothing_of("proofkey_grants{state=\"active\"}");
	metrics_set(metrics, GAUGE_STORE_UP, 1);
	assert_line("proofkey_store_up 1");
	metrics_forget(metrics, GAUGE_STORE_UP);
	assert_nothing_of("\nproofkey_store_up ");
}

static void durations(void **state)
{
	static const uint64_t times[] = {0, 1000, 1001, 250000, 30000000, 40000000};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		metrics_time_at(metrics, METRIC_STORE_TIMES, 1, times[i]);
	assert_line("proofkey_store_seconds_bucket{access=\"write\",le=\"0.001\"} 2");
	assert_line("proofkey_store_seconds_bucket{access=\"write\",le=\"0.003\"} 3");
	assert_line("proofkey_store_seconds_bucket{access=\"write\",le=\"0.1\"} 3");
	assert_line("proofkey_store_seconds_bucket{access=\"write\",le=\"0.3\"} 4");
	assert_line("proofkey_store_seconds_bucket{access=\"write\",le=\"30\"} 5");
	assert_line("proofkey_store_seconds_bucket{access=\"write\",le=\"+Inf\"} 6");
	assert_line("proofkey_store_seconds_sum{access=\"write\"} 70.252001");
	assert_line("proofkey_store_seconds_count{access=\"write\"} 6");
	assert_line("proofkey_store_seconds_count{access=\"read\"} 0");
	metrics_time_at(metrics, METRIC_LEASE_TIMES, 0, 2000000);
	assert_line("proofkey_lease_wait_seconds_bucket{le=\"1\"} 0");
	assert_line("proofkey_lease_wait_seconds_bucket{le=\"3\"} 1");
	assert_line("proofkey_lease_wait_seconds_sum 2");
}

/* With every fault, and as many logins as there may be. */
static void the_longest_text_fits(void **state)
{
	(void)state;
	for (size_t i = 0; i < METRIC_LOGINS; i++) {
		char name[METRIC_LOGIN_MAX + 1];

		(void)snprintf(name, sizeof(name), "%064zu", i);
		metrics_login(metrics, pk_str(name));
	}
	for (size_t i = 0; i < METRIC__END; i++)
		metrics_count_at(metrics, METRIC_LOGINS_STARTED, i);
	for (int i = 0; i < GAUGE__END; i++)
		metrics_set(metrics, (enum gauge)i, INT64_MAX - 1);
	/* A number has at most 18 more digits than these. */
	size_t lines = 0;

	for (const char *at = written(); (at = strchr(at, '\n')); at++)
		lines++;
	assert_true(strlen(memory) + lines * 18 < METRICS_TEXT_MAX);
}

/* Logins keep their places; what is no name is shown nowhere, and what has no place is "other". */
static void logins(void **state)
{
	char name[16];

	(void)state;
	assert_nothing_of("proofkey_refreshes_total{");
	for (size_t i = 0; i < METRIC_LOGINS - 2; i++) {
		(void)snprintf(name, sizeof(name), "login-%zu_", i);
		assert_int_equal(metrics_login(metrics, pk_str(name)), i);
	}
	assert_int_equal(metrics_login(metrics, PK_STR("login-3_")), 3);
	metrics_count_at(metrics, METRIC_REFRESHES, 3 * REFRESH_OUTCOMES + REFRESH_ENDED);
	assert_line("proofkey_refreshes_total{login=\"login-3_\",outcome=\"ended\"} 1");
	assert_line("proofkey_refreshes_total{login=\"login-62_\",outcome=\"refreshed\"} 0");
	assert_line("proofkey_provider_replies_total{login=\"login-0_\",status=\"none\"} 0");
	assert_int_equal(metrics_login(metrics, PK_STR("x\"} 1\nforged")), METRIC_LOGINS - 2);
	assert_int_equal(metrics_login(metrics, PK_STR("late")), METRIC_LOGINS - 1);
	assert_nothing_of("other\",outcome");
	metrics_count_at(metrics, METRIC_REFRESHES, (METRIC_LOGINS - 1) * REFRESH_OUTCOMES);
	assert_line("proofkey_refreshes_total{login=\"other\",outcome=\"refreshed\"} 1");
	assert_nothing_of("forged");
}

/* What is no fault of the list is no label either. */
static void no_label_from_outside(void **state)
{
	(void)state;
	metrics_count_fault(metrics, METRIC_LOGIN_FAULTS, PK_STR("x\"} 1\nforged"));
	metrics_count_fault(metrics, METRIC_LOGIN_FAULTS, PK_STR(""));
	assert_line("proofkey_login_failures_total{fault=\"unlisted\"} 2");
	assert_null(strstr(memory, "forged"));
}

static _Noreturn void count_in_a_process(void)
{
	struct metrics *own = metrics_map(fd);

	if (!own)
		_exit(1);
	for (size_t i = 0; i < COUNTS; i++) {
		metrics_count(own, METRIC_CHECKS_YES);
		metrics_count_fault(own, METRIC_LOGIN_FAULTS, PK_STR("state-mismatch"));
	}
	_exit(0); /* without a word, as one that is killed */
}

static void nothing_is_lost(void **state)
{
	char line[256];

	(void)state;
	for (size_t i = 0; i < PROCESSES; i++) {
		const pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0)
			count_in_a_process();
	}
	for (size_t i = 0; i < PROCESSES; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	(void)snprintf(line, sizeof(line), "proofkey_checks_total{answer=\"yes\"} %d",
		       PROCESSES * COUNTS);
	assert_line(line);
	(void)snprintf(line, sizeof(line),
		       "proofkey_login_failures_total{fault=\"state-mismatch\"} %d",
		       PROCESSES * COUNTS);
	assert_line(line);
}

static void nobody_can_take_the_memory_away(void **state)
{
	(void)state;
	assert_int_not_equal(ftruncate(fd, 0), 0);
	metrics_count(metrics, METRIC_LOGINS_STARTED);
	assert_line("proofkey_logins_started_total 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(at_first_all_are_zero, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_has_its_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_fault_has_a_label, set_up, tear_down),
		cmocka_unit_test_setup_teardown(two_labels, set_up, tear_down),
		cmocka_unit_test_setup_teardown(logins, set_up, tear_down),
		cmocka_unit_test_setup_teardown(gauges, set_up, tear_down),
		cmocka_unit_test_setup_teardown(durations, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_longest_text_fits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_label_from_outside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_is_lost, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_can_take_the_memory_away, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
