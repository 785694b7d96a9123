/*
 * Which sockets are served on. A socket that was passed has to be where the configuration says, if
 * it says anything: of two addresses, the one that nobody serves would be found out by its users.
 */
#include "gateway/listening.h"
#include "base/text.h"
#include "gateway/broker_address.h"
#include "io/http.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LISTEN_DEFAULT PK_STR("127.0.0.1:4180")

/* What units call them: FileDescriptorName=. */
#define FRONT_NAME "proofkey"
#define BROKER_NAME "broker"

static unsigned count_fronts(const struct settings *settings)
{
	const long cores = sysconf(_SC_NPROCESSORS_ONLN);
	const long wanted = settings->fronts ? (long)settings->fronts : cores;

	return wanted < 1 ? 1 : wanted > FRONTS_MAX ? FRONTS_MAX : (unsigned)wanted;
}

static struct pk_str listen_of(const struct settings *settings)
{
	return settings->listen.len ? settings->listen : LISTEN_DEFAULT;
}

/* The one of that name; -1 where there is none. */
static int find(const struct passed_sockets *passed, const char *name)
{
	for (size_t i = 0; i < passed->count; i++)
		if (strcmp(passed->socket[i].name, name) == 0)
			return passed->socket[i].fd;
	return -1;
}

/* One that nobody serves would let its clients wait for ever. */
static bool check_names(const struct passed_sockets *passed, char *error, size_t error_size)
{
	for (size_t i = 0; i < passed->count; i++) {
		const struct passed_socket *socket = &passed->socket[i];

		if (strcmp(socket->name, FRONT_NAME) != 0 &&
		    strcmp(socket->name, BROKER_NAME) != 0) {
			(void)snprintf(error, error_size,
				       "a socket is passed with the name %s; those served are "
				       "named " FRONT_NAME " and " BROKER_NAME,
				       socket->name);
			return false;
		}
		if (find(passed, socket->name) != socket->fd) {
			(void)snprintf(error, error_size, "two sockets are passed with the name %s",
				       socket->name);
			return false;
		}
	}
	return true;
}

/* Writes where a passed socket is, as the configuration would. */
static bool locate(int fd, char *ret, size_t size, char *error, size_t error_size)
{
	struct pk_buf text = pk_buf(ret, size - 1);

	if (http_listening_at(fd, &text)) {
		ret[text.len] = '\0';
		return true;
	}
	(void)snprintf(error, error_size, "a passed socket has no address that could be served");
	return false;
}

/* Whether the passed one is where `listen` says; what forwarded headers are believed is decided by
 * the proxy's address, so that it has to have one. */
static bool take_front(struct listening *ret, int fd, const struct settings *settings, char *error,
		       size_t error_size)
{
	if (!locate(fd, ret->front_at, sizeof(ret->front_at), error, error_size))
		return false;
	ret->front_passed = true;
	for (unsigned i = 0; i < ret->fronts; i++)
		ret->front_fd[i] = fd;
	if (broker_address_path(pk_str(ret->front_at)).ptr) {
		(void)snprintf(error, error_size,
			       "the passed socket " FRONT_NAME " is %s; it has to be an "
			       "address and a port",
			       ret->front_at);
		return false;
	}
	if (listening_fits(ret, settings))
		return true;
	(void)snprintf(error, error_size,
		       "listen is %.*s, and the passed socket " FRONT_NAME
		       " is %s: leave listen out, or make them agree",
		       PK_ARG(settings->listen), ret->front_at);
	return false;
}

/* One listening socket for each front, on one port: a front that dies leaves its queue to its
 * successor. */
static bool open_fronts(struct listening *ret, const struct settings *settings, char *error,
			size_t error_size)
{
	(void)snprintf(ret->front_at, sizeof(ret->front_at), "%.*s", PK_ARG(listen_of(settings)));
	for (unsigned i = 0; i < ret->fronts; i++) {
		ret->front_fd[i] = http_listen(ret->front_at, true, error, error_size);
		if (ret->front_fd[i] < 0)
			return false;
	}
	return true;
}

static bool take_broker(struct listening *ret, int fd, const struct settings *settings, char *error,
			size_t error_size)
{
	if (!locate(fd, ret->broker_at, sizeof(ret->broker_at), error, error_size))
		return false;
	ret->broker_passed = true;
	ret->broker_fd = fd;
	if (listening_broker_fits(ret, settings))
		return true;
	if (settings->broker.len)
		(void)snprintf(error, error_size,
			       "broker is %.*s, and the passed socket " BROKER_NAME
			       " is %s: make them agree",
			       PK_ARG(settings->broker), ret->broker_at);
	else
		(void)snprintf(error, error_size,
			       "a socket " BROKER_NAME
			       " is passed, %s, and the configuration has no broker",
			       ret->broker_at);
	return false;
}

static bool open_broker(struct listening *ret, const struct settings *settings, char *error,
			size_t error_size)
{
	if (!settings->broker.len)
		return true;
	(void)snprintf(ret->broker_at, sizeof(ret->broker_at), "%.*s", PK_ARG(settings->broker));
	ret->broker_fd = broker_address_listen(ret->broker_at, error, error_size);
	return ret->broker_fd >= 0;
}

bool listening_open(struct listening *ret, const struct passed_sockets *passed,
		    const struct settings *settings, char *error, size_t error_size)
{
	const int front = find(passed, FRONT_NAME), broker = find(passed, BROKER_NAME);

	*ret = (struct listening){.fronts = count_fronts(settings), .broker_fd = -1};
	if (!check_names(passed, error, error_size))
		return false;
	if (front >= 0 ? !take_front(ret, front, settings, error, error_size)
		       : !open_fronts(ret, settings, error, error_size))
		return false;
	return broker >= 0 ? take_broker(ret, broker, settings, error, error_size)
			   : open_broker(ret, settings, error, error_size);
}

/* Where a passed socket is nobody's to change, so that what is silent of it agrees. */
bool listening_fits(const struct listening *listening, const struct settings *settings)
{
	char listen[128];

	if (count_fronts(settings) != listening->fronts)
		return false;
	if (!listening->front_passed)
		return pk_str_equal(listen_of(settings), pk_str(listening->front_at));
	(void)snprintf(listen, sizeof(listen), "%.*s", PK_ARG(settings->listen));
	return !listen[0] || http_listens_on(listening->front_fd[0], listen);
}

bool listening_broker_fits(const struct listening *listening, const struct settings *settings)
{
	char broker[128];

	if (pk_str_equal(settings->broker, pk_str(listening->broker_at)))
		return true;
	(void)snprintf(broker, sizeof(broker), "%.*s", PK_ARG(settings->broker));
	return listening->broker_passed && http_listens_on(listening->broker_fd, broker);
}

void listening_close(struct listening *listening)
{
	for (unsigned i = 0; i < (listening->front_passed ? 1 : listening->fronts); i++)
		(void)close(listening->front_fd[i]);
	if (listening->broker_fd < 0)
		return;
	if (!listening->broker_passed)
		broker_address_leave(listening->broker_at);
	(void)close(listening->broker_fd);
}
