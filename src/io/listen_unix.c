/*
 * Listening on a unix socket. Its name outlives the process that made it, so one that nobody
 * answers on is replaced; one that somebody answers on, and anything that is no socket, is left
 * alone.
 */
#include "io/http.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Who may connect: its owner and group. Which group that is, its directory decides. */
#define NOT_FOR_OTHERS 0117

static int open_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Takes a name away that nobody listens at any more. NULL, or why it stays. */
static const char *clear(const struct sockaddr_un *at)
{
	struct stat status;
	int fd, refused;

	if (lstat(at->sun_path, &status) != 0)
		return errno == ENOENT ? NULL : strerror(errno);
	if (!S_ISSOCK(status.st_mode))
		return "it is there already, and no socket";
	fd = open_socket();
	if (fd < 0)
		return strerror(errno);
	refused =
		connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0 && errno == ECONNREFUSED;
	(void)close(fd);
	if (!refused)
		return "another program listens there";
	return unlink(at->sun_path) == 0 || errno == ENOENT ? NULL : strerror(errno);
}

/* The mode counts from the first moment on: what is bound first and changed then is open
 * between. */
static bool bind_private(int fd, const struct sockaddr_un *at)
{
	const mode_t before = umask(NOT_FOR_OTHERS);
	const bool bound = bind(fd, (const struct sockaddr *)at, sizeof(*at)) == 0;
	const int saved = errno;

	(void)umask(before);
	errno = saved;
	return bound;
}

int http_listen_unix(const char *path, char *ret_error, size_t error_size)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const char *problem = NULL;
	int fd = -1;

	if (strlen(path) >= sizeof(at.sun_path))
		problem = "the path is longer than a unix socket's may be";
	else
		memcpy(at.sun_path, path, strlen(path) + 1);
	if (!problem)
		problem = clear(&at);
	if (!problem) {
		fd = open_socket();
		if (fd < 0 || !bind_private(fd, &at) || listen(fd, SOMAXCONN) != 0)
			problem = strerror(errno);
	}
	if (!problem)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	(void)snprintf(ret_error, error_size, "cannot listen on %s: %s", path, problem);
	return -1;
}
