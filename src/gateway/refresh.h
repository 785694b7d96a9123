/*
 * New tokens for a grant (RFC 6749 6), once, however many ask: within this keeper they wait for
 * the refresh that is under way, and among keepers a lease in the store says whose it is. What is
 * begun is finished, whether or not somebody still waits.
 */
#ifndef GATEWAY_REFRESH_H
#define GATEWAY_REFRESH_H

#include "gateway/keeper.h"

/* Seconds that somebody waits for a refresh; less than programs and balancers wait for a reply. The
 * refresh itself has longer. */
#define REFRESH_PATIENCE 50

/* `result` is VAULT_OK with the grant as it is by now, its tokens opened: refreshed, or as its
 * `state` and `fault` say. Else there is none, and the result says why; VAULT_BUSY: it takes longer,
 * here or in another keeper, and goes on. `grant` lives until this returns. */
typedef void refresh_done(enum vault_result result, const struct grant *grant, void *arg);

/*
 * Refreshes the grant for whoever needs its access token for `least` seconds; where a refresh would
 * not help any more (refresh_helps()), it is given as it is. Calls `done` once, at once or later.
 */
void refresh_grant(struct keeper *keeper, struct pk_str login, struct pk_str subject, int64_t least,
		   refresh_done *done, void *arg);

/* The same for somebody who wants other tokens than those of `grant`, however long these last. A
 * grant that has ended is tried once more: who asks has a reason to think that the provider, or the
 * client's registration, is well again. */
void refresh_anew(struct keeper *keeper, const struct grant *grant, int64_t least,
		  refresh_done *done, void *arg);

/* Whether one is under way here. */
bool refresh_runs(struct keeper *keeper, struct pk_str login, struct pk_str subject);

/* Whether the grant is to be left alone, since somebody asked for that within the last seconds. If
 * not, it is from now on: refresh_spare.c. */
#define REFRESH_SPARE 10 /* seconds */
bool refresh_spared(struct keeper *keeper, struct pk_str login, struct pk_str subject);

/* The same because it is due, for nobody; false where as many are under way as may be for one
 * login. */
bool refresh_due_grant(struct keeper *keeper, const struct grant *grant);

/* How many more of that login may be under way. */
size_t refresh_room(const struct keeper *keeper, struct pk_str login);

/* Refreshing what is due: refresh_due.c. Of that login something is due then, or a refresh ended, so
 * that there is room for another. */
bool refresh_due_begin(struct keeper *keeper);
void refresh_due_at(struct keeper *keeper, struct pk_str login, int64_t at);
void refresh_due_room(struct keeper *keeper, struct pk_str login);
void refresh_due_end(struct keeper *keeper);

/* When the vault and the HTTP client are gone: who waits is told VAULT_DOWN. Before the vault is
 * closed, `refreshing.stopped` of the keeper keeps every refresh from another step. */
void refresh_free(struct keeper *keeper);

#endif
