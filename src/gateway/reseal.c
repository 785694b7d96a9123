/*
 * What older keys of the ring sealed is sealed anew with the first one, page by page, with as much
 * time between two pages as one took: the calls of the fronts come first. A key that is prepared is
 * left alone: replicas seal with it that have rotated already. It trusts no count of its own:
 * whatever still has an older key is found again, by this keeper or another, after any crash.
 */
#include "gateway/keeper.h"
#include "base/encode.h"
#include "base/text.h"
#include "gateway/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAGE 32        /* grants: a token that somebody asks for waits for so many writes at most */
#define PAUSE_LEAST 20 /* milliseconds */
#define FIRST_LOOK 10000 /* the keeper before this one finishes what it read */
#define LOOK_AGAIN 30000 /* replicas with the older ring still seal with its key */
#define BUSY_AGAIN 5000  /* for rows that are being refreshed */
#define STORE_AGAIN 5000
#define NEVER_TOLD UINT64_MAX

static void look_in(struct keeper *keeper, int64_t ms)
{
	const struct timeval wait = {ms / 1000, ms % 1000 * 1000};

	if (event_add(keeper->resealing.timer, &wait) != 0)
		log_text("error", "keeper.reseal", "no timer for sealing with the new key");
}

static const struct keys *ring(const struct keeper *keeper)
{
	return &keeper->settings->vault_keys;
}

/* The keys behind the first one that are not merely prepared. */
static size_t old_keys_end(const struct keeper *keeper)
{
	return ring(keeper)->count - ring(keeper)->prepared;
}

static void begin_pass(struct resealing *resealing)
{
	resealing->after_login = resealing->after_subject = (struct pk_str){0};
	resealing->again = resealing->locked = 0;
}

/* Says that a key has nothing left to open, or what is left and cannot be opened; once, and again
 * when there was something. */
static void tell(struct keeper *keeper)
{
	struct resealing *resealing = &keeper->resealing;
	uint64_t *told = &resealing->told[resealing->key];
	char memory[2 * KEY_ID], grants[24] = "", locked[24] = "";
	struct pk_buf id = pk_buf(memory, sizeof(memory));

	if (*told == resealing->locked && !resealing->sealed)
		return;
	pk_hex_encode(&id, ring(keeper)->key[resealing->key].id, KEY_ID);
	(void)snprintf(grants, sizeof(grants), "%" PRIu64, resealing->sealed);
	if (resealing->locked)
		(void)snprintf(locked, sizeof(locked), "%" PRIu64, resealing->locked);
	log_event(
		resealing->locked ? "warn" : "info", "keys.resealed",
		(struct log_field[]){
			{"key", pk_buf_str(&id)},
			{"grants", pk_str(grants)},
			{"locked", pk_str(locked)},
			{"text", resealing->locked
					 ? PK_STR("what was altered, or sealed with a key that is "
						  "missing, stays as it is")
					 : PK_STR("no grant needs this key any more")}},
		4);
	*told = resealing->locked;
	resealing->sealed = 0;
}

static void end_pass(struct keeper *keeper)
{
	struct resealing *resealing = &keeper->resealing;
	const bool again = resealing->again;

	if (!again) {
		tell(keeper);
		resealing->key++;
	}
	begin_pass(resealing);
	if (again) {
		look_in(keeper, BUSY_AGAIN);
	} else if (resealing->key < old_keys_end(keeper)) {
		look_in(keeper, PAUSE_LEAST);
	} else {
		resealing->key = 1;
		look_in(keeper, LOOK_AGAIN);
	}
}

/* One grant of the page is done with, or the page has been read. */
static void end_one(struct keeper *keeper)
{
	struct resealing *resealing = &keeper->resealing;
	const int64_t took = (int64_t)(metrics_clock() - resealing->began_at) / 1000;

	if (--resealing->pending || resealing->stopped)
		return;
	if (resealing->last)
		end_pass(keeper);
	else
		look_in(keeper, took < PAUSE_LEAST ? PAUSE_LEAST : took);
}

static void on_resealed(const struct vault_answer *answer, void *arg)
{
	struct keeper *keeper = arg;
	struct resealing *resealing = &keeper->resealing;

	switch (answer->result) {
	case VAULT_OK:
		resealing->sealed++;
		metrics_count(keeper->metrics, METRIC_GRANTS_RESEALED);
		break;
	case VAULT_NONE: /* deleted since */
		break;
	case VAULT_LOCKED_BY_KEY:
		resealing->locked++;
		break;
	case VAULT_BUSY:
	case VAULT_DOWN:
		resealing->again++;
		break;
	}
	end_one(keeper);
}

/* The next page begins behind the last grant of this one. */
static bool go_on_behind(struct resealing *resealing, const struct grant *grant)
{
	struct pk_buf memory = pk_buf(resealing->after, sizeof(resealing->after));

	pk_buf_put(&memory, grant->login);
	pk_buf_put(&memory, grant->subject);
	resealing->after_login = pk_str_first(pk_buf_str(&memory), grant->login.len);
	resealing->after_subject = pk_str_from(pk_buf_str(&memory), grant->login.len);
	return !memory.overflow;
}

static void on_page(const struct vault_answer *answer, void *arg)
{
	struct keeper *keeper = arg;
	struct resealing *resealing = &keeper->resealing;
	const bool down = answer->result != VAULT_OK;

	if (resealing->stopped)
		return;
	if (down && !resealing->down)
		log_text("error", "keeper.reseal",
			 "the store does not tell what older keys sealed: %s", answer->problem);
	resealing->down = down;
	if (down) {
		look_in(keeper, STORE_AGAIN);
		return;
	}
	resealing->pending = answer->count + 1;
	resealing->last =
		answer->count < PAGE || !go_on_behind(resealing, &answer->grant[answer->count - 1]);
	for (size_t i = 0; i < answer->count; i++)
		vault_reseal(keeper->vault, &answer->grant[i], on_resealed, keeper);
	end_one(keeper);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct keeper *keeper = arg;
	struct resealing *resealing = &keeper->resealing;

	(void)fd;
	(void)what;
	if (keeper->stopping)
		return;
	resealing->began_at = metrics_clock();
	vault_list_sealed(keeper->vault, ring(keeper)->key[resealing->key].id,
			  resealing->after_login, resealing->after_subject, PAGE, on_page, keeper);
}

bool keeper_reseal_begin(struct keeper *keeper)
{
	struct resealing *resealing = &keeper->resealing;

	resealing->key = 1;
	if (old_keys_end(keeper) <= 1)
		return true;
	for (size_t i = 0; i < KEYRING_MAX; i++)
		resealing->told[i] = NEVER_TOLD;
	begin_pass(resealing);
	resealing->timer = evtimer_new(keeper->base, on_timer, keeper);
	if (!resealing->timer)
		return false;
	look_in(keeper, FIRST_LOOK);
	return true;
}

void keeper_reseal_end(struct keeper *keeper)
{
	keeper->resealing.stopped = true;
	if (keeper->resealing.timer)
		event_free(keeper->resealing.timer);
	keeper->resealing.timer = NULL;
}
