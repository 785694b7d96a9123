/* Redirect URI rules, as data: a rule is a row. */
#ifndef PROTOCOL_REDIRECT_URI_H
#define PROTOCOL_REDIRECT_URI_H

#include "proofkey.h"

/* The parts of an absolute URI, as they stand in it; `path` includes its slash, `query` and
 * `fragment` exclude their mark and are "not given" where there is none. An IPv6 host keeps its
 * brackets. */
struct pk_uri {
	struct pk_str scheme;
	struct pk_str host;
	struct pk_str port;
	struct pk_str path;
	struct pk_str query;
	struct pk_str fragment;
};

/* False where there is no scheme and host, and for a URI with user info, spaces or control
 * characters. */
bool pk_uri_split(struct pk_str uri, struct pk_uri *ret);

/* 127.0.0.0/8, [::1], localhost */
bool pk_host_is_loopback(struct pk_str host);

/* Whether there is a rule of that name, with an argument that it takes. */
bool pk_redirect_rule_exists(struct pk_str rule);

#endif
