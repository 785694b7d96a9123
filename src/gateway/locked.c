/*
 * What is said of grants that do not open. Where a key is missing there may be very many, and each is
 * looked at again and again: the first is named, the others are counted.
 */
#include "gateway/keeper.h"
#include "gateway/log.h"

#include <inttypes.h>
#include <stdio.h>

#define AGAIN 60 /* seconds between two lines */

void keeper_locked(struct keeper *keeper, struct pk_str login, struct pk_str subject,
		   const char *problem)
{
	struct locked *locked = &keeper->locked;
	char more[24] = "";

	if (locked->said && keeper->ticks - locked->said_at < AGAIN) {
		locked->more++;
		return;
	}
	if (locked->more)
		(void)snprintf(more, sizeof(more), "%" PRIu64, locked->more);
	log_event("error", "grant.locked",
		  (struct log_field[]){{"login", login},
				       {"subject", subject},
				       {"fault", PK_STR("grant-locked")},
				       {"more", pk_str(more)},
				       {"text", pk_str(problem)}},
		  5);
	*locked = (struct locked){.said = true, .said_at = keeper->ticks};
}
