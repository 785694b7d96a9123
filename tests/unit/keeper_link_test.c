/*
 * A front's line to a keeper that is played by the test: answers out of order, twice, late, to
 * calls that nobody made, none at all; and a keeper that hangs up or is replaced.
 */
#include "setting.h"

#include "gateway/keeper_link.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define MANY 1024 /* calls that may be under way at once */

static struct event_base *base;
static struct keeper_link *front;
static int keeper = -1;

/* What a call came to. */
struct heard {
	unsigned times;
	bool answered; /* else NULL */
	uint64_t value;
};

static void on_answer(struct message_reader *answer, void *arg)
{
	struct heard *outcome = arg;

	outcome->times++;
	outcome->answered = answer != NULL;
	if (answer)
		outcome->value = message_number(answer);
}

/* A new keeper takes over the link. */
static void connect_keeper(void)
{
	int pair[2];

	assert_true(message_pair(pair));
	if (keeper >= 0)
		close(keeper);
	keeper = pair[0];
	keeper_link_set(front, pair[1]);
}

static int set_up(void **state)
{
	(void)state;
	base = event_base_new();
	front = base ? keeper_link_new(base) : NULL;
	if (!front)
		return -1;
	connect_keeper();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	keeper_link_free(front);
	event_base_free(base);
	if (keeper >= 0)
		close(keeper);
	keeper = -1;
	return 0;
}

/* What is still under way ends while the outcome that it is written to is there. */
static void end_calls(void)
{
	connect_keeper();
}

static bool call(struct heard *outcome)
{
	char memory[64];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	keeper_link_begin(front, CALL_PING, &message);
	return keeper_link_send(front, &message, on_answer, outcome);
}

/* The number of the next call that the keeper reads. */
static uint64_t read_call(void)
{
	static char memory[MESSAGE_MAX];
	struct pk_str message;

	assert_int_equal(message_receive(keeper, memory, &message, NULL), MESSAGE_GOT);

	struct message_reader in = message_reader(message);

	assert_int_equal(message_number(&in), CALL_PING);

	const uint64_t number = message_number(&in);

	assert_true(message_done(&in));
	return number;
}

static void answer(uint64_t number, uint64_t value)
{
	char memory[64];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	message_put_number(&message, number);
	message_put_number(&message, value);
	assert_true(message_send(keeper, pk_buf_str(&message), -1));
}

static void turn(void)
{
	assert_true(event_base_loop(base, EVLOOP_NONBLOCK) >= 0);
}

static void assert_answered(const struct heard *outcome, uint64_t value)
{
	assert_int_equal(outcome->times, 1);
	assert_true(outcome->answered);
	assert_int_equal(outcome->value, value);
}

static void assert_abandoned(const struct heard *outcome)
{
	assert_int_equal(outcome->times, 1);
	assert_false(outcome->answered);
}

static void answers_find_their_calls_in_any_order(void **state)
{
	struct heard outcomes[3] = {0};
	uint64_t numbers[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_true(call(&outcomes[i]));
		numbers[i] = read_call();
	}
	answer(numbers[2], 30);
	answer(numbers[0], 10);
	turn();
	assert_answered(&outcomes[0], 10);
	assert_int_equal(outcomes[1].times, 0);
	assert_answered(&outcomes[2], 30);
	answer(numbers[1], 20);
	turn();
	assert_answered(&outcomes[1], 20);
	end_calls();
}

static void a_second_answer_finds_nobody(void **state)
{
	struct heard first = {0}, second = {0};
	uint64_t number;

	(void)state;
	assert_true(call(&first));
	number = read_call();
	answer(number, 1);
	answer(number, 2);
	turn();
	assert_answered(&first, 1);

	/* Nor does it find the next call. */
	assert_true(call(&second));
	assert_int_not_equal(read_call(), number);
	answer(number, 3);
	turn();
	assert_int_equal(second.times, 0);
	end_calls();
}

static void unknown_numbers_find_nobody(void **state)
{
	struct heard outcome = {0};
	uint64_t number;

	(void)state;
	assert_true(call(&outcome));
	number = read_call();
	answer(0, 1);
	answer(number + 1, 1);
	answer(number + MANY, 1); /* the same place, another call */
	answer(UINT64_MAX, 1);
	turn();
	assert_int_equal(outcome.times, 0);
	answer(number, 7);
	turn();
	assert_answered(&outcome, 7);
	end_calls();
}

