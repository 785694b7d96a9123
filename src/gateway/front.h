/*
 * A front: the process that browsers and proxies talk to, one per core. It holds cookie keys and
 * nothing else that is secret: no client secret, no token, no vault key, and no way to reach the
 * network or the file system.
 */
#ifndef GATEWAY_FRONT_H
#define GATEWAY_FRONT_H

#include "gateway/attempt.h"
#include "gateway/keeper_link.h"
#include "gateway/metrics.h"
#include "gateway/revoked.h"
#include "gateway/session.h"
#include "gateway/settings.h"
#include "io/http.h"

struct front {
	struct event_base *base;
	struct http_server *server;
	struct settings *settings;
	struct token_sealer *sessions;
	struct token_sealer *attempts;
	struct revoked *revoked;
	struct metrics *metrics;
	struct keeper_link *keeper;
	struct discovered *discovered[LOGINS_MAX]; /* known_login.c; by place in the settings */
	bool secure; /* public_url is https: cookies are Secure and have the __Host- prefix */
	struct pk_str session_cookie; /* names */
	struct pk_str browser_cookie; /* prefix of the names */
	struct pk_str answered_cookie;
	char session_memory[SESSION_TEXT_MAX];
};

/* What answers a request. `rest` is what follows the path of the route, "work" of /login/work. */
typedef void front_handler(struct front *front, struct http_request *request, struct pk_str rest);

front_handler handle_home; /* pages.c */
front_handler handle_sign_in;
front_handler handle_style;
front_handler handle_login;       /* login.c */
front_handler handle_callback;    /* callback.c */
front_handler handle_me;          /* me.c */
front_handler handle_logout;      /* logout.c */
front_handler handle_logged_out;  /* logged_out.c */
front_handler handle_backchannel; /* backchannel.c */
front_handler handle_check_nginx, handle_check_traefik, handle_check_caddy,
	handle_check_envoy;   /* check.c */
front_handler handle_healthz; /* health.c */
front_handler handle_readyz;
front_handler handle_metrics; /* show_metrics.c */

/* The session that came with the request: opened, not ended, not revoked. Its texts live until the
 * next call. */
bool front_session(struct front *front, const struct http_request *request, struct session *ret);

/* Adds a cookie to the reply, or with max_age 0 takes it away. */
void front_set_cookie(const struct front *front, struct http_request *request, struct pk_str name,
		      struct pk_str value, int64_t max_age);

/* Runs the process; never comes back but with its exit status. */
int front_main(void);

#endif
