/* Landlock: which files a process can still reach. */
#ifndef IO_CONFINE_FILES_H
#define IO_CONFINE_FILES_H

#include "io/confine.h"

enum confine_result {
	CONFINE_DONE,
	CONFINE_MISSING, /* the kernel does not offer it */
	CONFINE_FAILED,  /* it does, and refused; errno says why */
};

enum confine_files_network { CONFINE_NO_TCP, CONFINE_TCP_OUT };

/* Nothing but `paths` stays reachable, for this thread and those that it starts. Paths that do not
 * exist are left out. */
enum confine_result confine_files(const struct confine_path *paths, size_t count,
				  enum confine_files_network network);

#endif
