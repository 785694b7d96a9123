/*
 * Counters in a memory file. Each process counts in a slot of its own, so that no cache line goes
 * from core to core for a check, and who reads adds the slots up. The processes trust each other
 * for numbers only: nothing that is read here is an address or a length.
 */
#include "gateway/metrics.h"
#include "base/text.h"
#include "gateway/settings.h"
#include "proofkey_explain.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define CACHE_LINE 64
#define SLOTS (FRONTS_MAX + 3) /* keeper, broker and supervisor */

struct slot {
	_Alignas(CACHE_LINE) _Atomic uint64_t cell[METRIC__END];
};

enum naming { FREE, BEING_WRITTEN, NAMED };

struct login_name {
	_Atomic uint32_t state; /* an enum naming */
	char text[METRIC_LOGIN_MAX + 1];
};

struct shared {
	_Atomic uint32_t taken;            /* slots, counted on past the last */
	_Atomic int64_t gauge[GAUGE__END]; /* the value and one more; 0: nobody knows */
	struct login_name login[METRIC_LOGINS - 1];
	struct slot slot[SLOTS];
};

struct metrics {
	struct shared *shared;
	struct slot *own;
};

/* Microseconds. Wide enough for a store on this machine and for a provider far away. */
static const uint64_t bounds[METRIC_TIMES] = {1000,    3000,    10000,    30000,    100000, 300000,
					      1000000, 3000000, 10000000, 30000000, 0};

int metrics_create(void)
{
	const int fd = memfd_create("proofkey-metrics", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	/* A process that could shrink it would kill the others at their next count. */
	if (fd >= 0 && (ftruncate(fd, sizeof(struct shared)) != 0 ||
			fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A new process takes the next slot. After SLOTS of them it shares one with a process that has most
 * likely ended; if not, both still count right. */
struct metrics *metrics_map(int fd)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));
	struct shared *shared;

	if (!metrics)
		return NULL;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED) {
		free(metrics);
		return NULL;
	}
	metrics->shared = shared;
	metrics->own = &shared->slot[atomic_fetch_add(&shared->taken, 1) % SLOTS];
	return metrics;
}

void metrics_unmap(struct metrics *metrics)
{
	if (metrics)
		munmap(metrics->shared, sizeof(*metrics->shared));
	free(metrics);
}

static void add(struct metrics *metrics, size_t cell, uint64_t amount)
{
	atomic_fetch_add_explicit(&metrics->own->cell[cell], amount, memory_order_relaxed);
}

void metrics_count(struct metrics *metrics, enum metric metric)
{
	add(metrics, metric, 1);
}

void metrics_count_at(struct metrics *metrics, enum metric metric, size_t index)
{
	add(metrics, metric + index, 1);
}

void metrics_count_fault(struct metrics *metrics, enum metric metric, struct pk_str fault)
{
	size_t at = METRIC_FAULTS - 1;

	for (size_t i = 0; i < METRIC_FAULTS - 1 && pk_fault_at(i); i++)
		if (pk_str_equal(pk_str(pk_fault_at(i)->id), fault))
			at = i;
	add(metrics, metric + at, 1);
}

/* What stands in shared memory is another process's word: it becomes a label only if it is a name. */
bool metrics_login_name(const struct metrics *metrics, size_t place,
			char ret[static METRIC_LOGIN_MAX + 1])
{
	const struct login_name *login = &metrics->shared->login[place];

	if (place >= METRIC_LOGINS - 1 ||
	    atomic_load_explicit(&login->state, memory_order_acquire) != NAMED)
		return false;
	memcpy(ret, login->text, METRIC_LOGIN_MAX);
	ret[METRIC_LOGIN_MAX] = '\0';
	return ret[0] && !ret[strspn(ret, "abcdefghijklmnopqrstuvwxyz0123456789-_")];
}

static bool claim(struct login_name *login, struct pk_str name)
{
	uint32_t expected = FREE;

	if (!atomic_compare_exchange_strong(&login->state, &expected, BEING_WRITTEN))
		return false;
	memcpy(login->text, name.ptr, name.len);
	atomic_store_explicit(&login->state, NAMED, memory_order_release);
	return true;
}

/* Two keepers that begin at once, with one new login, may give it two places: both are shown, and
 * one of them goes on. */
size_t metrics_login(struct metrics *metrics, struct pk_str name)
{
	char text[METRIC_LOGIN_MAX + 1];
	size_t place;

	for (place = 0; place < METRIC_LOGINS - 1; place++)
		if (metrics_login_name(metrics, place, text) && pk_str_equal(name, pk_str(text)))
			return place;
	for (place = 0; place < METRIC_LOGINS - 1 && name.len <= METRIC_LOGIN_MAX; place++)
		if (claim(&metrics->shared->login[place], name))
			return place;
	return METRIC_LOGINS - 1;
}

uint64_t metrics_bound(size_t index)
{
	return bounds[index];
}

void metrics_time_at(struct metrics *metrics, enum metric metric, size_t index,
		     uint64_t microseconds)
{
	const size_t first = metric + index * METRIC_TIMES_CELLS;
	size_t at = 0;

	while (bounds[at] && microseconds > bounds[at])
		at++;
	add(metrics, first + at, 1);
	add(metrics, first + METRIC_TIMES, microseconds);
}

uint64_t metrics_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void metrics_set(struct metrics *metrics, enum gauge gauge, int64_t value)
{
	atomic_store_explicit(&metrics->shared->gauge[gauge], value + 1, memory_order_relaxed);
}

void metrics_forget(struct metrics *metrics, enum gauge gauge)
{
	atomic_store_explicit(&metrics->shared->gauge[gauge], 0, memory_order_relaxed);
}

uint64_t metrics_sum(const struct metrics *metrics, enum metric metric, size_t index)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < SLOTS; i++)
		sum += atomic_load_explicit(&metrics->shared->slot[i].cell[metric + index],
					    memory_order_relaxed);
	return sum;
}

bool metrics_gauge(const struct metrics *metrics, enum gauge gauge, int64_t *ret)
{
	const int64_t value =
		atomic_load_explicit(&metrics->shared->gauge[gauge], memory_order_relaxed);

	*ret = value - 1;
	return value != 0;
}
