/*
 * The clients that every provider of the sandbox knows, and the redirect URIs that are registered
 * for them. Both are no secret: whoever can reach the sandbox may use them.
 */
#ifndef SANDBOX_CLIENTS_H
#define SANDBOX_CLIENTS_H

#include "proofkey.h"

struct client {
	struct pk_str id;
	struct pk_str secret; /* "not given" for a public client */
};

/* The client of that id, or NULL. */
const struct client *client_find(struct pk_str id);

/* A number for each client, from 0. */
size_t client_index(const struct client *client);

bool client_is_public(const struct client *client);

/* Whether the dialect has clients of this one's kind, public or confidential. */
bool dialect_has_client(const struct pk_dialect *dialect, const struct client *client);

/* Whether `uri` is registered: any loopback one (RFC 8252 7.3), and `more`, byte for byte (RFC 9700
 * 2.1). */
bool redirect_uri_is_registered(struct pk_str uri, const struct pk_list *more);

#endif
