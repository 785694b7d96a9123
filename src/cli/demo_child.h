/* The programs that a demo starts: this one, with another command. */
#ifndef CLI_DEMO_CHILD_H
#define CLI_DEMO_CHILD_H

#include "proofkey.h"

#include <signal.h>
#include <sys/types.h>

struct demo_child {
	const char *name; /* for messages: "sandbox" */
	pid_t pid;        /* 0: not started, or ended */
	int status;       /* as waitpid() gives it, once it has ended */
};

/* Starts `argv` (NULL at its end) with the signals of `mask` unblocked again; it ends when this
 * process does. False with errno. */
bool demo_child_start(struct demo_child *child, const char *const *argv, const sigset_t *mask);

/* Notices those that have ended; gives the first of them, or NULL. Never waits. */
struct demo_child *demo_child_ended(struct demo_child *children, size_t count);

/* Asks all to end and waits for them. What does not end in time, or when SIGINT or SIGTERM comes
 * once more, is ended by force. `signals` are these two and SIGCHLD, and blocked. */
void demo_children_stop(struct demo_child *children, size_t count, const sigset_t *signals);

/* Whether http://ADDRESS/healthz says 200. Waits half a second at most. */
bool demo_healthy(const char *address);

#endif
