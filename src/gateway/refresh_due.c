/*
 * Which grants are refreshed when: those that the store says are due, in small batches, login by
 * login: a login whose provider is slow or away keeps nobody else's grants from being seen. One
 * timer knows when to look next. After a sleep or a long stop all of them may be due: then a few of
 * each login are under way at a time, and the end of one begins the next. The grants of a login that
 * is not configured any more are never due. A grant that is leaving is due when the keeper that
 * ended it died before its tokens were revoked: end_grant.c goes on with it.
 */
#include "base/text.h"
#include "gateway/log.h"
#include "gateway/refresh.h"

#include <sodium.h>
#include <time.h>

#define BATCH 8       /* that are looked at for each that there is room for */
#define LOOK_AGAIN 30 /* seconds: other keepers store grants too */
#define STORE_AGAIN 5

/* How many are asked for: some more than there is room for, as replicas see the same ones. */
static size_t batch_of(const struct look_out *look_out)
{
	const size_t batch = BATCH * refresh_room(look_out->keeper, look_out->login->login.name);

	return batch < BATCH                   ? BATCH
	       : batch < REFRESHES_AT_ONCE_MAX ? batch
					       : REFRESHES_AT_ONCE_MAX;
}

/* For the first login that is to be looked at; those that are being looked at set it again. */
static void set_timer(struct keeper *keeper)
{
	const struct refreshing *refreshing = &keeper->refreshing;
	const int64_t now = time(NULL);
	int64_t wait = LOOK_AGAIN;

	for (size_t i = 0; i < keeper->settings->login_count; i++) {
		const struct look_out *look_out = &refreshing->look_out[i];

		if (!look_out->asking && look_out->next_at - now < wait)
			wait = look_out->next_at - now;
	}

	const struct timeval until = {.tv_sec = (time_t)(wait > 0 ? wait : 0)};

	if (event_add(refreshing->due, &until) != 0)
		log_text("error", "keeper.refresh", "no timer for the refreshes");
}

static void look_in(struct look_out *look_out, int64_t seconds)
{
	look_out->next_at = time(NULL) + seconds;
	set_timer(look_out->keeper);
}

/* How long the oldest one waits for somebody to refresh it, of all logins, each as it was when it
 * was looked at: where one waits, that is every second. */
static void measure_overdue(const struct keeper *keeper)
{
	int64_t longest = 0;

	for (size_t i = 0; i < keeper->settings->login_count; i++)
		if (keeper->refreshing.look_out[i].late > longest)
			longest = keeper->refreshing.look_out[i].late;
	metrics_set(keeper->metrics, GAUGE_OVERDUE, longest);
}

static bool take_on(struct keeper *keeper, const struct grant *grant)
{
	return grant->state == GRANT_LEAVING ? keeper_end_grant_again(keeper, grant)
					     : refresh_due_grant(keeper, grant);
}

static void on_due(const struct vault_answer *answer, void *arg)
{
	struct look_out *look_out = arg;
	struct keeper *keeper = look_out->keeper;
	const int64_t now = time(NULL);
	const size_t count = answer->count;
	/* Replicas that look at the same batch begin at different ends of it. */
	const size_t first = count ? randombytes_uniform((uint32_t)count) : 0;
	int64_t wait = LOOK_AGAIN;

	look_out->asking = false;
	if (keeper->refreshing.stopped)
		return;
	if (answer->result != VAULT_OK) {
		log_text("error", "keeper.store", "what is due is not known: %s", answer->problem);
		look_in(look_out, STORE_AGAIN);
		return;
	}
	look_out->late = count && answer->number < now ? now - answer->number : 0;
	look_out->more = count == look_out->asked;
	for (size_t i = 0; i < count; i++)
		if (!take_on(keeper, &answer->grant[(first + i) % count]))
			look_out->more = true;
	measure_overdue(keeper);
	if (look_out->missed)
		wait = 1;
	else if (answer->number != PK_TIME_UNKNOWN && answer->number - now < wait)
		wait = answer->number - now;
	look_in(look_out, wait < 1 ? 1 : wait);
}

static void look(struct look_out *look_out)
{
	struct keeper *keeper = look_out->keeper;

	look_out->asking = true;
	look_out->missed = false;
	look_out->asked = batch_of(look_out);
	vault_due(keeper->vault, look_out->login->login.name, time(NULL), look_out->asked, on_due,
		  look_out);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct keeper *keeper = arg;
	const int64_t now = time(NULL);

	(void)fd;
	(void)what;
	if (keeper->stopping)
		return;
	for (size_t i = 0; i < keeper->settings->login_count; i++) {
		struct look_out *look_out = &keeper->refreshing.look_out[i];

		if (!look_out->asking && look_out->next_at <= now)
			look(look_out);
	}
	set_timer(keeper);
}

bool refresh_due_begin(struct keeper *keeper)
{
	struct refreshing *refreshing = &keeper->refreshing;

	refreshing->due = evtimer_new(keeper->base, on_timer, keeper);
	if (!refreshing->due)
		return false;
	for (size_t i = 0; i < keeper->settings->login_count; i++)
		refreshing->look_out[i] =
			(struct look_out){.keeper = keeper, .login = &keeper->settings->login[i]};
	set_timer(keeper);
	return true;
}

/* NULL where nobody looks out for that login's grants, or not any more. */
static struct look_out *find(struct keeper *keeper, struct pk_str login)
{
	const struct login_settings *of_settings = settings_login(keeper->settings, login);

	if (!of_settings || !keeper->refreshing.due || keeper->refreshing.stopped)
		return NULL;
	return &keeper->refreshing.look_out[of_settings - keeper->settings->login];
}

void refresh_due_at(struct keeper *keeper, struct pk_str login, int64_t at)
{
	struct look_out *look_out = find(keeper, login);
	const int64_t wait = at - time(NULL);

	if (!look_out || at == PK_TIME_UNKNOWN)
		return;
	if (look_out->asking)
		look_out->missed = true;
	else if (at < look_out->next_at)
		look_in(look_out, wait < 1 ? 1 : wait);
}

void refresh_due_room(struct keeper *keeper, struct pk_str login)
{
	struct look_out *look_out = find(keeper, login);

	if (look_out && look_out->more && !look_out->asking)
		look_in(look_out, 0);
}

void refresh_due_end(struct keeper *keeper)
{
	if (keeper->refreshing.due)
		event_free(keeper->refreshing.due);
	keeper->refreshing.due = NULL;
}
