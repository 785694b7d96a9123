/*
 * What a process can still do once it has opened what it needs: Landlock for files, seccomp for
 * system calls, no core dump, no new privileges. Each profile's source says beside each permission
 * why it is kept.
 */
#ifndef IO_CONFINE_H
#define IO_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

/* A directory that stays reachable. */
struct confine_path {
	const char *path;
	bool write;
};

/* Undumpable, unptraceable by equals, no core. For every process, first thing. False with errno. */
bool confine_memory(void);

/* The processes that strangers talk to: the sockets they have and no new ones, no files, no programs.
 * `ret_missing` names what the kernel does not offer, or is "". */
bool confine_front(char *ret_missing, size_t size);

/* The keeper: outbound connections, the vault's directory, certificates and name resolution; no
 * programs. */
bool confine_keeper(const struct confine_path *paths, size_t count, char *ret_missing, size_t size);

#endif
