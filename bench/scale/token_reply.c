/*
 * A provider that is as fast as it can be, or always as slow: it answers whatever it is sent with new
 * tokens that last for a day, after so many milliseconds. bench_token_reply ADDRESS:PORT
 * MILLISECONDS; ends with its standard input, so that it does not outlive whoever measures.
 */
#include "io/http.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct event_base *base;
static struct timeval pause_before;

static void answer(struct evhttp_request *request)
{
	static unsigned number;
	struct evbuffer *body = evhttp_request_get_output_buffer(request);

	number++;
	(void)evbuffer_add_printf(
		body,
		"{\"access_token\": \"act.%064u\", \"refresh_token\": \"rft.%064u\","
		" \"token_type\": \"Bearer\", \"expires_in\": 86400, \"scope\": \"openid\"}",
		number, number);
	(void)evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
				"application/json");
	evhttp_send_reply(request, 200, "OK", NULL);
}

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	answer(arg);
}

static void on_request(struct evhttp_request *request, void *arg)
{
	(void)arg;
	if (!pause_before.tv_sec && !pause_before.tv_usec)
		answer(request);
	else if (event_base_once(base, -1, EV_TIMEOUT, on_pause_over, request, &pause_before) != 0)
		exit(1);
}

static void on_input(evutil_socket_t fd, short what, void *arg)
{
	char memory[64];

	(void)what;
	(void)arg;
	if (read(fd, memory, sizeof(memory)) <= 0)
		(void)event_base_loopbreak(base);
}

int main(int argc, char **argv)
{
	struct evhttp *http;
	struct event *input;
	char error[256];
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: bench_token_reply ADDRESS:PORT MILLISECONDS\n");
		return 2;
	}
	fd = http_listen(argv[1], false, error, sizeof(error));
	if (fd < 0) {
		fprintf(stderr, "bench_token_reply: %s\n", error);
		return 1;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	pause_before.tv_sec = atoi(argv[2]) / 1000;
	pause_before.tv_usec = atoi(argv[2]) % 1000 * 1000;
	base = event_base_new();
	http = base ? evhttp_new(base) : NULL;
	input = base ? event_new(base, 0, EV_READ | EV_PERSIST, on_input, NULL) : NULL;
	if (!http || !input || evhttp_accept_socket(http, fd) < 0 || event_add(input, NULL) != 0)
		return 1;
	evhttp_set_gencb(http, on_request, NULL);
	(void)event_base_dispatch(base);
	event_free(input);
	evhttp_free(http);
	event_base_free(base);
	return 0;
}
