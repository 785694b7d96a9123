/*
 * GET /check/...: may this request pass? Asked by a reverse proxy for every request of every user,
 * so nobody else is asked: the cookie is opened, its times are compared, its id is looked up among
 * the revoked ones. Each proxy has its own way to hear "no".
 */
#include "base/encode.h"
#include "base/text.h"
#include "gateway/front.h"
#include "gateway/proxy.h"
#include "gateway/return_to.h"

/* public_url, and RETURN_TO_MAX with every byte as %XX. */
#define URL_MAX (RETURN_TO_MAX * 4)

static bool may_pass(struct front *front, const struct http_request *request, struct session *ret)
{
	const bool yes = front_session(front, request, ret);

	metrics_count(front->metrics, yes ? METRIC_CHECKS_YES : METRIC_CHECKS_NO);
	return yes;
}

static void reply_yes(struct http_request *request, const struct session *session)
{
	http_reply_header(request, "X-Auth-Provider", session->login);
	http_reply_header(request, "X-Auth-Subject", session->subject);
	if (session->name.len)
		http_reply_header(request, "X-Auth-Name", session->name);
	if (session->email.len)
		http_reply_header(request, "X-Auth-Email", session->email);
	/* A cache on the way would tell the next one that they are this one. */
	http_reply_header(request, "Cache-Control", PK_STR("no-store"));
	http_reply(request, 200, NULL, PK_STR(""));
}

/* Scripts cannot follow a redirect to a sign-in page: they are told in JSON. A browser that goes to
 * a page says so itself (Sec-Fetch-Mode); older ones ask for HTML. */
static bool is_script(const struct http_request *request)
{
	const struct pk_str mode = http_header(request, "Sec-Fetch-Mode");
	struct pk_str accept = http_header(request, "Accept");

	if (mode.len)
		return !pk_str_equal(mode, PK_STR("navigate"));
	if (pk_str_equal(http_header(request, "X-Requested-With"), PK_STR("XMLHttpRequest")))
		return true;
	while (accept.ptr)
		if (pk_str_starts(pk_str_trim(pk_str_cut(&accept, ',')), PK_STR("text/html")))
			return false;
	return true;
}

/* The sign-in page, which leads back to `original` if that is an address of ours. */
static void write_sign_in(const struct front *front, struct pk_str original, struct pk_buf *out)
{
	char memory[RETURN_TO_MAX];
	struct pk_buf checked = pk_buf(memory, sizeof(memory));

	pk_buf_put(out, front->settings->public_url);
	pk_buf_put(out, PK_STR("/login"));
	if (original.len && return_to_write(front->settings, original, &checked)) {
		pk_buf_put(out, PK_STR("?return_to="));
		pk_percent_encode(out, pk_buf_str(&checked));
	}
}

static void reply_no_json(const struct front *front, struct http_request *request,
			  struct pk_str original)
{
	char url_memory[URL_MAX], body_memory[URL_MAX + 128];
	struct pk_buf url = pk_buf(url_memory, sizeof(url_memory));
	struct pk_buf body = pk_buf(body_memory, sizeof(body_memory));

	/* The URL is percent-encoded: nothing in it needs an escape in JSON. */
	write_sign_in(front, original, &url);
	pk_buf_put(&body, PK_STR("{\"error\":\"login_required\",\"sign_in\":\""));
	pk_buf_put(&body, pk_buf_str(&url));
	pk_buf_put(&body, PK_STR("\"}\n"));
	http_reply_header(request, "Cache-Control", PK_STR("no-store"));
	http_reply_header(request, "X-Auth-Sign-In", pk_buf_str(&url));
	http_reply(request, 401, "application/json", pk_buf_str(&body));
}

static void reply_no_redirect(const struct front *front, struct http_request *request,
			      struct pk_str original)
{
	char memory[URL_MAX];
	struct pk_buf url = pk_buf(memory, sizeof(memory));

	if (is_script(request)) {
		reply_no_json(front, request, original);
		return;
	}
	write_sign_in(front, original, &url);
	http_reply_header(request, "Cache-Control", PK_STR("no-store"));
	http_redirect(request, 302, pk_buf_str(&url));
}

/* The URL that the browser asked for, as a trusted proxy tells it; empty from anybody else. `uri`
 * is where this proxy puts the path. */
static void write_original(const struct front *front, const struct http_request *request,
			   struct pk_str host, struct pk_str uri, struct pk_buf *out)
{
	const struct pk_str scheme = http_header(request, "X-Forwarded-Proto");

	if (!proxy_trusted(&front->settings->trusted_proxies, http_peer(request)) || !scheme.len ||
	    !host.len)
		return;
	pk_buf_put(out, scheme);
	pk_buf_put(out, PK_STR("://"));
	pk_buf_put(out, host);
	pk_buf_put(out, uri);
}

static void check_forwarded(struct front *front, struct http_request *request)
{
	char memory[URL_MAX];
	struct pk_buf original = pk_buf(memory, sizeof(memory));
	struct session session;

	if (may_pass(front, request, &session)) {
		reply_yes(request, &session);
		return;
	}
	write_original(front, request, http_header(request, "X-Forwarded-Host"),
		       http_header(request, "X-Forwarded-Uri"), &original);
	reply_no_redirect(front, request, original.overflow ? PK_STR("") : pk_buf_str(&original));
}

/*
 * auth_request: any 2xx passes, and what else comes with a 401 does not reach the browser. nginx
 * sends it on itself (error_page 401), to the X-Auth-Sign-In of this answer, which leads back to
 * the X-Original-URI that nginx was told to send.
 */
void handle_check_nginx(struct front *front, struct http_request *request, struct pk_str rest)
{
	struct session session;

	(void)rest;
	if (may_pass(front, request, &session))
		reply_yes(request, &session);
	else
		reply_no_json(front, request,
			      proxy_trusted(&front->settings->trusted_proxies, http_peer(request))
				      ? http_header(request, "X-Original-URI")
				      : PK_STR(""));
}

/* ForwardAuth: the answer to "no" goes to the browser as it is. */
void handle_check_traefik(struct front *front, struct http_request *request, struct pk_str rest)
{
	(void)rest;
	check_forwarded(front, request);
}

/* forward_auth: the same as above. */
void handle_check_caddy(struct front *front, struct http_request *request, struct pk_str rest)
{
	(void)rest;
	check_forwarded(front, request);
}

/* ext_authz over HTTP: the path of the request stands behind that of the check, its host in
 * Host. */
void handle_check_envoy(struct front *front, struct http_request *request, struct pk_str rest)
{
	char memory[URL_MAX], uri_memory[RETURN_TO_MAX];
	struct pk_buf original = pk_buf(memory, sizeof(memory));
	struct pk_buf uri = pk_buf(uri_memory, sizeof(uri_memory));
	struct session session;

	if (rest.len && rest.ptr[0] != '/') {
		http_reply(request, 404, NULL, PK_STR(""));
		return;
	}
	if (may_pass(front, request, &session)) {
		reply_yes(request, &session);
		return;
	}
	pk_buf_put(&uri, rest.len ? rest : PK_STR("/"));
	if (http_query(request).ptr) {
		pk_buf_char(&uri, '?');
		pk_buf_put(&uri, http_query(request));
	}
	write_original(front, request, http_header(request, "Host"), pk_buf_str(&uri), &original);
	reply_no_redirect(front, request,
			  original.overflow || uri.overflow ? PK_STR("") : pk_buf_str(&original));
}
