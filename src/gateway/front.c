/*
 * A front: starts, gives up what it does not need, and routes requests. The routes are the table
 * below.
 */
#include "gateway/front.h"
#include "base/text.h"
#include "gateway/child.h"
#include "gateway/known_login.h"
#include "gateway/log.h"
#include "gateway/pages.h"
#include "gateway/serving.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Methods, separated by spaces. Those of a check are the ones that the request had which a proxy
 * asks about. */
static const char reads[] = "GET HEAD";
static const char checks[] = "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE";

/* clang-format off */
static const struct route {
	const char *path;
	bool prefix; /* more follows, as `rest` */
	const char *methods;
	front_handler *handle;
} routes[] = {
	{"/check/nginx",         false, reads,      handle_check_nginx},
	{"/check/traefik",       false, checks,     handle_check_traefik},
	{"/check/caddy",         false, checks,     handle_check_caddy},
	{"/check/envoy",         true,  checks,     handle_check_envoy},
	{"/",                    false, reads,      handle_home},
	{"/login",               false, reads,      handle_sign_in},
	{"/login/",              true,  "GET",      handle_login},
	{"/callback/",           true,  "GET POST", handle_callback},
	{"/me",                  false, reads,      handle_me},
	{"/logout",              false, "POST",     handle_logout},
	{"/logout/backchannel/", true,  "POST",     handle_backchannel},
	{"/logged-out",          false, reads,      handle_logged_out},
	{"/healthz",             false, reads,      handle_healthz},
	{"/readyz",              false, reads,      handle_readyz},
	{"/metrics",             false, reads,      handle_metrics},
	{"/assets/proofkey.css", false, reads,      handle_style},
};
/* clang-format on */

static bool allows(const char *methods, struct pk_str method)
{
	struct pk_str left = pk_str(methods);

	while (left.ptr)
		if (pk_str_equal(pk_str_cut(&left, ' '), method))
			return true;
	return false;
}

static void route(struct http_request *request, void *arg)
{
	const struct pk_str path = http_path(request);

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct pk_str route_path = pk_str(routes[i].path);

		if (routes[i].prefix ? !pk_str_starts(path, route_path)
				     : !pk_str_equal(path, route_path))
			continue;
		if (allows(routes[i].methods, http_method(request))) {
			routes[i].handle(arg, request, pk_str_from(path, route_path.len));
			return;
		}
		http_reply_header(request, "Allow", pk_str(routes[i].methods));
		page_reply_text(request, 405, PK_STR("This address takes other methods.\n"));
		return;
	}
	page_reply_text(request, 404, PK_STR("There is nothing at this address.\n"));
}

bool front_session(struct front *front, const struct http_request *request, struct session *ret)
{
	const struct pk_str cookie = http_cookie(request, front->session_cookie);
	const int64_t now = time(NULL);

	/* A lifetime that was made shorter counts for those that began before: what ended all of
	 * somebody's sessions is remembered for that long. */
	return session_open(front->sessions, cookie, now, front->session_memory, ret) &&
	       now - ret->issued_at < front->settings->session_lifetime &&
	       !revoked_has(front->revoked, ret->id) &&
	       !(ret->has_sid && revoked_has(front->revoked, ret->sid)) &&
	       !revoked_has_person(front->revoked, ret->login, ret->subject, ret->issued_at);
}

void front_set_cookie(const struct front *front, struct http_request *request, struct pk_str name,
		      struct pk_str value, int64_t max_age)
{
	char memory[4096];
	struct pk_buf cookie = pk_buf(memory, sizeof(memory));

	pk_buf_put(&cookie, name);
	pk_buf_char(&cookie, '=');
	pk_buf_put(&cookie, value);
	pk_buf_put(&cookie, PK_STR("; Path=/; HttpOnly; SameSite=Lax; Max-Age="));
	pk_buf_number(&cookie, max_age);
	if (front->secure)
		pk_buf_put(&cookie, PK_STR("; Secure"));
	http_reply_header(request, "Set-Cookie", pk_buf_str(&cookie));
}

static bool set_up(struct front *front)
{
	front->settings = child_settings(ROLE_FRONT);
	if (!front->settings)
		return false;
	front->secure = pk_str_starts(front->settings->public_url, PK_STR("https://"));
	front->session_cookie = front->secure ? PK_STR("__Host-proofkey") : PK_STR("proofkey");
	front->browser_cookie =
		front->secure ? PK_STR("__Host-proofkey-browser-") : PK_STR("proofkey-browser-");
	front->answered_cookie =
		front->secure ? PK_STR("__Host-proofkey-answered") : PK_STR("proofkey-answered");
	front->sessions = token_sealer_new(front->settings->session_keys.key,
					   front->settings->session_keys.count);
	front->attempts = token_sealer_new(front->settings->attempt_keys.key,
					   front->settings->attempt_keys.count);
	front->revoked = revoked_map(CHILD_REVOKED, false);
	front->metrics = metrics_map(CHILD_METRICS);
	close(CHILD_METRICS);
	front->base = http_base_new();
	front->keeper = front->base ? keeper_link_new(front->base) : NULL;
	front->server =
		front->base ? http_server_new(front->base, CHILD_LISTEN, route, front) : NULL;
	return front->sessions && front->attempts && front->revoked && front->metrics &&
	       front->keeper && front->server;
}

static void tear_down(struct front *front)
{
	http_server_free(front->server);
	keeper_link_free(front->keeper);
	known_logins_free(front);
	revoked_unmap(front->revoked);
	metrics_unmap(front->metrics);
	token_sealer_free(front->sessions);
	token_sealer_free(front->attempts);
	child_settings_free(front->settings);
}

int front_main(void)
{
	static struct front front;
	int status = 1;

	log_process("front");
	if (set_up(&front)) {
		struct serving serving = {
			.event = "front.start",
			.base = front.base,
			.server = front.server,
			.keeper = front.keeper,
		};

		status = serving_run(&serving);
	} else {
		log_text("error", "front.start", "cannot start: %s", strerror(errno));
	}
	tear_down(&front);
	if (front.base)
		event_base_free(front.base);
	return status;
}
