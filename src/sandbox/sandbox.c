/*
 * `proofkey sandbox`: starts, serves until it is told to stop, ends. One process, one thread, one
 * request at a time; everything it knows is in memory and gone with it. Holds nothing secret: its
 * clients, users and the client secret are printed in the manual.
 */
#include "sandbox/sandbox.h"
#include "io/http.h"
#include "sandbox/attempts.h"
#include "sandbox/backchannel.h"
#include "sandbox/dpop.h"
#include "sandbox/faults.h"
#include "sandbox/ledger.h"
#include "sandbox/push.h"
#include "sandbox/router.h"
#include "sandbox/sign_in.h"
#include "sandbox/signing.h"
#include "sandbox/state.h"
#include "sandbox/stream.h"
#include "sandbox/waiting.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The address that the socket really has: port 0 was asked for, or a name. */
static bool write_base(int fd, char *out, size_t size)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address;
	socklen_t len = sizeof(address);
	char host[INET6_ADDRSTRLEN];

	if (getsockname(fd, &address.any, &len) != 0)
		return false;
	if (address.any.sa_family == AF_INET6) {
		if (!inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof(host)))
			return false;
		(void)snprintf(out, size, "http://[%s]:%u", host, ntohs(address.v6.sin6_port));
		return true;
	}
	if (!inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof(host)))
		return false;
	(void)snprintf(out, size, "http://%s:%u", host, ntohs(address.v4.sin_port));
	return true;
}

static void stop(evutil_socket_t number, short what, void *arg)
{
	(void)number;
	(void)what;
	(void)event_base_loopbreak(arg);
}

/* Serves until SIGINT or SIGTERM. The socket is the server's from its making on. */
static int serve(struct sandbox *sandbox, int fd)
{
	struct event_base *base = event_base_new();
	struct http_server *server = NULL;
	struct event *on_int = NULL;
	struct event *on_term = NULL;
	int status = 1;

	if (base)
		server = http_server_new(base, fd, route, sandbox);
	if (!server) {
		fputs("proofkey sandbox: the event loop did not start\n", stderr);
		(void)close(fd);
		goto out;
	}
	if (sandbox->options.backchannel_logout_uri) {
		sandbox->backchannel =
			backchannel_new(base, sandbox->options.backchannel_logout_uri);
		if (!sandbox->backchannel) {
			fputs("proofkey sandbox: logout tokens cannot be sent\n", stderr);
			goto out;
		}
	}
	sandbox->stream = stream_new(base, sandbox);
	if (!sandbox->stream) {
		fputs("proofkey sandbox: there is not enough memory\n", stderr);
		goto out;
	}
	on_int = evsignal_new(base, SIGINT, stop, base);
	on_term = evsignal_new(base, SIGTERM, stop, base);
	if (!on_int || !on_term || event_add(on_int, NULL) != 0 || event_add(on_term, NULL) != 0) {
		fputs("proofkey sandbox: signals cannot be watched\n", stderr);
		goto out;
	}
	printf("sandbox: %s/\n", sandbox->base);
	fflush(stdout);
	status = event_base_dispatch(base) < 0;
out:
	if (on_int)
		event_free(on_int);
	if (on_term)
		event_free(on_term);
	stream_free(sandbox->stream);
	http_server_free(server);
	backchannel_free(sandbox->backchannel);
	if (base)
		event_base_free(base);
	return status;
}

/* Fewer than can be armed, and each known to be one. */
static void arm_faults(struct sandbox *sandbox)
{
	for (size_t i = 0; i < sandbox->options.faults.count; i++) {
		const struct armed armed = {.row = fault_row_find(sandbox->options.faults.item[i]),
					    .endpoint = -1,
					    .times = FAULT_ALWAYS,
					    .seconds = FAULT_SECONDS_USUAL};

		(void)fault_arm(&sandbox->faults, &armed);
	}
}

static int start(struct sandbox *sandbox)
{
	char error[512];
	int fd;

	sandbox->ledger = ledger_new(LEDGER_GRANTS, LEDGER_TICKETS);
	sandbox->waiting = waiting_new(WAITING_MILLISECONDS);
	sandbox->pushed = waiting_new(PUSHED_MILLISECONDS);
	sandbox->sessions = sessions_new();
	sandbox->proofs = proofs_new();
	sandbox->attempts = attempts_new();
	if (!sandbox->ledger || !sandbox->waiting || !sandbox->attempts || !sandbox->pushed ||
	    !sandbox->sessions || !sandbox->proofs) {
		fputs("proofkey sandbox: there is not enough memory\n", stderr);
		return 1;
	}
	if (!providers_load(sandbox->options.providers, &sandbox->providers, error,
			    sizeof(error))) {
		fprintf(stderr, "proofkey sandbox: %s\n", error);
		return 1;
	}
	sandbox->signing = signing_new(&sandbox->providers);
	if (!sandbox->signing) {
		fputs("proofkey sandbox: there is not enough memory\n", stderr);
		return 1;
	}
	arm_faults(sandbox);
	fd = http_listen(sandbox->options.listen, false, error, sizeof(error));
	if (fd < 0) {
		fprintf(stderr, "proofkey sandbox: %s\n", error);
		return 1;
	}
	if (!write_base(fd, sandbox->base, sizeof(sandbox->base))) {
		fputs("proofkey sandbox: the socket has no address\n", stderr);
		(void)close(fd);
		return 1;
	}
	return serve(sandbox, fd);
}

int sandbox_main(int argc, char **argv)
{
	struct sandbox *sandbox = calloc(1, sizeof(*sandbox));
	int status;

	if (!sandbox) {
		fputs("proofkey sandbox: there is not enough memory\n", stderr);
		return 1;
	}
	(void)signal(SIGPIPE, SIG_IGN); /* a browser that hangs up is no reason to end */
	if (options_read(argc, argv, &sandbox->options, &status))
		status = start(sandbox);
	signing_free(sandbox->signing);
	providers_free(&sandbox->providers);
	sessions_free(sandbox->sessions);
	proofs_free(sandbox->proofs);
	waiting_free(sandbox->pushed);
	attempts_free(sandbox->attempts);
	waiting_free(sandbox->waiting);
	ledger_free(sandbox->ledger);
	free(sandbox);
	return status;
}
