/*
 * Where a program listens: an address and a port as a person writes them in a configuration. Only
 * numbers, so that no name server has a say in it. And where a socket listens that somebody else
 * opened.
 */
#include "base/text.h"
#include "io/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
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

/* What the address stands for, to be freed; NULL where it stands for none. */
static struct addrinfo *look_up(const char *address)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				       .ai_socktype = SOCK_STREAM};
	struct addrinfo *at = NULL;
	char memory[ADDRESS_MAX];
	const char *host;
	const char *port;

	if (!split(address, memory, &host, &port) || getaddrinfo(host, port, &hints, &at) != 0)
		return NULL;
	return at;
}

int http_listen(const char *address, bool share, char *ret_error, size_t error_size)
{
	struct addrinfo *at = look_up(address);

	if (!at) {
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

/* Address and port alone: the rest of the structures may differ where both are equal. */
static bool is_equal(const struct sockaddr_storage *one, const struct sockaddr *other)
{
	const struct sockaddr_in *one4 = (const struct sockaddr_in *)one,
				 *other4 = (const struct sockaddr_in *)other;
	const struct sockaddr_in6 *one6 = (const struct sockaddr_in6 *)one,
				  *other6 = (const struct sockaddr_in6 *)other;

	if (one->ss_family != other->sa_family)
		return false;
	switch (one->ss_family) {
	case AF_INET:
		return one4->sin_port == other4->sin_port &&
		       one4->sin_addr.s_addr == other4->sin_addr.s_addr;
	case AF_INET6:
		return one6->sin6_port == other6->sin6_port &&
		       memcmp(&one6->sin6_addr, &other6->sin6_addr, sizeof(one6->sin6_addr)) == 0;
	default:
		return false;
	}
}

bool http_listens_on(int fd, const char *address)
{
	struct sockaddr_storage bound = {0};
	socklen_t size = sizeof(bound);
	struct addrinfo *at = look_up(address);
	const bool same = at && getsockname(fd, (struct sockaddr *)&bound, &size) == 0 &&
			  is_equal(&bound, at->ai_addr);

	if (at)
		freeaddrinfo(at);
	return same;
}

/* A path without its NUL, or with it: the kernel gives back what it was told. */
static void put_path(const struct sockaddr_un *at, socklen_t size, struct pk_buf *out)
{
	const size_t start = offsetof(struct sockaddr_un, sun_path);
	const size_t len = size > start ? strnlen(at->sun_path, size - start) : 0;

	pk_buf_put(out, PK_STR("unix:"));
	pk_buf_put(out, (struct pk_str){at->sun_path, len});
}

bool http_listening_at(int fd, struct pk_buf *out)
{
	struct sockaddr_storage bound = {0};
	socklen_t size = sizeof(bound);
	char host[INET6_ADDRSTRLEN], port[8];

	if (getsockname(fd, (struct sockaddr *)&bound, &size) != 0)
		return false;
	if (bound.ss_family == AF_UNIX) {
		put_path((const struct sockaddr_un *)&bound, size, out);
		return !out->overflow;
	}
	if (getnameinfo((const struct sockaddr *)&bound, size, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return false;
	pk_buf_put(out, bound.ss_family == AF_INET6 ? PK_STR("[") : PK_STR(""));
	pk_buf_put(out, pk_str(host));
	pk_buf_put(out, bound.ss_family == AF_INET6 ? PK_STR("]:") : PK_STR(":"));
	pk_buf_put(out, pk_str(port));
	return !out->overflow;
}
