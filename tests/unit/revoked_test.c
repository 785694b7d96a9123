/*
 * The set of revoked sessions, alone and under many processes: what was revoked is found by every
 * reader from then on, through every switch of the areas, and nothing else is; writers take turns;
 * a reader cannot write, whatever it tries.
 */
#include "setting.h"

#include "gateway/revoked.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int fd;
static struct revoked *writer;
static struct revoked *reader;

static int set_up(void **state)
{
	int readable;

	(void)state;
	fd = revoked_create();
	readable = fd < 0 ? -1 : revoked_readable(fd);
	if (readable < 0)
		return -1;
	writer = revoked_map(fd, true);
	reader = revoked_map(readable, false);
	close(readable);
	return writer && reader ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	revoked_unmap(writer);
	revoked_unmap(reader);
	return close(fd);
}

/* The id of session `number` of family `family`. */
static void make_id(uint64_t family, uint64_t number, uint8_t ret[static SESSION_ID])
{
	const uint64_t text[2] = {family, number};

	crypto_generichash(ret, SESSION_ID, (const uint8_t *)text, sizeof(text), NULL, 0);
}

static bool has(const struct revoked *revoked, uint64_t family, uint64_t number)
{
	uint8_t id[SESSION_ID];

	make_id(family, number, id);
	return revoked_has(revoked, id);
}

static bool add(uint64_t family, uint64_t number, int64_t expires_at, int64_t now)
{
	uint8_t id[SESSION_ID];

	make_id(family, number, id);
	return revoked_add(writer, id, expires_at, now);
}

static void what_was_added_is_there(void **state)
{
	(void)state;
	assert_false(has(reader, 0, 1));
	assert_true(add(0, 1, 100, 50));
	assert_true(has(reader, 0, 1));
	assert_true(has(writer, 0, 1));
	assert_false(has(reader, 0, 2));
	assert_true(add(0, 1, 100, 50));
	assert_true(has(reader, 0, 1));
}

static void what_has_ended_need_not_be_there(void **state)
{
	(void)state;
	assert_true(add(0, 1, 50, 50));
	assert_true(add(0, 2, 49, 50));
	assert_true(add(0, 3, -1, 50));
	assert_true(add(0, 4, INT64_MIN, 0));
	for (uint64_t i = 1; i <= 4; i++)
		assert_false(has(reader, 0, i));
}

/* "Sign out everywhere": what began before counts, of that person alone. */
static void person_is_there_until_then(void **state)
{
	const struct pk_str login = PK_STR("login"), ada = PK_STR("ada");

	(void)state;
	assert_false(revoked_has_person(reader, login, ada, 10));
	assert_true(revoked_add_person(writer, login, ada, 40, 100, 50));
	assert_true(revoked_has_person(reader, login, ada, 39));
	assert_false(revoked_has_person(reader, login, ada, 40));
	assert_false(revoked_has_person(reader, login, PK_STR("grace"), 39));
	assert_false(revoked_has_person(reader, PK_STR("logina"), PK_STR("da"), 39));
	assert_false(revoked_has_person(reader, PK_STR("other"), ada, 39));

	/* The latest counts. */
	assert_true(revoked_add_person(writer, login, ada, 45, 90, 50));
	assert_true(revoked_has_person(reader, login, ada, 44));
	assert_true(revoked_add_person(writer, login, ada, 30, 110, 50));
	assert_true(revoked_has_person(reader, login, ada, 44));

	/* It moves with the others, as long as it counts. */
	for (uint64_t i = 0; i < 5000; i++)
		assert_true(add(0, i, 105, 50));
	assert_true(revoked_has_person(reader, login, ada, 44));
	assert_false(revoked_has_person(reader, login, ada, 45));
	for (uint64_t i = 0; i < 50000; i++)
		assert_true(add(1, i, 200, 108));
	assert_true(revoked_has_person(reader, login, ada, 44));
	for (uint64_t i = 0; i < 200000; i++)
		assert_true(add(2, i, 200, 120));
	assert_false(revoked_has_person(reader, login, ada, 44));
	assert_true(has(reader, 1, 7));
}

static void loading_is_told_to_who_comes_later(void **state)
{
	(void)state;
	assert_false(revoked_is_loaded(writer));
	revoked_set_loaded(writer);
	assert_true(revoked_is_loaded(reader));
}