static void a_short_message_is_no_answer(void **state)
{
	struct heard outcome = {0};

	(void)state;
	assert_true(call(&outcome));
	(void)read_call();
	assert_true(message_send(keeper, PK_STR("\x01"), -1));
	turn();
	assert_int_equal(outcome.times, 0);
	assert_true(keeper_link_up(front));
	end_calls();
}

static void a_keeper_that_dies_leaves_no_call_waiting(void **state)
{
	struct heard outcomes[2] = {0}, after = {0};

	(void)state;
	assert_true(call(&outcomes[0]));
	assert_true(call(&outcomes[1]));
	close(keeper);
	keeper = -1;
	turn();
	assert_abandoned(&outcomes[0]);
	assert_abandoned(&outcomes[1]);
	assert_false(keeper_link_up(front));
	assert_false(call(&after));
	assert_int_equal(after.times, 0);
	end_calls();
}

/* What was sent before the end is still read. */
static void an_answer_before_the_end_counts(void **state)
{
	struct heard answered = {0}, abandoned = {0};

	(void)state;
	assert_true(call(&answered));
	assert_true(call(&abandoned));
	answer(read_call(), 5);
	(void)read_call();
	close(keeper);
	keeper = -1;
	turn();
	assert_answered(&answered, 5);
	assert_abandoned(&abandoned);
	end_calls();
}

static void a_new_keeper_knows_nothing_of_old_calls(void **state)
{
	struct heard old = {0}, fresh = {0};
	uint64_t old_number;

	(void)state;
	assert_true(call(&old));
	old_number = read_call();
	connect_keeper();
	assert_abandoned(&old);
	assert_true(keeper_link_up(front));
	assert_true(call(&fresh));

	const uint64_t number = read_call();

	assert_int_not_equal(number, old_number);
	answer(old_number, 1);
	answer(number, 2);
	turn();
	assert_int_equal(old.times, 1);
	assert_answered(&fresh, 2);
	end_calls();
}

static void without_a_keeper_nothing_is_sent(void **state)
{
	struct keeper_link *alone = keeper_link_new(base);
	struct heard outcome = {0};
	char memory[64];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	(void)state;
	assert_non_null(alone);
	assert_false(keeper_link_up(alone));
	keeper_link_begin(alone, CALL_PING, &message);
	assert_false(keeper_link_send(alone, &message, on_answer, &outcome));
	keeper_link_free(alone);
	assert_int_equal(outcome.times, 0);
}

static void a_call_that_does_not_fit_is_not_sent(void **state)
{
	struct heard outcome = {0};
	char memory[17];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	(void)state;
	keeper_link_begin(front, CALL_LOGOUT, &message);
	message_put_str(&message, PK_STR("text"));
	assert_true(message.overflow);
	assert_false(keeper_link_send(front, &message, on_answer, &outcome));
	assert_int_equal(outcome.times, 0);
	end_calls();
}

/* As many as there may be; one more is refused at once, and possible again when one has ended. */
static void many_calls_at_once(void **state)
{
	static struct heard outcomes[MANY];
	static uint64_t numbers[MANY];
	struct heard more = {0};

	(void)state;
	memset(outcomes, 0, sizeof(outcomes));
	for (size_t i = 0; i < MANY; i++) {
		assert_true(call(&outcomes[i]));
		numbers[i] = read_call();
	}
	assert_false(call(&more));
	answer(numbers[MANY / 2], 1);
	turn();
	assert_true(call(&more));
	answer(read_call(), 2);
	turn();
	assert_answered(&more, 2);
	for (size_t i = 0; i < MANY; i++)
		if (i != MANY / 2)
			answer(numbers[i], numbers[i]);
	turn();
	for (size_t i = 0; i < MANY; i++)
		assert_answered(&outcomes[i], i == MANY / 2 ? 1 : numbers[i]);
	end_calls();
}

