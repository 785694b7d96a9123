/*
 * The sockets that the gateway serves on: its own, or those that a service manager opened before it
 * and keeps when it goes, so that nobody is refused while it is started anew.
 */
#ifndef GATEWAY_LISTENING_H
#define GATEWAY_LISTENING_H

#include "gateway/settings.h"
#include "io/service_manager.h"

struct listening {
	int front_fd[FRONTS_MAX];
	unsigned fronts;
	char front_at[128]; /* where: settled at the start */
	bool front_passed;  /* one socket, of which all fronts take what comes */
	int broker_fd;      /* -1: there is no broker */
	char broker_at[128];
	bool broker_passed;
};

/* Opens what was not passed, and holds what was against the settings; false with a sentence in
 * `error`. */
bool listening_open(struct listening *ret, const struct passed_sockets *passed,
		    const struct settings *settings, char *error, size_t error_size);

/* Whether these settings ask for the same sockets: others need a new start. */
bool listening_fits(const struct listening *listening, const struct settings *settings);
bool listening_broker_fits(const struct listening *listening, const struct settings *settings);

/* A socket that somebody still holds takes connections that nobody will answer. One that was passed
 * is the manager's, and its name stays: what waits there waits for the next start. */
void listening_close(struct listening *listening);

#endif
