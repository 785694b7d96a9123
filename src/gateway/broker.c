/*
 * The broker's process: starts, gives up what it does not need, and routes requests. The routes are
 * the table below.
 */
#include "gateway/broker.h"
#include "base/text.h"
#include "gateway/child.h"
#include "gateway/log.h"
#include "gateway/wiping.h"
#include "io/confine.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
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
	{"",       "DELETE", broker_revoke},
	{"/token", "GET",    broker_token},
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

static void route(struct http_request *http, void *arg)
{
	struct broker_request request;
	const struct pk_str path = http_path(http);

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

static void on_control(evutil_socket_t fd, short what, void *arg)
{
	struct broker *broker = arg;
	char memory[MESSAGE_MAX];
	struct pk_str message;
	int link = -1;

	(void)what;
	switch (message_receive(fd, memory, &message, &link)) {
	case MESSAGE_GOT:
		if (link >= 0)
			keeper_link_set(broker->keeper, link);
		break;
	case MESSAGE_NONE:
		break;
	case MESSAGE_CLOSED:
		/* The supervisor is gone, and with it whoever would restart the keeper. */
		event_base_loopbreak(broker->base);
		break;
	}
}

static void on_drained(void *arg)
{
	event_base_loopbreak(((struct broker *)arg)->base);
}

/* SIGTERM: what is under way is finished; programs that are connected are told to come again,
 * and find the next broker. */
static void on_terminate(evutil_socket_t signal, short what, void *arg)
{
	struct broker *broker = arg;

	(void)signal;
	(void)what;
	http_server_drain(broker->server, on_drained, broker);
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
	broker->base = http_base_new();
	broker->keeper = broker->base ? keeper_link_new(broker->base) : NULL;
	broker->server =
		broker->base ? http_server_new(broker->base, CHILD_LISTEN, route, broker) : NULL;
	return broker->keeper && broker->server;
}

static void tear_down(struct broker *broker)
{
	http_server_free(broker->server);
	keeper_link_free(broker->keeper);
	child_settings_free(broker->settings);
}

int broker_main(void)
{
	static struct broker broker;
	struct event *control = NULL, *terminate = NULL;
	char missing[128] = "";
	int status = 1;

	log_process("broker");
	if (!set_up(&broker)) {
		log_text("error", "broker.start", "cannot start: %s", strerror(errno));
		goto out;
	}
	control = event_new(broker.base, CHILD_CONTROL, EV_READ | EV_PERSIST, on_control, &broker);
	terminate = evsignal_new(broker.base, SIGTERM, on_terminate, &broker);
	if (!control || !terminate || event_add(control, NULL) != 0 ||
	    event_add(terminate, NULL) != 0)
		goto out;
	/* It needs no more than a front: the sockets that it has. */
	if (!confine_front(missing, sizeof(missing))) {
		log_text("error", "broker.start", "cannot be confined: %s", strerror(errno));
		goto out;
	}
	if (missing[0])
		log_text("warn", "broker.start", "this kernel does not offer: %s", missing);
	event_base_dispatch(broker.base);
	status = 0;
out:
	if (control)
		event_free(control);
	if (terminate)
		event_free(terminate);
	tear_down(&broker);
	if (broker.base)
		event_base_free(broker.base);
	return status;
}