/* Ids that want one place, all zeroes, and ids that differ in their last byte alone. */
static void ids_with_one_beginning(void **state)
{
	uint8_t id[SESSION_ID] = {0};

	(void)state;
	assert_false(revoked_has(reader, id));
	for (int i = 0; i < 256; i++) {
		id[SESSION_ID - 1] = (uint8_t)i;
		assert_false(revoked_has(reader, id));
		assert_true(revoked_add(writer, id, 100, 50));
		assert_true(revoked_has(reader, id));
	}
	id[8] = 1;
	assert_false(revoked_has(reader, id));
}

static void it_grows(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 50000; i++)
		assert_true(add(0, i, 100, 50));
	for (uint64_t i = 0; i < 50000; i++) {
		assert_true(has(reader, 0, i));
		assert_false(has(reader, 1, i));
	}
}

/* What has ended makes room, and what still counts stays, however often the areas are switched. */
static void what_has_ended_goes(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		assert_true(add(0, i, 1000000, 0));
	for (uint64_t i = 0; i < 100000; i++)
		assert_true(add(1, i, (int64_t)i + 10, (int64_t)i));
	for (uint64_t i = 0; i < 100; i++)
		assert_true(has(reader, 0, i));
	assert_false(has(reader, 1, 0));
	assert_true(has(reader, 1, 99999));
}

/* A session that is revoked again, until a later time, stays until then. */
static void the_later_end_counts(void **state)
{
	(void)state;
	assert_true(add(0, 1, 20, 0));
	assert_true(add(0, 1, 1000, 0));
	assert_true(add(0, 2, 1000, 0));
	assert_true(add(0, 2, 20, 0));
	for (uint64_t i = 0; i < 5000; i++)
		assert_true(add(1, i, 200, 100));
	assert_true(has(reader, 0, 1));
	assert_true(has(reader, 0, 2));
}

static void full_is_said(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < REVOKED_MAX; i++)
		if (!add(0, i, 100 + (i == 7), 50))
			fail_msg("no room for number %llu", (unsigned long long)i);
	assert_false(add(1, 0, 100, 50));
	assert_false(has(reader, 1, 0));
	assert_true(add(0, 3, 100, 50)); /* there already */
	assert_true(has(reader, 0, 0));
	assert_true(has(reader, 0, REVOKED_MAX - 1));

	/* In their time, the others end. */
	assert_true(add(1, 0, 200, 100));
	assert_true(has(reader, 1, 0));
	assert_true(has(reader, 0, 7));
	assert_false(has(reader, 0, 6));
}

static void a_reader_cannot_write(void **state)
{
	const int readable = revoked_readable(fd);
	void *at;

	(void)state;
	assert_true(readable >= 0);
	assert_null(revoked_map(readable, true));
	assert_int_equal(write(readable, "x", 1), -1);
	assert_int_equal(ftruncate(readable, 0), -1);
	at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, readable, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	assert_int_equal(mprotect(at, 4096, PROT_READ | PROT_WRITE), -1);
	assert_int_equal(errno, EACCES);
	munmap(at, 4096);
	close(readable);

	/* The same through the other descriptor. */
	at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	assert_int_equal(mprotect(at, 4096, PROT_READ | PROT_WRITE), 0);
	munmap(at, 4096);
}

/* Under a reader that looks, a shorter file is a SIGBUS. */
static void nobody_can_take_the_memory_away(void **state)
{
	(void)state;
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 1LL << 32), -1);
}

/* -----------------------------------------------------------------------------------------------
 * Processes
 * -------------------------------------------------------------------------------------------- */

#define READERS 3
#define STAYING 100

/* What the processes of a test tell each other. */
struct progress {
	_Atomic uint64_t staying; /* so many of family 0 were revoked, and will not end */
	_Atomic bool over;
	_Atomic uint64_t looks;
};

