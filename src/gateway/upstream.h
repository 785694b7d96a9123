/* The keeper's requests to providers, measured. */
#ifndef GATEWAY_UPSTREAM_H
#define GATEWAY_UPSTREAM_H

#include "gateway/keeper.h"
#include "gateway/metrics.h"

/* As http_client_send(), with what it is for, and the login. */
void upstream_send(struct keeper *keeper, enum upstream purpose, const struct pk_login *login,
		   const struct pk_http_request *request, http_client_done *done, void *arg);

/* When the client is gone, and with it what was under way. */
void upstream_free(struct keeper *keeper);

#endif
