/*
 * fork() would leave the supervisor's memory, with every secret of the configuration, in each
 * front. So a child is a new program: what it knows is what its descriptors give it.
 */
#include "gateway/spawn.h"
#include "gateway/calls.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The only variables that a child sees: what a sanitizer of a test build is told. */
static const char *const kept_variables[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"};
#define KEPT (sizeof(kept_variables) / sizeof(kept_variables[0]))

/* The strings of `environ` for them; the array ends with NULL. */
static void keep_environment(char *ret[static KEPT + 1])
{
	size_t n = 0;

	for (char **variable = environ; *variable; variable++) {
		for (size_t i = 0; i < KEPT; i++) {
			const size_t len = strlen(kept_variables[i]);

			if (strncmp(*variable, kept_variables[i], len) == 0 &&
			    (*variable)[len] == '=' && n < KEPT)
				ret[n++] = *variable;
		}
	}
	ret[n] = NULL;
}

/* Puts each where the child looks for it. All are moved out of the way first, since one's place may
 * be another's now; the place of one that the child does not get is left empty. */
static bool place(const struct spawn_fds *fds)
{
	int from[CHILD__END - CHILD_SETTINGS] = {fds->settings, fds->control, fds->revoked,
						 fds->listen, fds->metrics};
	const int count = CHILD__END - CHILD_SETTINGS;

	for (int i = 0; i < count; i++) {
		if (from[i] < 0)
			continue;
		from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 2 * CHILD__END);
		if (from[i] < 0)
			return false;
	}
	for (int i = 0; i < count; i++) {
		if (from[i] < 0)
			close(CHILD_SETTINGS + i);
		else if (dup2(from[i], CHILD_SETTINGS + i) < 0)
			return false;
	}
	return syscall(SYS_close_range, (unsigned)CHILD__END, ~0U, 0) == 0;
}

/* After fork(): only what is safe there. */
static void become(enum role role, const struct spawn_fds *fds, char *const environment[])
{
	static char names[ROLES][16] = {
		[ROLE_FRONT] = "proofkey-front",
		[ROLE_KEEPER] = "proofkey-keeper",
		[ROLE_BROKER] = "proofkey-broker",
	};
	static char doors[ROLES][16] = {
		[ROLE_FRONT] = "--front",
		[ROLE_KEEPER] = "--keeper",
		[ROLE_BROKER] = "--broker",
	};
	static char serve[] = "serve";
	char *const argv[] = {names[role], serve, doors[role], NULL};
	sigset_t none;

	sigemptyset(&none);
	signal(SIGPIPE, SIG_IGN);
	/* These go to a whole terminal; the supervisor passes on what is meant for its children. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (place(fds))
		execve("/proc/self/exe", argv, environment);
	_exit(127);
}

pid_t spawn_child(enum role role, const struct spawn_fds *fds)
{
	char *environment[KEPT + 1];
	sigset_t all, before;
	pid_t pid;

	keep_environment(environment);
	/* Until it has dispositions of its own, the child has the supervisor's handlers, and the
	 * pipe that they write to: a signal to the child would count as one to the supervisor. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		become(role, fds, environment);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}
