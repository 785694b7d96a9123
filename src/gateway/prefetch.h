/*
 * Browsers and link scanners fetch pages that nobody asked for; a login must neither start nor end
 * that way.
 */
#ifndef GATEWAY_PREFETCH_H
#define GATEWAY_PREFETCH_H

#include "io/http.h"

bool is_prefetch(const struct http_request *request);

/* 204 and nothing else: the browser asks again when somebody really goes there. */
void reply_prefetch(struct http_request *request);

#endif
