/*
 * The broker's process: starts, gives up what it does not need, and routes requests. The routes are
 * the table below.
 */
#include "gateway/broker.h"
#include "base/text.h"
#include "gateway/child.h"
#include "gateway/log.h"
#include "gateway/serving.h"
#include "gateway/wiping.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char grants[] = "/v1/grants";

/* What may follow /v1/grants/LOGIN/SUBJECT. */
/* clang-format off */
static const struct route {
	const char *rest;
	const char *method;
	broker_handler *handle;
} routes[] = {
	{"",         "DELETE", broker_revoke},
	{"/token",   "GET",    broker_token},
	{"/refresh", "POST",   broker_refresh},
};
/* clang-format on */

static void answer(const struct broker_request *request, const char *method, broker_handler *handle)
{
	if (pk_str_equal(http_method(request->http), pk_str(method))) {
		handle(request);
		return;
	}
	http_reply_header(request->http, "Allow", pk_str(method));
	broker_refuse(request->http, REFUSAL_METHOD);
}

/* Slashes within a name are encoded, so those that stand there part the names. */
static size_t names_end(struct pk_str path)
{
	const size_t login = pk_str_find(path, '/') + 1;

	return login > path.len ? path.len : login + pk_str_find(pk_str_from(path, login), '/');
}

static void route_grant(struct broker_request *request, struct pk_str path)
{
	const size_t end = names_end(path);
	const struct pk_str rest = pk_str_from(path, end);

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!pk_str_equal(rest, pk_str(routes[i].rest)))
			continue;
		if (!broker_path(request->http, pk_str_first(path, end), request))
			break;
		if (!pk_list_has(&request->key->logins, request->login))
			broker_refuse(request->http, REFUSAL_LOGIN);
		else if (request->subject.len > PK_SUBJECT_MAX)
			broker_refuse(request->http, REFUSAL_SUBJECT);
		else
			answer(request, routes[i].method, routes[i].handle);
		return;
	}
	broker_refuse(request->http, REFUSAL_PATH);
}

static void on_answered(struct http_request *http, int status, struct pk_str body, void *arg)
{
	const struct broker *broker = arg;

	(void)http;
	(void)body;
	metrics_count_at(broker->metrics, METRIC_BROKER, metrics_broker_status(status));
}

static void route(struct http_request *http, void *arg)
{
	struct broker_request request;
	const struct pk_str path = http_path(http);

	http_on_reply(http, on_answered, arg);

	if (!broker_access(arg, http, &request))
		return;
	if (pk_str_equal(path, pk_str(grants)))
		answer(&request, "GET", broker_list);
	else if (pk_str_starts(path, PK_STR("/v1/grants/")))
		route_grant(&request, pk_str_from(path, sizeof(grants)));
	else
		broker_refuse(http, REFUSAL_PATH);
}

json_t *broker_json_text(struct pk_str text)
{
	json_t *value = json_stringn(text.ptr ? text.ptr : "", text.len);

	return value ? value : json_null();
}

void broker_reply(struct http_request *http, int status, json_t *body)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;

	http_reply_header(http, "Cache-Control", PK_STR("no-store"));
	if (text)
		http_reply(http, status, "application/json", pk_str(text));
	else
		http_reply(http, body ? 500 : status, NULL, PK_STR(""));
	json_decref(body);
	wiping_free(text);
}

/* The port of the listening socket; 0 for one that has none. */
static uint16_t port_of(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
		struct sockaddr_storage memory;
	} at = {0};
	socklen_t size = sizeof(at);

	if (getsockname(fd, &at.any, &size) != 0)
		return 0;
	if (at.any.sa_family == AF_INET)
		return ntohs(at.four.sin_port);
	return at.any.sa_family == AF_INET6 ? ntohs(at.six.sin6_port) : 0;
}

static bool set_up(struct broker *broker)
{
	/* Tokens pass through both: what is given back holds none. */
	json_set_alloc_funcs(malloc, wiping_free);
	event_set_mem_functions(malloc, wiping_realloc, wiping_free);
	broker->settings = child_settings(ROLE_BROKER);
	if (!broker->settings)
		return false;
	broker->port = port_of(CHILD_LISTEN);
	broker->metrics = metrics_map(CHILD_METRICS);
	close(CHILD_METRICS);
	broker->base = http_base_new();
	broker->keeper = broker->base ? keeper_link_new(broker->base) : NULL;
	broker->server =
		broker->base ? http_server_new(broker->base, CHILD_LISTEN, route, broker) : NULL;
	return broker->keeper && broker->server && broker->metrics;
}

static void tear_down(struct broker *broker)
{
	http_server_free(broker->server);
	keeper_link_free(broker->keeper);
	metrics_unmap(broker->metrics);
	child_settings_free(broker->settings);
}

int broker_main(void)
{
	static struct broker broker;
	int status = 1;

	log_process("broker");
	if (set_up(&broker)) {
		struct serving serving = {
			.event = "broker.start",
			.base = broker.base,
			.server = broker.server,
			.keeper = broker.keeper,
		};

		status = serving_run(&serving);
	} else {
		log_text("error", "broker.start", "cannot start: %s", strerror(errno));
	}
	tear_down(&broker);
	if (broker.base)
		event_base_free(broker.base);
	return status;
}
