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

static void at_first_all_are_zero(void **state)
{
	(void)state;
	assert_string_equal(
		written(),
		"# HELP proofkey_logins_started_total Logins begun: browsers sent to a provider.\n"
		"# TYPE proofkey_logins_started_total counter\n"
		"proofkey_logins_started_total 0\n"
		"# HELP proofkey_logins_finished_total Logins that ended with a session.\n"
		"# TYPE proofkey_logins_finished_total counter\n"
		"proofkey_logins_finished_total 0\n"
		"# HELP proofkey_sessions_ended_total Sessions that a person ended by signing "
		"out.\n"
		"# TYPE proofkey_sessions_ended_total counter\n"
		"proofkey_sessions_ended_total 0\n"
		"# HELP proofkey_checks_total Requests of which a web server asked whether they "
		"may pass.\n"
		"# TYPE proofkey_checks_total counter\n"
		"proofkey_checks_total{answer=\"yes\"} 0\n"
		"proofkey_checks_total{answer=\"no\"} 0\n"
		"# HELP proofkey_login_failures_total Logins that failed, by their fault.\n"
		"# TYPE proofkey_login_failures_total counter\n");
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
			metrics_count_failure(metrics, pk_str(pk_fault_at(i)->id));
	for (size_t i = 0; pk_fault_at(i); i++) {
		char line[256];

		(void)snprintf(line, sizeof(line),
			       "proofkey_login_failures_total{fault=\"%s\"} %zu",
			       pk_fault_at(i)->id, i + 1);
		assert_line(line);
	}
	assert_null(strstr(memory, "unlisted"));
}

/* What is no fault of the list is no label either. */
static void no_label_from_outside(void **state)
{
	(void)state;
	metrics_count_failure(metrics, PK_STR("x\"} 1\nforged"));
	metrics_count_failure(metrics, PK_STR(""));
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
		metrics_count_failure(own, PK_STR("state-mismatch"));
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
		cmocka_unit_test_setup_teardown(no_label_from_outside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_is_lost, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_can_take_the_memory_away, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
