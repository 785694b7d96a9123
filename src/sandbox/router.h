/* Which request is for whom. */
#ifndef SANDBOX_ROUTER_H
#define SANDBOX_ROUTER_H

#include "io/http.h"

/* The http_handler of the sandbox; `arg` is its struct sandbox. */
void route(struct http_request *http, void *arg);

#endif
