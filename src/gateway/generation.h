/*
 * A generation: one keeper, its fronts and its broker, all started from one reading of the
 * configuration. SIGHUP starts a new one beside the old, which finishes what it has under way and
 * goes.
 */
#ifndef GATEWAY_GENERATION_H
#define GATEWAY_GENERATION_H

#include "gateway/settings.h"

#include <event2/event.h>
#include <sys/types.h>

/* A process that the supervisor started. */
struct child {
	struct generation *generation;
	enum role role;
	unsigned slot; /* a front's number, which is its listening socket's too */
	pid_t pid;     /* 0: it is not running */
	int control;   /* our end of its control socket, -1 when it is not running */
	struct event *readable;
	struct event *restart; /* set while it waits to be started again */
	uint64_t started_at;   /* on metrics_clock() */
	unsigned quick_deaths; /* in a row */
};

struct generation {
	struct generation *next;
	struct supervisor *supervisor;
	int settings_fd[ROLES];
	struct child keeper;
	struct child broker; /* never started where the configuration has none */
	struct child front[FRONTS_MAX];
	unsigned fronts;
	bool has_broker;
	bool ready;   /* the keeper said so once */
	bool leaving; /* on its way out: nothing is restarted */
};

/* Packs the settings for each role into memory files. NULL with errno. */
struct generation *generation_new(struct supervisor *supervisor, const struct settings *settings,
				  unsigned fronts);

/* Its children, running or not: the keeper, then those that ask it; NULL past the last. */
struct child *generation_child(struct generation *generation, unsigned index);

/* Whether one of its processes runs. */
bool generation_alive(struct generation *generation);

/* The child with that process id, or NULL. */
struct child *generation_find(struct generation *generation, pid_t pid);

/* For every child that runs. */
void generation_kill(struct generation *generation, int signal);

/* When nothing of it runs any more. */
void generation_free(struct generation *generation);

#endif
