/* Messages between processes: what is written is read back, and a message that somebody else made
 * does no harm. */
#include "io/message.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static char memory[MESSAGE_MAX];

static void reads_back_what_was_written(void **state)
{
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	(void)state;
	message_put_number(&out, 0x0123456789abcdef);
	message_put_str(&out, PK_STR("tiny"));
	message_put_str(&out, PK_STR(""));
	message_put_number(&out, UINT64_MAX);
	assert_false(out.overflow);
	assert_int_equal(out.len, 8 + 4 + 4 + 4 + 8);
	assert_memory_equal(memory, "\xef\xcd\xab\x89\x67\x45\x23\x01\x04\0\0\0tiny", 16);

	struct message_reader reader = message_reader(pk_buf_str(&out));

	assert_true(message_number(&reader) == 0x0123456789abcdef);
	assert_true(pk_str_equal(message_str(&reader, 4), PK_STR("tiny")));
	assert_int_equal(message_str(&reader, 4).len, 0);
	assert_false(message_done(&reader));
	assert_true(message_number(&reader) == UINT64_MAX);
	assert_true(message_done(&reader));
}

static void refuses_a_text_that_is_longer_than_the_message(void **state)
{
	static const char *const lengths[] = {"\x05\0\0\0abcd",
					      "\xff\xff\xff\xff"
					      "abcd",
					      "\0\0\0\x80"
					      "abcd"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct message_reader reader = message_reader((struct pk_str){lengths[i], 8});

		assert_int_equal(message_str(&reader, SIZE_MAX).len, 0);
		assert_true(reader.bad);
		assert_true(message_number(&reader) == 0);
		assert_false(message_done(&reader));
	}
}

static void refuses_a_text_that_is_longer_than_allowed(void **state)
{
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	(void)state;
	message_put_str(&out, PK_STR("12345"));

	struct message_reader reader = message_reader(pk_buf_str(&out));

	assert_int_equal(message_str(&reader, 4).len, 0);
	assert_false(message_done(&reader));
}

static void refuses_a_message_cut_anywhere(void **state)
{
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	(void)state;
	message_put_number(&out, 7);
	message_put_str(&out, PK_STR("text"));
	for (size_t len = 0; len <= out.len; len++) {
		struct message_reader reader = message_reader((struct pk_str){memory, len});

		message_number(&reader);
		message_str(&reader, 100);
		assert_int_equal(message_done(&reader), len == out.len);
	}
}

static void refuses_what_is_left_over(void **state)
{
	struct message_reader reader = message_reader(PK_STR("123456789"));

	(void)state;
	message_number(&reader);
	assert_false(message_done(&reader));
}

static void says_when_a_message_does_not_fit(void **state)
{
	struct pk_buf out = pk_buf(memory, 11);

	(void)state;
	message_put_number(&out, 1);
	message_put_str(&out, PK_STR(""));
	assert_true(out.overflow);
	out = pk_buf(memory, sizeof(memory));
	message_put_str(&out, (struct pk_str){memory, MESSAGE_MAX + 1UL});
	assert_true(out.overflow);
}

static int pair(void **state)
{
	int *fd = calloc(2, sizeof(*fd));

	*state = fd;
	return fd && message_pair(fd) ? 0 : -1;
}

static int unpair(void **state)
{
	int *fd = *state;

	close(fd[0]);
	close(fd[1]);
	free(fd);
	return 0;
}

static void carries_messages_one_by_one(void **state)
{
	const int *fd = *state;
	struct pk_str got = {0};

	assert_int_equal(message_receive(fd[1], memory, &got, NULL), MESSAGE_NONE);
	assert_true(message_send(fd[0], PK_STR("one"), -1));
	assert_true(message_send(fd[0], PK_STR("two"), -1));
	assert_int_equal(message_receive(fd[1], memory, &got, NULL), MESSAGE_GOT);
	assert_true(pk_str_equal(got, PK_STR("one")));
	assert_int_equal(message_receive(fd[1], memory, &got, NULL), MESSAGE_GOT);
	assert_true(pk_str_equal(got, PK_STR("two")));
	assert_int_equal(message_receive(fd[1], memory, &got, NULL), MESSAGE_NONE);
}

static void carries_the_largest_message(void **state)
{
	const int *fd = *state;
	static char large[MESSAGE_MAX + 1];
	struct pk_str got = {0};

	memset(large, 'm', sizeof(large));
	assert_true(message_send(fd[0], (struct pk_str){large, MESSAGE_MAX}, -1));
	assert_int_equal(message_receive(fd[1], memory, &got, NULL), MESSAGE_GOT);
	assert_int_equal(got.len, MESSAGE_MAX);
	assert_false(message_send(fd[0], (struct pk_str){large, MESSAGE_MAX + 1UL}, -1));
	assert_false(message_send(fd[0], PK_STR(""), -1));
	assert_int_equal(message_receive(fd[1], memory, &got, NULL), MESSAGE_NONE);
}