/* One provider that takes long must not be in the way of all other calls. */
static void a_slow_call_holds_up_no_other(void **state)
{
	struct heard slow = {0};
	uint64_t number;

	(void)state;
	assert_true(call(&slow));
	number = read_call();
	for (size_t i = 0; i < 3 * MANY; i++) {
		struct heard quick = {0};

		assert_true(call(&quick));
		answer(read_call(), i);
		turn();
		assert_answered(&quick, i);
	}
	assert_int_equal(slow.times, 0);
	answer(number, 9);
	turn();
	assert_answered(&slow, 9);
	end_calls();
}

/* All who waited for one thing ask at one moment: more than the socket has room for. */
static void a_keeper_that_is_busy_hears_all_calls(void **state)
{
	static struct heard outcomes[MANY];
	static char memory[MESSAGE_MAX], filler[1000];
	struct pk_str message;

	(void)state;
	memset(outcomes, 0, sizeof(outcomes));
	for (size_t i = 0; i < MANY; i++) {
		struct pk_buf out = pk_buf(memory, sizeof(memory));

		keeper_link_begin(front, CALL_PING, &out);
		message_put_str(&out, (struct pk_str){filler, sizeof(filler)});
		assert_true(keeper_link_send(front, &out, on_answer, &outcomes[i]));
	}
	for (size_t i = 0; i < MANY; i++) {
		struct message_reader in;

		if (message_receive(keeper, memory, &message, NULL) != MESSAGE_GOT) {
			turn();
			assert_int_equal(message_receive(keeper, memory, &message, NULL),
					 MESSAGE_GOT);
		}
		in = message_reader(message);
		assert_int_equal(message_number(&in), CALL_PING);
		answer(message_number(&in), i);
		if (i % 100 == 0)
			turn();
	}
	turn();
	for (size_t i = 0; i < MANY; i++)
		assert_answered(&outcomes[i], i);
	end_calls();
}

/* A keeper that reads nothing: the socket fills, and the calls that no longer fit are refused. */
static void a_keeper_that_reads_nothing(void **state)
{
	static struct heard outcomes[MANY];
	static char memory[MESSAGE_MAX], filler[30000];
	const struct pk_str text = {filler, sizeof(filler)};
	size_t sent = 0;

	(void)state;
	memset(outcomes, 0, sizeof(outcomes));
	for (size_t i = 0; i < MANY; i++) {
		struct pk_buf message = pk_buf(memory, sizeof(memory));

		keeper_link_begin(front, CALL_PING, &message);
		message_put_str(&message, text);
		if (!keeper_link_send(front, &message, on_answer, &outcomes[sent]))
			break;
		sent++;
	}
	assert_in_range(sent, 1, MANY - 1);
	connect_keeper();
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(outcomes[i].times, i < sent);
	end_calls();
}

static void a_call_has_its_time(void **state)
{
	struct heard late = {0}, fresh = {0};
	const struct timeval two_seconds = {2, 100000};
	uint64_t number;

	(void)state;
	keeper_link_patience(front, 1);
	assert_true(call(&late));
	number = read_call();
	turn();
	assert_int_equal(late.times, 0);
	assert_int_equal(event_base_loopexit(base, &two_seconds), 0);
	assert_true(event_base_dispatch(base) >= 0);
	assert_abandoned(&late);

	/* The link is still good, and the late answer finds nobody. */
	assert_true(call(&fresh));
	answer(number, 1);
	answer(read_call(), 2);
	turn();
	assert_int_equal(late.times, 1);
	assert_answered(&fresh, 2);
	end_calls();
}

static void the_end_of_the_link_ends_its_calls(void **state)
{
	struct heard outcome = {0};

	(void)state;
	assert_true(call(&outcome));
	keeper_link_free(front);
	assert_abandoned(&outcome);
	front = NULL;
	keeper_link_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers_find_their_calls_in_any_order, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_second_answer_finds_nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown(unknown_numbers_find_nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_short_message_is_no_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_keeper_that_dies_leaves_no_call_waiting, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_answer_before_the_end_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_new_keeper_knows_nothing_of_old_calls, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(without_a_keeper_nothing_is_sent, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_call_that_does_not_fit_is_not_sent, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(many_calls_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_slow_call_holds_up_no_other, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_keeper_that_is_busy_hears_all_calls, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_keeper_that_reads_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_call_has_its_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_end_of_the_link_ends_its_calls, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
