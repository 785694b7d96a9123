/*
 * The sessions that ended before their time, in memory that keepers write and all fronts read,
 * without a lock: a session is checked on every request, and revoked once. While a new
 * configuration takes over there are two keepers; they write in turns.
 */
#ifndef GATEWAY_REVOKED_H
#define GATEWAY_REVOKED_H

#include "proofkey.h"
#include "vault/ids.h"

#include <stdbool.h>
#include <stdint.h>

#define REVOKED_MAX                                                                                \
	(1u << 20) /* sessions at once that were revoked and would still live; more are refused */

struct revoked; /* a mapping of the shared memory */

/* Makes the shared memory; -1 with errno. Only pages that are used take memory. */
int revoked_create(void);

/* The same memory through a descriptor that can only be read, whatever its holder tries; -1 with
 * errno. */
int revoked_readable(int fd);

/* Maps it, for a keeper (`write`) or for a front; NULL with errno. `fd` stays open as long. */
struct revoked *revoked_map(int fd, bool write);
void revoked_unmap(struct revoked *revoked);

/* Whether that session was revoked. */
bool revoked_has(const struct revoked *revoked, const uint8_t id[static SESSION_ID]);

/* Whether all sessions of that person were revoked which began when this one did. */
bool revoked_has_person(const struct revoked *revoked, struct pk_str login, struct pk_str subject,
			int64_t began_at);

/* Adds one; adding it again is fine, and the later end counts. Entries that ended by `now` make
 * room. False when there is none. */
bool revoked_add(struct revoked *revoked, const uint8_t id[static SESSION_ID], int64_t expires_at,
		 int64_t now);

/* Likewise all sessions of (login, subject) that began before `until`; the latest counts. */
bool revoked_add_person(struct revoked *revoked, struct pk_str login, struct pk_str subject,
			int64_t until, int64_t expires_at, int64_t now);

/* Whether all that a store knew has been added once: a keeper that is started anew need not wait for
 * its store then. */
bool revoked_is_loaded(const struct revoked *revoked);
void revoked_set_loaded(struct revoked *revoked);

#endif
