/*
 * Which grants are refreshed when: those that the store says are due, in small batches, by one
 * timer that knows when the next one is. After a sleep or a long stop all of them may be: then a
 * few of each login are under way at a time, and the end of one begins the next.
 */
#include "base/text.h"
#include "gateway/log.h"
#include "gateway/refresh.h"

#include <sodium.h>
#include <time.h>

#define BATCH 64
#define LOOK_AGAIN 30 /* seconds: other keepers store grants too */
#define STORE_AGAIN 5

static void look_in(struct keeper *keeper, int64_t seconds)
{
	const struct timeval wait = {.tv_sec = (time_t)seconds};

	keeper->refreshing.next_at = time(NULL) + seconds;
	if (event_add(keeper->refreshing.due, &wait) != 0)
		log_text("error", "keeper.refresh", "no timer for the refreshes");
}

static void on_due(const struct vault_answer *answer, void *arg)
{
	struct keeper *keeper = arg;
	struct refreshing *refreshing = &keeper->refreshing;
	const int64_t now = time(NULL);
	const size_t count = answer->count;
	/* Replicas that look at the same batch begin at different ends of it. */
	const size_t first = count ? randombytes_uniform((uint32_t)count) : 0;
	int64_t wait = LOOK_AGAIN;

	refreshing->asking = false;
	if (refreshing->stopped)
		return;
	if (answer->result != VAULT_OK) {
		log_text("error", "keeper.store", "what is due is not known: %s", answer->problem);
		look_in(keeper, STORE_AGAIN);
		return;
	}
	refreshing->more = count == BATCH;
	for (size_t i = 0; i < count; i++)
		if (!refresh_due_grant(keeper, &answer->grant[(first + i) % count]))
			refreshing->more = true;
	if (refreshing->missed)
		wait = 1;
	else if (answer->number != PK_TIME_UNKNOWN && answer->number - now < wait)
		wait = answer->number - now;
	look_in(keeper, wait < 1 ? 1 : wait);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct keeper *keeper = arg;

	(void)fd;
	(void)what;
	if (keeper->refreshing.asking || keeper->stopping)
		return;
	keeper->refreshing.asking = true;
	keeper->refreshing.missed = false;
	vault_due(keeper->vault, time(NULL), BATCH, on_due, keeper);
}

bool refresh_due_begin(struct keeper *keeper)
{
	keeper->refreshing.due = evtimer_new(keeper->base, on_timer, keeper);
	if (!keeper->refreshing.due)
		return false;
	look_in(keeper, 0);
	return true;
}

void refresh_due_at(struct keeper *keeper, int64_t at)
{
	struct refreshing *refreshing = &keeper->refreshing;
	const int64_t wait = at - time(NULL);

	if (at == PK_TIME_UNKNOWN || !refreshing->due || refreshing->stopped)
		return;
	if (refreshing->asking)
		refreshing->missed = true;
	else if (at < refreshing->next_at)
		look_in(keeper, wait < 1 ? 1 : wait);
}

void refresh_due_room(struct keeper *keeper)
{
	struct refreshing *refreshing = &keeper->refreshing;

	if (refreshing->more && refreshing->due && !refreshing->stopped && !refreshing->asking)
		look_in(keeper, 0);
}

void refresh_due_end(struct keeper *keeper)
{
	if (keeper->refreshing.due)
		event_free(keeper->refreshing.due);
	keeper->refreshing.due = NULL;
}
