/* Messages that wait for a peer that is busy: all of them come, in order, up to a bound. */
#include "io/message_queue.h"
#include "base/text.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define MOST 1000000u /* bytes that may wait */
#define SIZE 4000u

static struct event_base *base;
static struct message_queue queue;
static int pair[2];
static uint64_t sent, received;

static int set_up(void **state)
{
	(void)state;
	base = event_base_new();
	sent = received = 0;
	return base && message_pair(pair) && message_queue_begin(&queue, base, pair[0], MOST) ? 0
											      : -1;
}

static int tear_down(void **state)
{
	(void)state;
	message_queue_end(&queue);
	if (pair[1] >= 0)
		close(pair[1]);
	close(pair[0]);
	event_base_free(base);
	return 0;
}

/* One that says which it is. */
static bool send_next(void)
{
	static const char filler[SIZE];
	char memory[SIZE];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	message_put_number(&message, sent);
	pk_buf_put(&message, (struct pk_str){filler, SIZE - message.len});
	if (!message_queue_send(&queue, pk_buf_str(&message)))
		return false;
	sent++;
	return true;
}

/* The next one is the next that was sent; false when there is none. */
static bool receive_next(void)
{
	static char memory[MESSAGE_MAX];
	struct pk_str message;
	struct message_reader reader;

	if (message_receive(pair[1], memory, &message, NULL) != MESSAGE_GOT)
		return false;
	reader = message_reader(message);
	assert_int_equal(message.len, SIZE);
	assert_int_equal(message_number(&reader), received++);
	return true;
}

static void turn(void)
{
	assert_true(event_base_loop(base, EVLOOP_NONBLOCK) >= 0);
}

static void receive_all(void)
{
	do {
		while (receive_next())
			;
		turn();
	} while (receive_next());
	assert_int_equal(received, sent);
	assert_int_equal(queue.bytes, 0);
}

static void what_has_room_is_there_at_once(void **state)
{
	(void)state;
	assert_true(send_next());
	assert_int_equal(queue.bytes, 0);
	assert_true(receive_next());
}

static void what_has_no_room_comes_later_in_order(void **state)
{
	(void)state;
	while (queue.bytes < MOST / 2)
		assert_true(send_next());
	assert_true(sent > 20);
	/* Some room: nobody jumps the queue. */
	for (int i = 0; i < 5; i++)
		assert_true(receive_next());
	assert_true(send_next());
	receive_all();
	/* And again. */
	while (queue.bytes < MOST / 2)
		assert_true(send_next());
	receive_all();
}

static void what_waits_is_bounded(void **state)
{
	uint64_t before;

	(void)state;
	while (send_next())
		assert_true(queue.bytes <= MOST);
	assert_true(queue.bytes > MOST - SIZE);
	before = sent;
	assert_false(send_next());
	assert_int_equal(sent, before);
	receive_all();
	assert_true(send_next());
}

static void a_peer_that_is_gone_is_told(void **state)
{
	(void)state;
	while (queue.bytes < MOST / 2)
		assert_true(send_next());
	close(pair[1]);
	pair[1] = -1;
	turn();
	assert_int_equal(queue.bytes, 0);
	assert_false(send_next());
}

static void only_messages_are_sent(void **state)
{
	static const char filler[MESSAGE_MAX + 1];

	(void)state;
	while (!queue.bytes)
		assert_true(send_next());
	assert_false(message_queue_send(&queue, PK_STR("")));
	assert_false(message_queue_send(&queue, (struct pk_str){filler, sizeof(filler)}));
	receive_all();
}

static void one_that_never_began_ends(void **state)
{
	struct message_queue none = {0};

	(void)state;
	message_queue_end(&none);
	message_queue_end(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_has_room_is_there_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_has_no_room_comes_later_in_order, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_waits_is_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_peer_that_is_gone_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_messages_are_sent, set_up, tear_down),
		cmocka_unit_test(one_that_never_began_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