static struct progress *progress_new(void)
{
	void *at = mmap(NULL, sizeof(struct progress), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(at, MAP_FAILED);
	return at;
}

/* Looks until it is over. The status says what it saw: 1 a revoked session that was not found, 2
 * one that was never revoked. */
static int look(struct progress *progress)
{
	static uint8_t ids[STAYING][SESSION_ID]; /* made before, to do nothing but look */

	for (uint64_t i = 0; i < STAYING; i++)
		make_id(0, i, ids[i]);
	while (!atomic_load(&progress->over)) {
		const uint64_t staying = atomic_load(&progress->staying);

		for (uint64_t i = 0; i < staying; i++)
			if (!revoked_has(reader, ids[i]))
				return 1;
		if (has(reader, 2, randombytes_random()))
			return 2;
		atomic_fetch_add(&progress->looks, 1);
	}
	return 0;
}

static void start_readers(struct progress *progress, pid_t pids[static READERS])
{
	for (size_t i = 0; i < READERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			_exit(look(progress));
	}
}

static void assert_went_well(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* One writer that switches the areas hundreds of times, growing and shrinking the table. */
static void readers_miss_nothing_while_the_areas_are_switched(void **state)
{
	struct progress *progress = progress_new();
	pid_t pids[READERS];
	int64_t now = 0;

	(void)state;
	start_readers(progress, pids);
	for (uint64_t i = 0; i < STAYING; i++) {
		assert_true(add(0, i, INT64_MAX, now));
		atomic_store(&progress->staying, i + 1);
		/* Every few rounds a crowd at once, so that the table grows, and then shrinks. */
		for (uint64_t j = 0; j < (i % 20 == 0 ? 20000 : 1000); j++)
			assert_true(add(1, i << 32 | j, now + 1, now));
		now += 10;
	}
	atomic_store(&progress->over, true);
	for (size_t i = 0; i < READERS; i++)
		assert_went_well(pids[i]);
	assert_true(atomic_load(&progress->looks) > 0);
	munmap(progress, sizeof(*progress));
}

/* Most of what a writer revokes ends at once, so that room is made again and again; one of ten
 * stays, and half of these are those of the other writers too. */
static int write_many(uint64_t own, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		const bool stays = i % 10 == 0;
		const int64_t now = (int64_t)i;

		if (!add(stays && i % 20 == 0 ? 10 : own, i, stays ? INT64_MAX : now + 1, now))
			return 1;
	}
	return 0;
}

/* The new keeper starts while the old one still ends sessions. */
static void writers_take_turns(void **state)
{
	enum { WRITERS = 3, EACH = 20000 };
	struct progress *progress = progress_new();
	pid_t readers[READERS], writers[WRITERS];

	(void)state;
	assert_true(add(0, 0, INT64_MAX, 0));
	atomic_store(&progress->staying, 1);
	start_readers(progress, readers);
	for (uint64_t w = 0; w < WRITERS; w++) {
		writers[w] = fork();
		assert_true(writers[w] >= 0);
		if (writers[w] == 0)
			_exit(write_many(20 + w, EACH));
	}
	for (size_t w = 0; w < WRITERS; w++)
		assert_went_well(writers[w]);
	atomic_store(&progress->over, true);
	for (size_t i = 0; i < READERS; i++)
		assert_went_well(readers[i]);
	for (uint64_t w = 0; w < WRITERS; w++)
		for (uint64_t i = 0; i < EACH; i += 10)
			assert_true(has(reader, i % 20 == 0 ? 10 : 20 + w, i));
	munmap(progress, sizeof(*progress));
}

/* Killed at any point, a writer leaves what was there, and a lock that the next one gets. */
static void a_writer_that_is_killed_leaves_a_good_table(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < STAYING; i++)
		assert_true(add(0, i, INT64_MAX, 0));
	for (uint64_t round = 0; round < 20; round++) {
		const pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0)
			for (uint64_t i = 0;; i++)
				(void)add(100 + round, i, (int64_t)i + 300, (int64_t)i);
		usleep(1000 + randombytes_uniform(4000));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_true(add(3, round, INT64_MAX, 0));
		for (uint64_t i = 0; i < STAYING; i++)
			assert_true(has(reader, 0, i));
		for (uint64_t i = 0; i <= round; i++)
			assert_true(has(reader, 3, i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_added_is_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_has_ended_need_not_be_there, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(person_is_there_until_then, set_up, tear_down),
		cmocka_unit_test_setup_teardown(loading_is_told_to_who_comes_later, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(ids_with_one_beginning, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_grows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_has_ended_goes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_later_end_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(full_is_said, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_reader_cannot_write, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_can_take_the_memory_away, set_up, tear_down),
		cmocka_unit_test_setup_teardown(readers_miss_nothing_while_the_areas_are_switched,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(writers_take_turns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_writer_that_is_killed_leaves_a_good_table, set_up,
						tear_down),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
