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

struct generation *generation_new(struct supervisor *supervisor, const struct settings *settings,
				  unsigned fronts)
{
	struct generation *generation = calloc(1, sizeof(*generation));

	if (!generation)
		return NULL;
	generation->supervisor = supervisor;
	generation->fronts = fronts;
	generation->keeper =
		(struct child){.generation = generation, .role = ROLE_KEEPER, .control = -1};
	for (unsigned i = 0; i < fronts; i++)
		generation->front[i] = (struct child){
			.generation = generation, .role = ROLE_FRONT, .slot = i, .control = -1};
	generation->settings_fd[ROLE_FRONT] = pack(settings, ROLE_FRONT);
	generation->settings_fd[ROLE_KEEPER] = pack(settings, ROLE_KEEPER);
	if (generation->settings_fd[ROLE_FRONT] < 0 || generation->settings_fd[ROLE_KEEPER] < 0) {
		generation_free(generation);
		return NULL;
	}
	return generation;
}

bool generation_alive(const struct generation *generation)
{
	if (generation->keeper.pid)
		return true;
	for (unsigned i = 0; i < generation->fronts; i++)
		if (generation->front[i].pid)
			return true;
	return false;
}

struct child *generation_find(struct generation *generation, pid_t pid)
{
	if (generation->keeper.pid == pid)
		return &generation->keeper;
	for (unsigned i = 0; i < generation->fronts; i++)
		if (generation->front[i].pid == pid)
			return &generation->front[i];
	return NULL;
}

void generation_kill(const struct generation *generation, int signal)
{
	if (generation->keeper.pid)
		kill(generation->keeper.pid, signal);
	for (unsigned i = 0; i < generation->fronts; i++)
		if (generation->front[i].pid)
			kill(generation->front[i].pid, signal);
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
	if (!generation)
		return;
	for (int role = 0; role < 2; role++)
		if (generation->settings_fd[role] >= 0)
			close(generation->settings_fd[role]);
	release(&generation->keeper);
	for (unsigned i = 0; i < generation->fronts; i++)
		release(&generation->front[i]);
	free(generation);
}
