/* The addresses of the database's hosts, found without waiting for them. Internal to the vault. */
#ifndef VAULT_POSTGRES_LOOKUP_H
#define VAULT_POSTGRES_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

/* Lists with commas, as libpq takes them: the third address is of the third host, on the third
 * port. A socket's directory has an empty address. */
struct postgres_hosts {
	char hosts[2048];
	char addresses[2048];
	char ports[512];
	char problem[160]; /* why there are none */
};

/* Whether there is a name in `hosts` that must be looked up; NULL is none. */
bool postgres_needs_lookup(const char *hosts);

/* Begins to look up all of `hosts`, each on the port of the same place in `ports`, which may be
 * NULL or one for all. Gives the descriptor that becomes readable when that is done, or -1 with
 * errno. Whoever does not want to wait any more closes it. */
int postgres_lookup(const char *hosts, const char *ports);

/* Takes the result off the descriptor. False with the problem where there is no address. */
bool postgres_lookup_take(int fd, struct postgres_hosts *ret);

#endif
