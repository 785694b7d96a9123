/*
 * What a front and the broker do alike: they serve HTTP on the socket that they were started with,
 * beside a link to the keeper, confined, until the supervisor says otherwise.
 */
#ifndef GATEWAY_SERVING_H
#define GATEWAY_SERVING_H

#include "gateway/keeper_link.h"
#include "io/http.h"

struct serving {
	const char *event; /* of the log, where it does not start: "front.start" */
	struct event_base *base;
	struct http_server *server;
	struct keeper_link *keeper;
};

/* Gives up what such a process does not need and serves; comes back with its exit status. */
int serving_run(struct serving *serving);

#endif
