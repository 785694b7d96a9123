/*
 * What the keeper measures of its store: whether it answers, how long that takes, and what it
 * holds. To count the grants takes as long as the store needs for it, so that it is asked for again
 * after a hundred times as long, and not all the time.
 */
#include "gateway/keeper.h"

#define COUNT_AGAIN 5000000u /* microseconds, at least */
#define COUNT_SHARE 100      /* of the time at most one in so many goes into counting */

_Static_assert(GAUGE__END - GAUGE_GRANTS == GRANT_STATES, "a gauge for each state");

/* A store that does not answer may hold anything by now. */
static void forget_contents(struct metrics *metrics)
{
	metrics_forget(metrics, GAUGE_OVERDUE);
	for (size_t i = 0; i < GRANT_STATES; i++)
		metrics_forget(metrics, (enum gauge)(GAUGE_GRANTS + i));
}

static void on_store_answer(enum vault_access access, uint64_t microseconds,
			    enum vault_result result, void *arg)
{
	struct metrics *const metrics = ((struct keeper *)arg)->metrics;

	metrics_time_at(metrics, METRIC_STORE_TIMES, access, microseconds);
	metrics_set(metrics, GAUGE_STORE_UP, result != VAULT_DOWN);
	if (result == VAULT_DOWN) {
		metrics_count_at(metrics, METRIC_STORE_FAILED_READS, access);
		forget_contents(metrics);
	}
	if (result == VAULT_LOCKED_BY_KEY)
		metrics_count(metrics, METRIC_GRANTS_LOCKED);
}

static void on_count(const struct vault_answer *answer, void *arg)
{
	struct keeper *const keeper = arg;
	struct measuring *const measuring = &keeper->measuring;
	const uint64_t now = metrics_clock(), took = now - measuring->asked_at;

	measuring->asking = false;
	measuring->again_at =
		now + (took * COUNT_SHARE > COUNT_AGAIN ? took * COUNT_SHARE : COUNT_AGAIN);
	for (size_t i = 0; i < GRANT_STATES && answer->result == VAULT_OK; i++)
		metrics_set(keeper->metrics, (enum gauge)(GAUGE_GRANTS + i), answer->counts[i]);
}

void keeper_measure_tick(struct keeper *keeper)
{
	struct measuring *const measuring = &keeper->measuring;
	const uint64_t now = metrics_clock();

	if (measuring->asking || keeper->stopping || now < measuring->again_at)
		return;
	measuring->asking = true;
	measuring->asked_at = now;
	vault_count(keeper->vault, on_count, keeper);
}

size_t keeper_login_place(const struct keeper *keeper, const struct login_settings *login)
{
	return login ? keeper->measuring.place[login - keeper->settings->login] : METRIC_LOGINS - 1;
}

void keeper_measure_begin(struct keeper *keeper)
{
	const struct settings *const settings = keeper->settings;

	for (size_t i = 0; i < settings->login_count; i++)
		keeper->measuring.place[i] =
			metrics_login(keeper->metrics, settings->login[i].login.name);
	vault_observe(keeper->vault, on_store_answer, keeper);
	keeper_measure_tick(keeper);
}

/* What a store that is being closed does not answer any more says nothing of it. */
void keeper_measure_end(struct keeper *keeper)
{
	if (keeper->vault)
		vault_observe(keeper->vault, NULL, NULL);
}
