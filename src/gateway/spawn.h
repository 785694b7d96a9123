/*
 * Starting a child: this program anew, with an empty memory and environment, and only the
 * descriptors that its role needs.
 */
#ifndef GATEWAY_SPAWN_H
#define GATEWAY_SPAWN_H

#include "gateway/settings.h"

#include <sys/types.h>

struct spawn_fds {
	int settings;
	int control;
	int metrics;
	/* Those that a role has no use for are -1. */
	int revoked;
	int listen;
};

/* The process id, or -1 with errno. The descriptors stay the caller's. */
pid_t spawn_child(enum role role, const struct spawn_fds *fds);

#endif
