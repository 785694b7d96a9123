/*
 * Generations: memory files that hold one role's settings and cannot be changed any more, and the
 * account of which processes live. The processes here are the test's own.
 */
#include "setting.h"

#include "base/text.h"
#include "gateway/generation.h"
#include "io/message.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct settings settings;

static int set_up(void **state)
{
	(void)state;
	settings = (struct settings){.public_url = PK_STR("https://app.example.com"),
				     .store = PK_STR("sqlite:vault.db")};
	settings.session_keys = (struct keys){.key = {{{1}, "session"}}, .count = 1};
	settings.attempt_keys = (struct keys){.key = {{{2}, "attempt"}}, .count = 1};
	settings.vault_keys = (struct keys){.key = {{{3}, "vault"}}, .count = 1};
	return sodium_init() < 0 ? -1 : 0;
}

static struct generation *generation_of(unsigned fronts)
{
	struct generation *generation = generation_new(NULL, &settings, fronts);

	assert_non_null(generation);
	return generation;
}

static void each_role_reads_its_file(void **state)
{
	static struct settings unpacked;
	static char memory[65536];
	struct generation *generation = generation_of(2);

	(void)state;
	for (int role = ROLE_FRONT; role <= ROLE_KEEPER; role++) {
		const int fd = generation->settings_fd[role];
		const ssize_t size = pread(fd, memory, sizeof(memory), 0);

		assert_true(size > 0 && size < (ssize_t)sizeof(memory));
		assert_true(settings_unpack((struct pk_str){memory, (size_t)size}, (enum role)role,
					    &unpacked));
		assert_text(unpacked.public_url, "https://app.example.com");
		assert_false(settings_unpack((struct pk_str){memory, (size_t)size},
					     role == ROLE_FRONT ? ROLE_KEEPER : ROLE_FRONT,
					     &unpacked));
	}
	generation_free(generation);
}

/* A child that was taken over cannot change what the next one is told. */
static void the_files_cannot_be_changed(void **state)
{
	struct generation *generation = generation_of(1);

	(void)state;
	for (int role = 0; role < ROLES; role++) {
		const int fd = generation->settings_fd[role];

		assert_int_equal(pwrite(fd, "x", 1, 0), -1);
		assert_int_equal(errno, EPERM);
		assert_int_equal(ftruncate(fd, 0), -1);
		assert_int_equal(ftruncate(fd, 1 << 20), -1);
		assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
				 MAP_FAILED);
		assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	}
	generation_free(generation);
}

static void too_large_is_refused(void **state)
{
	static char text[MESSAGE_MAX + 1];

	(void)state;
	memset(text, 'x', sizeof(text));
	settings.public_url = (struct pk_str){text, sizeof(text)};
	assert_null(generation_new(NULL, &settings, 1));
	assert_int_equal(errno, E2BIG);
}

static void its_children_are_found_by_their_ids(void **state)
{
	struct generation *generation = generation_of(2);

	(void)state;
	assert_false(generation_alive(generation));
	assert_null(generation_find(generation, 100));
	generation->front[1].pid = 100;
	assert_true(generation_alive(generation));
	assert_ptr_equal(generation_find(generation, 100), &generation->front[1]);
	generation->front[1].pid = 0;
	generation->keeper.pid = 101;
	assert_true(generation_alive(generation));
	assert_ptr_equal(generation_find(generation, 101), &generation->keeper);
	assert_null(generation_find(generation, 100));
	assert_int_equal(generation->keeper.role, ROLE_KEEPER);
	assert_int_equal(generation->front[0].role, ROLE_FRONT);
	assert_int_equal(generation->front[1].slot, 1);
	generation->keeper.pid = 0;
	generation_free(generation);
}

static pid_t start_sleeper(void)
{
	const pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

/* Those that run, and nobody else: a process id of 0 would be our whole process group. */
static void a_kill_is_for_those_that_run(void **state)
{
	struct generation *generation = generation_of(3);
	const pid_t front = start_sleeper(), keeper = start_sleeper(), other = start_sleeper();
	int status;

	(void)state;
	generation->front[1].pid = front;
	generation->keeper.pid = keeper;
	generation_kill(generation, SIGKILL);
	assert_int_equal(waitpid(front, &status, 0), front);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(waitpid(keeper, &status, 0), keeper);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(waitpid(other, &status, WNOHANG), 0);
	assert_int_equal(kill(other, SIGKILL), 0);
	assert_int_equal(waitpid(other, &status, 0), other);
	generation_free(generation);
}

static void on_nothing(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* Descriptors and events go with it, those of a child that was half started too. */
static void nothing_is_left(void **state)
{
	struct event_base *base = event_base_new();
	struct generation *generation = generation_of(1);
	const int fd[2] = {generation->settings_fd[0], generation->settings_fd[1]};
	int pair[2];

	(void)state;
	assert_non_null(base);
	assert_int_equal(pipe(pair), 0);
	generation->keeper.control = pair[0];
	generation->keeper.readable = event_new(base, pair[0], EV_READ, on_nothing, NULL);
	generation->front[0].restart = event_new(base, -1, 0, on_nothing, NULL);
	generation_free(generation);
	assert_int_equal(fcntl(fd[0], F_GETFD), -1);
	assert_int_equal(fcntl(fd[1], F_GETFD), -1);
	assert_int_equal(fcntl(pair[0], F_GETFD), -1);
	close(pair[1]);
	event_base_free(base);
	generation_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_role_reads_its_file, set_up),
		cmocka_unit_test_setup(the_files_cannot_be_changed, set_up),
		cmocka_unit_test_setup(too_large_is_refused, set_up),
		cmocka_unit_test_setup(its_children_are_found_by_their_ids, set_up),
		cmocka_unit_test_setup(a_kill_is_for_those_that_run, set_up),
		cmocka_unit_test_setup(nothing_is_left, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
