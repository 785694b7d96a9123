/*
 * Generations: the settings that each role is given, and the processes that were started with them.
 */
#include "gateway/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* A memory file that nobody can change any more, with the settings of one role. It is the only copy
 * that the supervisor keeps, and it is in no process's memory. */
static int pack(const struct settings *settings, enum role role)
{
	int fd = memfd_create("proofkey-settings", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char *memory = sodium_malloc(SETTINGS_MAX);
	struct pk_buf out = pk_buf(memory, SETTINGS_MAX);

	if (fd >= 0 && memory) {
		settings_pack(settings, role, &out);
		if (out.overflow)
			errno = E2BIG;
		if (!out.overflow && write(fd, out.ptr, out.len) == (ssize_t)out.len &&
		    fcntl(fd, F_ADD_SEALS,
			  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0) {
			sodium_free(memory);
			return fd;
		}
	}
	sodium_free(memory);
	if (fd >= 0)
		close(fd);
	return -1;
}

static struct child child_of(struct generation *generation, enum role role, unsigned slot)
{
	return (struct child){.generation = generation, .role = role, .slot = slot, .control = -1};
}

struct generation *generation_new(struct supervisor *supervisor, const struct settings *settings,
				  unsigned fronts)
{
	struct generation *generation = calloc(1, sizeof(*generation));
	bool packed = true;

	if (!generation)
		return NULL;
	generation->supervisor = supervisor;
	generation->fronts = fronts;
	generation->keeper = child_of(generation, ROLE_KEEPER, 0);
	generation->broker = child_of(generation, ROLE_BROKER, 0);
	for (unsigned i = 0; i < fronts; i++)
		generation->front[i] = child_of(generation, ROLE_FRONT, i);
	for (int role = 0; role < ROLES; role++) {
		generation->settings_fd[role] = pack(settings, (enum role)role);
		packed &= generation->settings_fd[role] >= 0;
	}
	if (packed)
		return generation;
	generation_free(generation);
	return NULL;
}

struct child *generation_child(struct generation *generation, unsigned index)
{
	switch (index) {
	case 0:
		return &generation->keeper;
	case 1:
		return &generation->broker;
	default:
		return index - 2 < generation->fronts ? &generation->front[index - 2] : NULL;
	}
}

bool generation_alive(struct generation *generation)
{
	const struct child *child;

	for (unsigned i = 0; (child = generation_child(generation, i)); i++)
		if (child->pid)
			return true;
	return false;
}

struct child *generation_find(struct generation *generation, pid_t pid)
{
	struct child *child;

	for (unsigned i = 0; (child = generation_child(generation, i)); i++)
		if (child->pid == pid)
			return child;
	return NULL;
}

void generation_kill(struct generation *generation, int signal)
{
	const struct child *child;

	for (unsigned i = 0; (child = generation_child(generation, i)); i++)
		if (child->pid)
			kill(child->pid, signal);
}

/* One that could not be started may still have some of these. */
static void release(const struct child *child)
{
	if (child->restart)
		event_free(child->restart);
	if (child->readable)
		event_free(child->readable);
	if (child->control >= 0)
		close(child->control);
}

void generation_free(struct generation *generation)
{
	const struct child *child;

	if (!generation)
		return;
	for (int role = 0; role < ROLES; role++)
		if (generation->settings_fd[role] >= 0)
			close(generation->settings_fd[role]);
	for (unsigned i = 0; (child = generation_child(generation, i)); i++)
		release(child);
	free(generation);
}
