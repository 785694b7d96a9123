/* The directory in which a demo keeps its key ring, its vault and its configuration. */
#ifndef CLI_DEMO_STATE_H
#define CLI_DEMO_STATE_H

#include "cli/demo_config.h"

#include <limits.h>

struct demo_state {
	char directory[PATH_MAX]; /* absolute */
	char config_file[PATH_MAX];
	bool temporary; /* made by us, and ours to remove */
};

/* Opens `directory` (made if it is not there) or, for NULL, a new temporary one. False with a
 * sentence in `error`. */
bool demo_state_open(const char *directory, struct demo_state *ret, char *error, size_t size);

/* Puts the key ring there, unless it has one, and the configuration with a login for each dialect
 * that is built in, as dialect_directory() may have changed it. */
bool demo_state_fill(const struct demo_state *state, const char *listen, const char *sandbox_listen,
		     char *error, size_t size);

/* Removes a temporary directory with all that is in it; leaves another. */
void demo_state_close(const struct demo_state *state);

#endif
