/*
 * The service manager's two protocols. The environment is believed as far as it can be checked:
 * what is passed is a listening stream socket, or the program does not start.
 */
#include "io/service_manager.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FIRST_FD 3 /* sd_listen_fds(3): SD_LISTEN_FDS_START */

/* A whole number of the environment; -1 where it is none. */
static int64_t number_of(const char *variable)
{
	const char *text = getenv(variable);
	int64_t number;

	return text && pk_str_number(pk_str(text), INT32_MAX, &number) ? number : -1;
}

static bool is_listening_stream(int fd)
{
	int type = 0, accepts = 0;
	socklen_t size = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM)
		return false;
	size = sizeof(accepts);
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) == 0 && accepts;
}

/* It came through an exec, and would go through the next; and an accept() on it would wait. */
static bool make_ours(int fd)
{
	const int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
	       fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

bool passed_sockets_take(struct passed_sockets *ret, char *error, size_t error_size)
{
	const int64_t count = number_of("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");
	struct pk_str left = names ? pk_str(names) : (struct pk_str){0};

	*ret = (struct passed_sockets){0};
	if (count <= 0 || number_of("LISTEN_PID") != getpid())
		return true;
	if (count > PASSED_MAX) {
		(void)snprintf(error, error_size, "%lld sockets are passed, more than %d",
			       (long long)count, PASSED_MAX);
		return false;
	}
	for (int i = 0; i < count; i++) {
		struct passed_socket *socket = &ret->socket[ret->count++];
		const struct pk_str name = pk_str_cut(&left, ':');

		socket->fd = FIRST_FD + i;
		(void)snprintf(socket->name, sizeof(socket->name), "%.*s", PK_ARG(name));
		if (!is_listening_stream(socket->fd) || !make_ours(socket->fd)) {
			(void)snprintf(error, error_size,
				       "descriptor %d, \"%s\", is passed as a listening socket and "
				       "is none",
				       socket->fd, socket->name);
			return false;
		}
	}
	return true;
}

/* The socket's name, a path or, with @, a name of Linux alone; its size, or 0 where it is neither. */
static socklen_t address_of(const char *name, struct sockaddr_un *ret)
{
	const size_t len = strlen(name);

	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if ((name[0] != '/' && name[0] != '@') || len >= sizeof(ret->sun_path))
		return 0;
	memcpy(ret->sun_path, name, len);
	if (name[0] == '@')
		ret->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (name[0] == '/'));
}

bool service_notify(const char *lines)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un at;
	socklen_t size;
	int fd, saved;
	bool told;

	if (!name || !name[0])
		return true;
	size = address_of(name, &at);
	if (!size) {
		errno = EINVAL;
		return false;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	/* A manager that does not read must not hold the supervisor up. */
	told = sendto(fd, lines, strlen(lines), MSG_NOSIGNAL | MSG_DONTWAIT,
		      (const struct sockaddr *)&at, size) >= 0;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return told;
}

bool service_notify_reloading(void)
{
	struct timespec now;
	char lines[64];

	clock_gettime(CLOCK_MONOTONIC, &now);
	(void)snprintf(lines, sizeof(lines), "RELOADING=1\nMONOTONIC_USEC=%lld",
		       (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	return service_notify(lines);
}
