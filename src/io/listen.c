/*
 * Where a program listens: an address and a port as a person writes them in a configuration. Only
 * numbers, so that no name server has a say in it.
 */
#include "base/text.h"
#include "io/http.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ADDRESS_MAX 64 /* characters; the longest IPv6 address with brackets and port has 53 */

/* "127.0.0.1:8080" or "[::1]:8080", cut into two terminated strings within `memory`. */
static bool split(const char *address, char memory[static ADDRESS_MAX], const char **ret_host,
		  const char **ret_port)
{
	const size_t len = strlen(address);
	int64_t port;

	if (len >= ADDRESS_MAX)
		return false;
	memcpy(memory, address, len + 1);

	char *colon = strrchr(memory, ':');

	if (!colon || colon == memory || !pk_str_number(pk_str(colon + 1), 65535, &port))
		return false;
	*colon = '\0';
	*ret_host = memory;
	*ret_port = colon + 1;
	if (memory[0] != '[')
		return strchr(memory, ':') == NULL;
	if (colon[-1] != ']')
		return false;
	colon[-1] = '\0';
	*ret_host = memory + 1;
	return true;
}

static bool set(int fd, int level, int option)
{
	const int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on)) == 0;
}

/* -1 with errno. */
static int open_socket(const struct addrinfo *at, bool share)
{
	const int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (set(fd, SOL_SOCKET, SO_REUSEADDR) && set(fd, IPPROTO_TCP, TCP_NODELAY) &&
	    (!share || set(fd, SOL_SOCKET, SO_REUSEPORT)) &&
	    (at->ai_family != AF_INET6 || set(fd, IPPROTO_IPV6, IPV6_V6ONLY)) &&
	    bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;

	const int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

int http_listen(const char *address, bool share, char *ret_error, size_t error_size)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				       .ai_socktype = SOCK_STREAM};
	struct addrinfo *at = NULL;
	char memory[ADDRESS_MAX];
	const char *host;
	const char *port;

	if (!split(address, memory, &host, &port) || getaddrinfo(host, port, &hints, &at) != 0) {
		snprintf(ret_error, error_size,
			 "\"%.64s\" is not an address to listen on: write 127.0.0.1:8080 or "
			 "[::1]:8080",
			 address);
		return -1;
	}

	const int fd = open_socket(at, share);

	if (fd < 0)
		snprintf(ret_error, error_size, "cannot listen on %s: %s", address,
			 strerror(errno));
	freeaddrinfo(at);
	return fd;
}
