/*
 * Counters in a memory file. Each front counts in a slot of its own, so that no cache line goes
 * from core to core for a check, and GET /metrics adds the slots up. Fronts trust each other for
 * numbers only: nothing that is read here is an address or a length.
 */
#include "gateway/metrics.h"
#include "base/text.h"
#include "gateway/front.h"
#include "gateway/settings.h"
#include "proofkey_explain.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define CACHE_LINE 64
#define SLOTS FRONTS_MAX
#define FAULTS_MAX 255 /* of the list; the counter after them is for what is not in it */

struct slot {
	_Alignas(CACHE_LINE) _Atomic uint64_t counter[METRIC__END];
	_Atomic uint64_t failure[FAULTS_MAX + 1]; /* by position in the fault list */
};

struct shared {
	_Atomic uint32_t taken; /* slots, counted on past the last */
	struct slot slot[SLOTS];
};

struct metrics {
	struct shared *shared;
	struct slot *own;
};

/* clang-format off */
static const struct row {
	const char *family;
	const char *labels;
	const char *help; /* at the first row of a family */
} rows[METRIC__END] = {
	[METRIC_LOGINS_STARTED]  = {"proofkey_logins_started_total",  "",                 "Logins begun: browsers sent to a provider."},
	[METRIC_LOGINS_FINISHED] = {"proofkey_logins_finished_total", "",                 "Logins that ended with a session."},
	[METRIC_SESSIONS_ENDED]  = {"proofkey_sessions_ended_total",  "",                 "Sessions that a person ended by signing out."},
	[METRIC_CHECKS_YES]      = {"proofkey_checks_total",          "{answer=\"yes\"}", "Requests of which a web server asked whether they may pass."},
	[METRIC_CHECKS_NO]       = {"proofkey_checks_total",          "{answer=\"no\"}",  NULL},
};
/* clang-format on */

int metrics_create(void)
{
	const int fd = memfd_create("proofkey-metrics", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	/* A front that could shrink it would kill the others at their next count. */
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

void metrics_count(struct metrics *metrics, enum metric metric)
{
	atomic_fetch_add_explicit(&metrics->own->counter[metric], 1, memory_order_relaxed);
}

void metrics_count_failure(struct metrics *metrics, struct pk_str fault)
{
	size_t at = FAULTS_MAX;

	for (size_t i = 0; i < FAULTS_MAX && pk_fault_at(i); i++)
		if (pk_str_equal(pk_str(pk_fault_at(i)->id), fault))
			at = i;
	atomic_fetch_add_explicit(&metrics->own->failure[at], 1, memory_order_relaxed);
}

static uint64_t sum_counter(const struct metrics *metrics, enum metric metric)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < SLOTS; i++)
		sum += atomic_load_explicit(&metrics->shared->slot[i].counter[metric],
					    memory_order_relaxed);
	return sum;
}

static uint64_t sum_failure(const struct metrics *metrics, size_t at)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < SLOTS; i++)
		sum += atomic_load_explicit(&metrics->shared->slot[i].failure[at],
					    memory_order_relaxed);
	return sum;
}

static void put_head(struct pk_buf *out, const char *family, const char *help)
{
	pk_buf_put(out, PK_STR("# HELP "));
	pk_buf_put(out, pk_str(family));
	pk_buf_char(out, ' ');
	pk_buf_put(out, pk_str(help));
	pk_buf_put(out, PK_STR("\n# TYPE "));
	pk_buf_put(out, pk_str(family));
	pk_buf_put(out, PK_STR(" counter\n"));
}

static void put_value(struct pk_buf *out, uint64_t value)
{
	pk_buf_char(out, ' ');
	pk_buf_number(out, (int64_t)(value & INT64_MAX));
	pk_buf_char(out, '\n');
}

/* Only the faults that were met: a hundred zeros would say nothing. */
static void put_failures(const struct metrics *metrics, struct pk_buf *out)
{
	static const char family[] = "proofkey_login_failures_total";

	put_head(out, family, "Logins that failed, by their fault.");
	for (size_t i = 0; i <= FAULTS_MAX; i++) {
		const struct pk_fault *fault = i < FAULTS_MAX ? pk_fault_at(i) : NULL;
		const uint64_t sum = sum_failure(metrics, i);

		if (!sum)
			continue;
		pk_buf_put(out, pk_str(family));
		pk_buf_put(out, PK_STR("{fault=\""));
		pk_buf_put(out, fault ? pk_str(fault->id) : PK_STR("unlisted"));
		pk_buf_put(out, PK_STR("\"}"));
		put_value(out, sum);
	}
}

void metrics_write(const struct metrics *metrics, struct pk_buf *out)
{
	for (size_t i = 0; i < METRIC__END; i++) {
		if (rows[i].help)
			put_head(out, rows[i].family, rows[i].help);
		pk_buf_put(out, pk_str(rows[i].family));
		pk_buf_put(out, pk_str(rows[i].labels));
		put_value(out, sum_counter(metrics, (enum metric)i));
	}
	put_failures(metrics, out);
}

void handle_metrics(struct front *front, struct http_request *request, struct pk_str rest)
{
	static char memory[METRICS_TEXT_MAX];
	struct pk_buf text = pk_buf(memory, sizeof(memory));

	(void)rest;
	metrics_write(front->metrics, &text);
	http_reply_header(request, "Cache-Control", PK_STR("no-store"));
	http_reply_header(request, "X-Content-Type-Options", PK_STR("nosniff"));
	http_reply(request, 200, "text/plain; version=0.0.4", pk_buf_str(&text));
}