/* Another program than ours may send more than we ever would. */
static void a_message_that_is_cut_off_ends_it(void **state)
{
	const int *fd = *state;
	static char large[MESSAGE_MAX + 1];
	struct pk_str got = {0};

	assert_int_equal(send(fd[0], large, sizeof(large), 0), sizeof(large));
	assert_int_equal(message_receive(fd[1], memory, &got, NULL), MESSAGE_CLOSED);
	assert_null(got.ptr);
}

static void says_when_the_other_side_is_gone(void **state)
{
	int *fd = *state;
	struct pk_str got;

	close(fd[0]);
	fd[0] = -1;
	assert_int_equal(message_receive(fd[1], memory, &got, NULL), MESSAGE_CLOSED);
	assert_false(message_send(fd[1], PK_STR("x"), -1));
}

static void says_when_the_other_side_does_not_read(void **state)
{
	const int *fd = *state;
	size_t sent = 0;

	while (sent < 1000000 && message_send(fd[0], PK_STR("x"), -1))
		sent++;
	assert_true(sent > 10 && sent < 1000000);
	assert_int_equal(errno, EAGAIN);
}

static size_t count_descriptors(void)
{
	size_t count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void carries_a_descriptor(void **state)
{
	const int *fd = *state;
	const size_t before = count_descriptors();
	int ends[2];
	int got_fd = -2;
	struct pk_str got;
	char byte = 0;

	assert_int_equal(pipe(ends), 0);
	assert_true(message_send(fd[0], PK_STR("here"), ends[1]));
	close(ends[1]);
	assert_int_equal(message_receive(fd[1], memory, &got, &got_fd), MESSAGE_GOT);
	assert_true(got_fd >= 0);
	assert_true(fcntl(got_fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(got_fd, "b", 1), 1);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(byte, 'b');
	close(got_fd);
	close(ends[0]);

	assert_true(message_send(fd[0], PK_STR("none"), -1));
	assert_int_equal(message_receive(fd[1], memory, &got, &got_fd), MESSAGE_GOT);
	assert_int_equal(got_fd, -1);
	assert_int_equal(count_descriptors(), before);
}

static void closes_a_descriptor_that_nobody_wants(void **state)
{
	const int *fd = *state;
	const size_t before = count_descriptors();
	struct pk_str got;

	assert_true(message_send(fd[0], PK_STR("here"), STDERR_FILENO));
	assert_int_equal(message_receive(fd[1], memory, &got, NULL), MESSAGE_GOT);
	assert_true(pk_str_equal(got, PK_STR("here")));
	assert_int_equal(count_descriptors(), before);
}

static void send_many(int socket, size_t count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(64 * sizeof(int))] = {0};
	struct iovec part = {(void *)(uintptr_t) "m", 1};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = CMSG_SPACE(count * sizeof(int))};
	struct cmsghdr *rights = CMSG_FIRSTHDR(&header);

	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(count * sizeof(int));
	for (size_t i = 0; i < count; i++)
		memcpy(CMSG_DATA(rights) + i * sizeof(int), &(int){STDERR_FILENO}, sizeof(int));
	assert_int_equal(sendmsg(socket, &header, 0), 1);
}

static void keeps_none_of_too_many_descriptors(void **state)
{
	const int *fd = *state;
	const size_t before = count_descriptors();

	for (size_t count = 2; count <= 64; count += 31) {
		struct pk_str got = {0};
		int got_fd = -2;

		send_many(fd[0], count);
		assert_int_equal(message_receive(fd[1], memory, &got, &got_fd), MESSAGE_CLOSED);
		assert_int_equal(got_fd, -1);
		assert_null(got.ptr);
		assert_int_equal(count_descriptors(), before);
	}
}

static void sockets_are_closed_on_exec_and_do_not_block(void **state)
{
	const int *fd = *state;

	for (int i = 0; i < 2; i++) {
		assert_true(fcntl(fd[i], F_GETFD) & FD_CLOEXEC);
		assert_true(fcntl(fd[i], F_GETFL) & O_NONBLOCK);
	}
}

#define PAIR_TEST(name) cmocka_unit_test_setup_teardown(name, pair, unpair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_back_what_was_written),
		cmocka_unit_test(refuses_a_text_that_is_longer_than_the_message),
		cmocka_unit_test(refuses_a_text_that_is_longer_than_allowed),
		cmocka_unit_test(refuses_a_message_cut_anywhere),
		cmocka_unit_test(refuses_what_is_left_over),
		cmocka_unit_test(says_when_a_message_does_not_fit),
		PAIR_TEST(carries_messages_one_by_one),
		PAIR_TEST(carries_the_largest_message),
		PAIR_TEST(a_message_that_is_cut_off_ends_it),
		PAIR_TEST(says_when_the_other_side_is_gone),
		PAIR_TEST(says_when_the_other_side_does_not_read),
		PAIR_TEST(carries_a_descriptor),
		PAIR_TEST(closes_a_descriptor_that_nobody_wants),
		PAIR_TEST(keeps_none_of_too_many_descriptors),
		PAIR_TEST(sockets_are_closed_on_exec_and_do_not_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
