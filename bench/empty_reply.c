/*
 * The empty libevent reply: what /check cannot be faster than while it stands on evhttp. As many
 * processes as the gateway has fronts, a listening socket each on one port, answering 200 with
 * nothing to everything. bench_empty_reply ADDRESS:PORT PROCESSES; ends with its standard input, so
 * that it does not outlive whoever measures.
 */
#include "io/http.h"

#include <event2/http.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES_MAX 64

static void on_request(struct evhttp_request *request, void *arg)
{
	(void)arg;
	evhttp_send_reply(request, 200, NULL, NULL);
}

static int serve(int fd)
{
	struct event_base *base = event_base_new();
	struct evhttp *http = base ? evhttp_new(base) : NULL;

	if (!http || evhttp_accept_socket(http, fd) < 0)
		return 1;
	evhttp_set_gencb(http, on_request, NULL);
	event_base_dispatch(base);
	return 1;
}

static pid_t start(const char *address)
{
	char error[256];
	const int fd = http_listen(address, true, error, sizeof(error));
	pid_t child;

	if (fd < 0) {
		fprintf(stderr, "bench_empty_reply: %s\n", error);
		return -1;
	}
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		_exit(serve(fd));
	}
	close(fd);
	return child;
}

int main(int argc, char **argv)
{
	const int processes = argc == 3 ? atoi(argv[2]) : 0;
	char end;

	if (processes < 1 || processes > PROCESSES_MAX) {
		fprintf(stderr, "usage: bench_empty_reply ADDRESS:PORT PROCESSES\n");
		return 2;
	}
	for (int i = 0; i < processes; i++)
		if (start(argv[1]) < 0)
			return 1;
	while (read(STDIN_FILENO, &end, 1) > 0)
		;
	return 0;
}
