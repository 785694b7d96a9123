/*
 * Serving until told otherwise. What comes over the control socket is the supervisor's, which is
 * trusted: links to a keeper, a new one after each restart of that. Requests are somebody else's.
 */
#include "gateway/serving.h"
#include "gateway/child.h"
#include "gateway/log.h"
#include "io/confine.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

/* After SIGTERM, for those who are connected to say what they came for: on a reload nobody's request
 * may be lost. */
static const struct timeval moment = {0, 500000};

static void on_control(evutil_socket_t fd, short what, void *arg)
{
	struct serving *serving = arg;
	char memory[MESSAGE_MAX];
	struct pk_str message;
	int link = -1;

	(void)what;
	switch (message_receive(fd, memory, &message, &link)) {
	case MESSAGE_GOT:
		if (link >= 0)
			keeper_link_set(serving->keeper, link);
		break;
	case MESSAGE_NONE:
		break;
	case MESSAGE_CLOSED:
		/* The supervisor is gone, and with it whoever would restart the keeper. */
		event_base_loopbreak(serving->base);
		break;
	}
}

static void on_drained(void *arg)
{
	event_base_loopbreak(((struct serving *)arg)->base);
}

static void on_left(evutil_socket_t fd, short what, void *arg)
{
	struct serving *serving = arg;

	(void)fd;
	(void)what;
	http_server_drain(serving->server, on_drained, serving);
}

/* SIGTERM: what is under way is finished, nothing new is begun. */
static void on_terminate(evutil_socket_t signal, short what, void *arg)
{
	struct serving *serving = arg;

	(void)signal;
	(void)what;
	http_server_close(serving->server);
	if (event_base_once(serving->base, -1, EV_TIMEOUT, on_left, serving, &moment) != 0)
		on_left(-1, 0, serving);
}

int serving_run(struct serving *serving)
{
	struct event *control = NULL, *terminate = NULL;
	char missing[128] = "";
	int status = 1;

	control =
		event_new(serving->base, CHILD_CONTROL, EV_READ | EV_PERSIST, on_control, serving);
	terminate = evsignal_new(serving->base, SIGTERM, on_terminate, serving);
	if (!control || !terminate || event_add(control, NULL) != 0 ||
	    event_add(terminate, NULL) != 0)
		goto out;
	if (!confine_front(missing, sizeof(missing))) {
		log_text("error", serving->event, "cannot be confined: %s", strerror(errno));
		goto out;
	}
	if (missing[0])
		log_text("warn", serving->event, "this kernel does not offer: %s", missing);
	event_base_dispatch(serving->base);
	status = 0;
out:
	if (control)
		event_free(control);
	if (terminate)
		event_free(terminate);
	return status;
}
